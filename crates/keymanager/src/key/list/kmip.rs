//! Which KMIP objects a word can find. Their names as standard keys are `vmware_kmip_` and their identifier, so what an index of names
//! gives elsewhere is arithmetic here.
//!
//! The invariant: **no KMIP object that a word finds is outside the spans**; what is inside may not match, and is asked.

use super::selection::Word;
use crate::KMIP_PREFIX;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// KMIP objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// All of them.
    All,
    /// Those with identifiers from one to another, both included.
    Between(Uuid, Uuid),
    /// All but those of another span.
    Beside(Uuid, Uuid),
}

impl Span {
    /// The spans in which a word finds KMIP objects by their names; none: it finds none.
    pub(super) fn of(word: &Word) -> Vec<Span> {
        let text = word.text.as_str();
        if word.not {
            return vec![Span::All];
        }
        if !word.names {
            return Vec::new();
        }
        if word.exact {
            let id = text.strip_prefix(KMIP_PREFIX).filter(|id| id.len() == Hyphenated::LENGTH);
            return id.and_then(between).into_iter().collect();
        }
        if KMIP_PREFIX.contains(text) {
            return vec![Span::All];
        }
        match text.rfind('_') {
            // No identifier has an underscore, so it is the prefix's, and the identifier begins after it.
            Some(last) => match text.split_at_checked(last + 1) {
                Some((tail, head)) if KMIP_PREFIX.ends_with(tail) => between(head).into_iter().collect(),
                Some(_) | None => Vec::new(),
            },
            None => anywhere(text),
        }
    }

    pub(super) fn has(self, id: Uuid) -> bool {
        match self {
            Span::All => true,
            Span::Between(first, last) => (first..=last).contains(&id),
            Span::Beside(first, last) => !(first..=last).contains(&id),
        }
    }
}

/// Identifiers that have a text in them, those that begin with it first.
fn anywhere(text: &str) -> Vec<Span> {
    let possible = text.len() <= Hyphenated::LENGTH && text.chars().all(|one| one == '-' || one.is_ascii_hexdigit());
    match between(text) {
        _ if !possible => Vec::new(),
        Some(Span::Between(first, last)) if first != last => {
            vec![Span::Between(first, last), Span::Beside(first, last)]
        }
        Some(one) => vec![one],
        None => vec![Span::All],
    }
}

/// The identifiers that begin with a text.
fn between(head: &str) -> Option<Span> {
    let filled = |digit: u8| {
        let nil = Uuid::nil().hyphenated().to_string();
        let rest = nil.get(head.len()..)?.replace('0', char::from(digit).encode_utf8(&mut [0; 4]));
        Uuid::parse_str(&format!("{head}{rest}")).ok()
    };
    Some(Span::Between(filled(b'0')?, filled(b'f')?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Search;

    const ID: &str = "12ab34cd-0000-4000-8000-0123456789ab";

    fn check(text: &str, exact: bool) -> Vec<Span> {
        let search = Search { word: text.to_owned(), scopes: Vec::new(), not: false, exact };
        Span::of(&Word::new(&search))
    }

    #[test]
    fn each_word_has_its_spans() {
        let id = Uuid::parse_str(ID).unwrap();
        let all = vec![Span::All];
        let under = |head: &str| {
            let Some(Span::Between(first, last)) = between(head) else { panic!("{head}") };
            (first, last)
        };
        let (first, last) = under("12ab");
        assert_eq!(first.to_string(), "12ab0000-0000-0000-0000-000000000000");
        assert_eq!(last.to_string(), "12abffff-ffff-ffff-ffff-ffffffffffff");
        let cases = [
            ("vmware_kmip_", false, all.clone()),
            ("KMIP", false, all.clone()),
            ("a", false, all.clone()),
            ("ware_kmip_12AB", false, vec![Span::Between(first, last)]),
            ("_12ab", false, vec![Span::Between(first, last)]),
            ("12ab", false, vec![Span::Between(first, last), Span::Beside(first, last)]),
            (ID, false, vec![Span::Between(id, id)]),
            ("vmware_kmip_12ab34cd-0000-4000-8000-0123456789ab", true, vec![Span::Between(id, id)]),
            ("vmware_kmip_12ab", true, vec![]),
            ("ab-", false, all),
            ("12ab34cd0", false, vec![Span::All]),
            ("xyz", false, vec![]),
            ("x_12ab", false, vec![]),
            ("_kmip", false, vec![Span::All]),
            ("12ab34cd-0000-4000-8000-0123456789ab0", false, vec![]),
            ("_12ab34cd-0000-4000-8000-0123456789ab0", false, vec![]),
            ("_g", false, vec![]),
            ("{12ab", false, vec![]),
        ];
        for (text, exact, spans) in cases {
            assert_eq!(check(text, exact), spans, "{text}");
        }
    }

    #[test]
    fn what_a_name_has_in_it_is_in_a_span() {
        let id = Uuid::parse_str(ID).unwrap();
        let name = format!("{KMIP_PREFIX}{ID}");
        for from in 0..name.len() {
            for to in from + 1..=name.len() {
                let spans = check(&name[from..to], false);
                assert_eq!(spans.iter().filter(|span| span.has(id)).count(), 1, "{}", &name[from..to]);
            }
        }
    }
}
