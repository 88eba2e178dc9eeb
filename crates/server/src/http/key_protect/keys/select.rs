//! Which keys a list is of, and in which order, out of the query (Key Protect API: "List keys").
//!
//! The API shows times in whole seconds, so here too a second is what times are compared by: a key that is shown as made at a second is
//! found by `creationDate="..."` of that second.

use keymanager::{Comparison, Filter, Moment, Scope, Search, SortBy, State};
use kmip::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::http::error::Error;
use crate::http::query::Parameters;

/// How often one property may be in `filter`.
const MOST: usize = 3;

const SORTS: [(&str, SortBy); 9] = [
    ("id", SortBy::Id),
    ("state", SortBy::State),
    ("extractable", SortBy::Extractable),
    ("imported", SortBy::Imported),
    ("creationDate", SortBy::Creation),
    ("lastUpdateDate", SortBy::LastUpdate),
    ("lastRotateDate", SortBy::LastRotate),
    ("deletionDate", SortBy::Deletion),
    ("expirationDate", SortBy::Expiration),
];

const MOMENTS: [(&str, Moment); 5] = [
    ("creationDate", Moment::Creation),
    ("deletionDate", Moment::Deletion),
    ("expirationDate", Moment::Expiration),
    ("lastRotateDate", Moment::LastRotate),
    ("lastUpdateDate", Moment::LastUpdate),
];

/// The longer ones first, since they begin with the shorter ones.
const COMPARISONS: [(&str, Comparison); 4] = [
    ("lte:", Comparison::LessOrEqual),
    ("lt:", Comparison::Less),
    ("gte:", Comparison::GreaterOrEqual),
    ("gt:", Comparison::Greater),
];

/// What a scope is called.
pub(super) fn name_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Name => "name",
        Scope::Alias => "alias",
    }
}

/// The query's order.
pub(super) fn sort(query: &Parameters) -> Result<Vec<(SortBy, bool)>, Error> {
    query.list("sort").map(property).collect()
}

fn property(text: &str) -> Result<(SortBy, bool), Error> {
    let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    let known = SORTS.iter().find(|(known, _)| *known == name);
    known.map(|(_, by)| (*by, descending)).ok_or_else(|| {
        Error::query(
            "sort",
            format!("keys can't be sorted by `{name}`: use {}", SORTS.map(|(known, _)| known).join(", ")),
        )
    })
}

/// The query's filter, within a key ring if there is one.
pub(super) fn filter(query: &Parameters, ring: Option<&str>) -> Result<Filter, Error> {
    let mut filter = Filter { ring: ring.map(str::to_owned), ..Filter::default() };
    filter.search = query.text("search").map(search).transpose()?.flatten();
    filter.extractable = query.flag("extractable")?;
    if query.text("state").is_some() {
        filter.states = Some(states("state", query.list("state"))?);
    }
    if let Some(text) = query.text("filter") {
        let conditions = Conditions::read(text)?;
        filter.states = one_of("state", filter.states, conditions.states)?;
        filter.extractable = one_of("extractable", filter.extractable, conditions.extractable)?;
        filter.moments = conditions.moments;
    }
    Ok(filter)
}

/// A property is filtered by in one way: as a parameter of its own, or in `filter`.
fn one_of<T>(property: &str, parameter: Option<T>, condition: Option<T>) -> Result<Option<T>, Error> {
    match (parameter, condition) {
        (Some(_), Some(_)) => Err(Error::query("filter", format!("`{property}` is also a parameter: give it once"))),
        (parameter, condition) => Ok(parameter.or(condition)),
    }
}

/// What is searched for; none where nothing is. IBM's Go client puts a comma at the end.
fn search(text: &str) -> Result<Option<Search>, Error> {
    let mut rest = text.strip_suffix(',').unwrap_or(text);
    if rest.is_empty() {
        return Ok(None);
    }
    let mut search = Search { word: String::new(), scopes: Vec::new(), not: false, exact: false };
    while let Some((option, more)) = rest.split_once(':') {
        match option {
            "not" => search.not = true,
            "exact" => search.exact = true,
            "name" => search.scopes.push(Scope::Name),
            "alias" => search.scopes.push(Scope::Alias),
            "escape" => {
                rest = more;
                break;
            }
            _ => break,
        }
        rest = more;
    }
    if rest.is_empty() {
        return Err(Error::query("search", "there is no word to search for after the last `:`"));
    }
    Ok(Some(Search { word: rest.to_owned(), ..search }))
}

