//! [`Pattern`]: what a client's subject has to be for an authority to vouch for it.
//!
//! `CN=vcenter*,O=Example\, Inc.` holds where each of its parts does: some CN of the subject begins with `vcenter`, and some O is
//! `Example, Inc.`. The invariant: **what can't be compared fits nothing**, be it a value that is no text, has a control character in
//! it (what follows a NUL is not seen by everybody), or is unreasonably long.

use super::parse;
use std::str::FromStr;
use x509_parser::der_parser::Oid;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry as oid;
use x509_parser::prelude::X509Certificate;

/// The longest pattern, in bytes, as the registry keeps it.
const LONGEST: usize = 256;
/// The longest value that is compared, in characters.
const LONGEST_VALUE: usize = 1024;

/// What a part of a pattern looks at. RFC 4519 has the attributes of a distinguished name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    CommonName,
    Organization,
    OrganizationalUnit,
    Country,
    Locality,
    State,
    DomainComponent,
    /// A `dNSName` of the subject's alternative names (RFC 5280, 4.2.1.6).
    Dns,
}

/// The word and the object identifier of each; a DNS name is no attribute of a distinguished name.
static ATTRIBUTES: [(&str, Attribute, Option<Oid<'static>>); 8] = [
    ("CN", Attribute::CommonName, Some(oid::OID_X509_COMMON_NAME)),
    ("O", Attribute::Organization, Some(oid::OID_X509_ORGANIZATION_NAME)),
    ("OU", Attribute::OrganizationalUnit, Some(oid::OID_X509_ORGANIZATIONAL_UNIT)),
    ("C", Attribute::Country, Some(oid::OID_X509_COUNTRY_NAME)),
    ("L", Attribute::Locality, Some(oid::OID_X509_LOCALITY_NAME)),
    ("ST", Attribute::State, Some(oid::OID_X509_STATE_OR_PROVINCE_NAME)),
    ("DC", Attribute::DomainComponent, Some(oid::OID_DOMAIN_COMPONENT)),
    ("DNS", Attribute::Dns, None),
];

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<(Attribute, Vec<Glyph>)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glyph {
    One(char),
    Any,
}

/// What is wrong with a pattern, in words for the administrator who gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing but blanks.
    #[error(
        "the pattern is empty: give one such as `CN=vcenter*`, or no pattern at all to take every client of the authority"
    )]
    Empty,
    /// More than any subject needs.
    #[error("the pattern has more than {LONGEST} bytes")]
    Long,
    /// A part without its attribute.
    #[error("`{0}` is not of the form ATTRIBUTE=VALUE, such as `CN=vcenter*`; a comma within a value is written `\\,`")]
    Form(String),
    /// A part with an attribute that is not compared.
    #[error(
        "`{0}` is no attribute that is compared: those are CN, O, OU, C, L, ST, DC, and DNS for a DNS name of the certificate"
    )]
    Attribute(String),
    /// A part without a value.
    #[error("`{0}=` has no value: `{0}=*` takes any")]
    NoValue(String),
    /// What no value can have in it.
    #[error("the pattern has a control character in it, which no value that fits has")]
    Control,
    /// A backslash with nothing behind it.
    #[error(
        "the pattern ends with a backslash, which takes the next character as it is: write `\\\\` for the backslash itself"
    )]
    Escape,
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        match text {
            _ if text.trim().is_empty() => Err(PatternError::Empty),
            _ if text.len() > LONGEST => Err(PatternError::Long),
            _ if text.chars().any(char::is_control) => Err(PatternError::Control),
            _ => parts(text)?.iter().map(|part| read(part)).collect::<Result<_, _>>().map(Pattern),
        }
    }
}

/// A character as it was written, and whether a backslash stood before it.
type Written = (char, bool);

/// The parts between commas, without the backslashes.
fn parts(text: &str) -> Result<Vec<Vec<Written>>, PatternError> {
    let mut parts = vec![Vec::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let written = match character {
            '\\' => (characters.next().ok_or(PatternError::Escape)?, true),
            plain => (plain, false),
        };
        match (written, parts.last_mut()) {
            ((',', false), _) => parts.push(Vec::new()),
            (_, Some(part)) => part.push(written),
            (_, None) => (),
        }
    }
    Ok(parts)
}

