//! What a key's record is found by: the index terms behind every list.
//!
//! | terms | a key | what for |
//! |---|---|---|
//! | class | 11 or 7 | every combination of state (or "not destroyed"), extractable or not, and ring: lists and counts of them are exact |
//! | name | 1 | the exact name, whatever its case |
//! | part | at most 88, as a rule | each three characters of its name in a row: searches |
//! | presence | at most 3 | has an expiration date, was rotated, was changed: conditions on these times |
//! | timeline | 6, where it has one | expires, or was deleted, before a time: what is due |
//!
//! The invariant: **terms only ever say more than is true, never less**: what they find is checked against its record. They are part
//! of the data format: who changes what a key is found by counts up [`INDEX_FORMAT`], and `index` writes all keys anew.

use crate::ledger::term;
use crate::{Event, Key, Moment, State};
use kmip::Timestamp;
use std::collections::BTreeSet;
use store::Term;

/// The number of this set of terms.
pub(crate) const INDEX_FORMAT: u32 = 1;

/// Characters of a part of a name.
pub(super) const PART: usize = 3;

/// A key's terms.
pub(crate) fn terms(key: &Key) -> Vec<Term> {
    let name = folded(&key.name);
    let mut terms = classes(key);
    terms.push(named(&name));
    terms.extend(name_parts(&name));
    terms.extend(presences(key));
    for timeline in [Timeline::Expiring, Timeline::Deleted] {
        terms.extend(timeline.of(key).into_iter().flat_map(|at| timeline.marks(at)));
    }
    if key.rotation.as_ref().is_some_and(|rotation| rotation.enabled) {
        terms.push(rotating());
    }
    terms
}

/// A text as it is searched: in lower case, character by character, so that a part of a text is a part of it here too.
pub(crate) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// What part of the states a class has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Every state.
    Any,
    /// All but destroyed.
    Live,
    /// This one, as the record has it.
    In(State),
}

/// The keys of a standing, extractable or not (none: both), in a ring (none: any); none where that is all keys.
pub(crate) fn class(standing: Standing, extractable: Option<bool>, ring: Option<&str>) -> Option<Term> {
    if (standing, extractable, ring) == (Standing::Any, None, None) {
        return None;
    }
    let standing = match standing {
        Standing::Any => b'*',
        Standing::Live => b'+',
        Standing::In(state) => b'0' + state.number(),
    };
    let extractable = match extractable {
        None => b'*',
        Some(false) => b'r',
        Some(true) => b's',
    };
    Some(term("key class", &[&[standing, extractable], ring.unwrap_or("*").as_bytes()].concat()))
}

fn classes(key: &Key) -> Vec<Term> {
    let mut standings = vec![Standing::Any, Standing::In(key.state)];
    if key.state != State::Destroyed {
        standings.push(Standing::Live);
    }
    let (extractable, ring) = ([None, Some(key.extractable)], [None, Some(key.ring())]);
    let all = standings.iter().flat_map(|standing| extractable.map(|extractable| (*standing, extractable)));
    all.flat_map(|(standing, extractable)| ring.map(|ring| class(standing, extractable, ring))).flatten().collect()
}

/// Records of this name, which is folded.
pub(crate) fn named(name: &str) -> Term {
    term("name", name.as_bytes())
}

/// Records with these parts of a folded text in their names: none for a text of one or two characters.
pub(crate) fn name_parts(text: &str) -> Vec<Term> {
    let characters: Vec<char> = text.chars().collect();
    let parts: BTreeSet<String> = characters.windows(PART).map(|part| part.iter().collect()).collect();
    parts.iter().map(|part| term("part of name", part.as_bytes())).collect()
}

/// Keys that have this time; none where every key has it.
pub(super) fn present(moment: Moment) -> Option<Term> {
    match moment {
        Moment::Creation => None,
        Moment::Deletion => class(Standing::In(State::Destroyed), None, None),
        Moment::Expiration => Some(term("key has", b"expiration")),
        Moment::LastRotate => Some(term("key has", b"rotation")),
        Moment::LastUpdate => Some(term("key has", b"update")),
    }
}

fn presences(key: &Key) -> Vec<Term> {
    let times =
        [(Moment::Expiration, key.expires), (Moment::LastRotate, key.rotated), (Moment::LastUpdate, key.updated)];
    times.into_iter().filter(|(_, time)| time.is_some()).filter_map(|(moment, _)| present(moment)).collect()
}

/// Keys whose rotation policy is enabled.
pub(crate) fn rotating() -> Term {
    term("key has", b"rotation policy")
}