/// What `filter` says.
#[derive(Default)]
struct Conditions {
    states: Option<Vec<State>>,
    extractable: Option<bool>,
    moments: Vec<(Moment, Comparison, Option<Timestamp>)>,
}

impl Conditions {
    fn read(text: &str) -> Result<Self, Error> {
        let (mut conditions, mut seen) = (Conditions::default(), Vec::new());
        for condition in parts(text) {
            let (name, value) = condition.split_once('=').ok_or_else(|| unclear(condition))?;
            let before = seen.iter().filter(|known| **known == name).count();
            conditions.add(name, value, before)?;
            seen.push(name);
        }
        Ok(conditions)
    }

    fn add(&mut self, name: &str, value: &str, before: usize) -> Result<(), Error> {
        match (name, MOMENTS.iter().find(|(known, _)| *known == name)) {
            ("state" | "extractable", _) if before > 0 => Err(too_often(name, 1)),
            ("state", _) => {
                self.states = Some(states("filter", value.split(','))?);
                Ok(())
            }
            ("extractable", _) => {
                self.extractable = Some(value.to_ascii_lowercase().parse().map_err(|_| unclear(value))?);
                Ok(())
            }
            (_, Some(_)) if before >= MOST => Err(too_often(name, MOST)),
            (_, Some((_, moment))) => {
                self.moments.extend(times(*moment, value)?);
                Ok(())
            }
            (_, None) => Err(Error::query("filter", format!("keys can't be filtered by `{name}`"))),
        }
    }
}

/// The conditions, which are apart by blanks that are not within quotes.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let parts = text.split(move |character: char| {
        quoted ^= character == '"';
        character.is_ascii_whitespace() && !quoted
    });
    parts.filter(|part| !part.is_empty())
}

fn states<'a>(parameter: &str, numbers: impl Iterator<Item = &'a str>) -> Result<Vec<State>, Error> {
    let state = |text: &str| {
        text.parse().ok().and_then(State::from_number).ok_or_else(|| {
            Error::query(parameter, format!("`{text}` is no state: give some of 0, 1, 2, 3, 5, with commas"))
        })
    };
    numbers.map(state).collect()
}

/// A condition on a time, as one or two: in milliseconds a second has a beginning and an end.
fn times(moment: Moment, value: &str) -> Result<Vec<(Moment, Comparison, Option<Timestamp>)>, Error> {
    if value.eq_ignore_ascii_case("none") {
        return Ok(vec![(moment, Comparison::Equal, None)]);
    }
    let found = COMPARISONS.iter().find_map(|(name, by)| Some((*by, value.strip_prefix(name)?)));
    let (comparison, text) = found.unwrap_or((Comparison::Equal, value));
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let second = OffsetDateTime::parse(quoted.unwrap_or(text), &Rfc3339).map_err(|_| unclear(value))?.unix_timestamp();
    let (begin, end) = (Some(Timestamp::from_seconds(second)), Some(Timestamp::from_seconds(second + 1)));
    Ok(match comparison {
        Comparison::Less => vec![(moment, Comparison::Less, begin)],
        Comparison::LessOrEqual => vec![(moment, Comparison::Less, end)],
        Comparison::Greater => vec![(moment, Comparison::GreaterOrEqual, end)],
        Comparison::GreaterOrEqual => vec![(moment, Comparison::GreaterOrEqual, begin)],
        Comparison::Equal => vec![(moment, Comparison::GreaterOrEqual, begin), (moment, Comparison::Less, end)],
    })
}

fn too_often(property: &str, most: usize) -> Error {
    Error::query("filter", format!("`{property}` is given more often than {most} time(s)"))
}

fn unclear(condition: &str) -> Error {
    let how =
        r#"write `state=1,5`, `extractable=true`, `creationDate=none` or `creationDate=gte:"2026-01-02T03:04:05Z"`"#;
    Error::query("filter", format!("`{condition}` can't be understood: {how}"))
}