fn read(part: &[Written]) -> Result<(Attribute, Vec<Glyph>), PatternError> {
    let text = |part: &[Written]| part.iter().map(|(character, _)| *character).collect::<String>().trim().to_owned();
    let mut sides = part.splitn(2, |written| *written == ('=', false));
    let (Some(name), Some(value)) = (sides.next().map(text), sides.next()) else {
        return Err(PatternError::Form(text(part)));
    };
    let known = ATTRIBUTES.iter().find(|(word, ..)| word.eq_ignore_ascii_case(&name));
    let Some((word, attribute, _)) = known else { return Err(PatternError::Attribute(name)) };
    match trim(value) {
        [] => Err(PatternError::NoValue((*word).into())),
        value => Ok((*attribute, value.iter().map(glyph).collect())),
    }
}

/// Without the blanks around it, unless they were written with a backslash.
fn trim(mut value: &[Written]) -> &[Written] {
    while let [(' ', false), rest @ ..] | [rest @ .., (' ', false)] = value {
        value = rest;
    }
    value
}

fn glyph(written: &Written) -> Glyph {
    match written {
        ('*', false) => Glyph::Any,
        (character, _) => Glyph::One(*character),
    }
}

impl Pattern {
    /// Whether each part holds for some value of the subject.
    pub(super) fn fits(&self, subject: &Subject) -> bool {
        self.0
            .iter()
            .all(|(attribute, glob)| subject.0.iter().any(|(of, value)| of == attribute && matches(glob, value)))
    }
}

/// The values in a certificate that can be compared.
pub(super) struct Subject(Vec<(Attribute, Vec<char>)>);

impl Subject {
    /// Those of the certificate `der`; none where it can't be read.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let certificate = parse(der).ok()?;
        let values = distinguished(&certificate).into_iter().chain(dns_names(&certificate)?);
        let comparable = values.map(|(of, text)| (of, text.chars().collect::<Vec<_>>()));
        Some(Subject(comparable.filter(|(_, value)| is_comparable(value)).collect()))
    }
}

fn distinguished<'a>(certificate: &'a X509Certificate<'_>) -> Vec<(Attribute, &'a str)> {
    let known = |oid: &Oid<'_>| {
        let row = ATTRIBUTES.iter().find(|(_, _, known)| known.as_ref() == Some(oid));
        row.map(|(_, attribute, _)| *attribute)
    };
    let attributes = certificate.subject().iter_attributes();
    attributes.filter_map(|value| Some((known(value.attr_type())?, value.as_str().ok()?))).collect()
}

/// None where the alternative names can't be read.
fn dns_names<'a>(certificate: &'a X509Certificate<'_>) -> Option<Vec<(Attribute, &'a str)>> {
    let Some(names) = certificate.subject_alternative_name().ok()? else { return Some(Vec::new()) };
    let dns = |name: &GeneralName<'a>| match name {
        GeneralName::DNSName(name) => Some((Attribute::Dns, *name)),
        _ => None, // the library's, and none of them is compared
    };
    Some(names.value.general_names.iter().filter_map(dns).collect())
}

fn is_comparable(value: &[char]) -> bool {
    value.len() <= LONGEST_VALUE && !value.iter().any(|character| character.is_control())
}

/// Whether a value is what the glob describes. ASCII letters are alike in both cases; all else has to be the same, so that no letter
/// of another alphabet passes for one of these.
fn matches(glob: &[Glyph], value: &[char]) -> bool {
    let (mut at, mut rest) = (glob, value);
    // Where to go on if it fits no further: after the last wildcard, which then takes one character more.
    let mut retry: Option<(&[Glyph], &[char])> = None;
    loop {
        match (at, rest) {
            ([Glyph::Any, after @ ..], _) => {
                retry = Some((after, rest));
                at = after;
            }
            ([Glyph::One(wanted), after @ ..], [found, others @ ..]) if wanted.eq_ignore_ascii_case(found) => {
                (at, rest) = (after, others);
            }
            ([], []) => return true,
            _ => match retry {
                Some((after, [_, others @ ..])) => {
                    retry = Some((after, others));
                    (at, rest) = (after, others);
                }
                Some((_, [])) | None => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests;