/// Times of keys that something falls due by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timeline {
    /// When keys expire, of those whose state can.
    Expiring,
    /// When destroyed keys were deleted.
    Deleted,
}

/// Digits of a time in a timeline: where each begins, in bits, the lowest first. The lowest counts in 70 minutes, the highest in 139
/// years.
const DIGITS: [u32; 6] = [22, 26, 30, 34, 38, 42];
/// A digit's values: but for the highest one, there are 16.
const DIGIT: i64 = 0xF;
/// The end of the year 9999: what is later counts as this.
const LATEST: i64 = 253_402_300_799_999;

impl Timeline {
    /// The terms of which one or more is borne by each key whose time is this one or earlier; some that come up to 70 minutes later
    /// bear one too. Some 50 terms in this century.
    pub(crate) fn until(self, at: Timestamp) -> Vec<Term> {
        let at = within(at);
        let highest = DIGITS.last().copied().unwrap_or_default();
        let earlier = DIGITS.iter().flat_map(|digit| {
            let value = at >> digit;
            let first = if *digit == highest { 0 } else { value & !DIGIT };
            (first..value).map(|value| self.mark(*digit, value))
        });
        let now = DIGITS.first().map(|digit| self.mark(*digit, at >> digit));
        earlier.chain(now).collect()
    }

    fn of(self, key: &Key) -> Option<Timestamp> {
        match self {
            Timeline::Expiring => key.expires.filter(|_| key.state.after(Event::Expire).is_ok()),
            Timeline::Deleted => key.deleted.filter(|_| key.state == State::Destroyed),
        }
    }

    fn marks(self, at: Timestamp) -> [Term; DIGITS.len()] {
        DIGITS.map(|digit| self.mark(digit, within(at) >> digit))
    }

    fn mark(self, digit: u32, value: i64) -> Term {
        let field = match self {
            Timeline::Expiring => "key expires",
            Timeline::Deleted => "key deleted",
        };
        term(field, &[&digit.to_be_bytes()[..], &value.to_be_bytes()].concat())
    }
}

fn within(at: Timestamp) -> i64 {
    at.millis().clamp(0, LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KmipKey, PolicyStamp, Rotation};
    use uuid::Uuid;
    use wrap::primitive::digest;

    #[test]
    fn a_timeline_finds_what_is_earlier_and_nothing_much_later() {
        let times = [0, 1, 1 << 22, 1_767_323_045_000, 1_767_323_045_000 + (1 << 26), 4_102_444_800_000, i64::MAX];
        for at in times {
            let until = Timeline::Expiring.until(Timestamp::from_millis(at));
            assert!(until.len() <= 150, "{} terms", until.len());
            for time in times.into_iter().chain([at - 1, at.saturating_add(1 << 22), at / 2, at.saturating_mul(2)]) {
                let found =
                    Timeline::Expiring.marks(Timestamp::from_millis(time)).iter().any(|mark| until.contains(mark));
                let may = time.clamp(0, LATEST) >> 22 <= at.clamp(0, LATEST) >> 22;
                assert_eq!(found, may, "{time} until {at}");
            }
        }
    }

    /// Where this test fails, keys are found by other terms than before: count up [`INDEX_FORMAT`], then write the new number here.
    #[test]
    fn terms_are_part_of_the_data_format() {
        let at = Timestamp::from_seconds(1_767_323_045);
        let kmip = KmipKey {
            id: Uuid::from_u128(1),
            adapter: Uuid::from_u128(2),
            created: at,
            created_by: String::new(),
            updated: Some(at),
            deleted: None,
            deleted_by: None,
            erased: false,
            place: 0,
        };
        let stamp = PolicyStamp {
            id: Uuid::from_u128(3),
            created: at,
            created_by: String::new(),
            updated: at,
            updated_by: String::new(),
        };
        let live = Key {
            name: "A Name".into(),
            ring: Some("ring".into()),
            expires: Some(at),
            rotated: Some(at),
            rotation: Some(Rotation { enabled: true, interval_month: 1, stamp }),
            ..Key::of_kmip(Uuid::from_u128(4), &kmip)
        };
        let deleted = Key { state: State::Destroyed, deleted: Some(at), ..live.clone() };
        let terms = [terms(&live), terms(&deleted)].concat();
        let bytes: Vec<u8> = terms.iter().flat_map(|term| term.0).collect();
        let digest = digest(&[&bytes]);
        assert_eq!((INDEX_FORMAT, terms.len(), &digest[..4]), (1, 48, &[167, 58, 61, 94][..]));
    }
}
