//! Which keys a list shows: what was asked for, as far as the call reaches.
//!
//! The invariant: **every key is asked here, on its record, before it is shown**, whatever index it was found by.

use super::terms::folded;
use super::{Comparison, Filter, Moment, Scope, Search};
use crate::{Call, DEFAULT_RING, Error, Extent, Key, KeyManager, State};
use kmip::Timestamp;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Which keys are shown.
pub(super) struct Selection {
    /// In one of these states.
    pub(super) states: Vec<State>,
    /// Extractable, or not.
    pub(super) extractable: Option<bool>,
    /// In one of these rings; none: in any.
    pub(super) rings: Option<Vec<String>>,
    moments: Vec<(Moment, Comparison, Option<Timestamp>)>,
    /// Found by this word.
    pub(super) word: Option<Word>,
}

/// What is searched for.
pub(super) struct Word {
    /// Folded.
    pub(super) text: String,
    /// Whether names are searched.
    pub(super) names: bool,
    /// Whether aliases are searched.
    pub(super) aliases: bool,
    /// The identifier that it is.
    pub(super) id: Option<Uuid>,
    /// Whether what it does not find is shown.
    pub(super) not: bool,
    /// Whether it is a whole name.
    pub(super) exact: bool,
}

impl Selection {
    /// What the filter asks for, as far as the call reaches.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the call reaches none of it whatever is there.
    pub(super) async fn new(manager: &KeyManager, call: &Call, filter: &Filter) -> Result<Selection, Error> {
        let rings = match &filter.ring {
            Some(ring) if call.reaches(Extent::Ring(ring)) => Some(vec![ring.clone()]),
            Some(_) => return Err(Error::Unauthorized),
            None if call.reaches(Extent::Instance) => None,
            None => Some(reached(manager, call).await?),
        };
        Ok(Selection {
            states: states(filter),
            extractable: filter.extractable,
            rings,
            moments: filter.moments.clone(),
            word: filter.search.as_ref().map(Word::new),
        })
    }

    /// Whether a key is shown, as it is now.
    pub(super) fn admits(&self, key: &Key) -> bool {
        self.states.contains(&key.state)
            && self.has_in_its_classes(key)
            && self.moments.iter().all(|(moment, comparison, at)| compares(moment.of(key), *comparison, *at))
            && self.word.as_ref().is_none_or(|word| word.finds(key) != word.not)
    }

    /// Whether a key's extractability and ring are asked for.
    pub(super) fn has_in_its_classes(&self, key: &Key) -> bool {
        self.extractable.is_none_or(|extractable| extractable == key.extractable)
            && self.rings.as_ref().is_none_or(|rings| rings.iter().any(|ring| ring == key.ring()))
    }

    /// The rings as the index has them.
    pub(super) fn rings(&self) -> Vec<Option<&str>> {
        match &self.rings {
            Some(rings) => rings.iter().map(|ring| Some(ring.as_str())).collect(),
            None => vec![None],
        }
    }

    /// The times that a key must have to be shown.
    pub(super) fn needs(&self) -> impl Iterator<Item = Moment> {
        self.moments.iter().filter(|(_, _, at)| at.is_some()).map(|(moment, ..)| *moment)
    }

    /// Whether deactivated keys are asked for and active ones are not, or the other way round: then it matters whose time is over
    /// though the record still says active.
    pub(super) fn splits_expiry(&self) -> bool {
        self.states.contains(&State::Active) != self.states.contains(&State::Deactivated)
    }

    /// Whether nothing but states, extractability and rings is asked for.
    pub(super) fn is_plain(&self) -> bool {
        self.moments.is_empty() && self.word.is_none()
    }
}

impl Moment {
    fn of(self, key: &Key) -> Option<Timestamp> {
        match self {
            Moment::Creation => Some(key.created),
            Moment::Deletion => key.deleted,
            Moment::Expiration => key.expires,
            Moment::LastRotate => key.rotated,
            Moment::LastUpdate => key.updated,
        }
    }
}

impl Word {
    pub(super) fn new(search: &Search) -> Word {
        let (scopes, text) = (&search.scopes, folded(&search.word));
        let anywhere = scopes.is_empty();
        let id = Some(&text).filter(|text| anywhere && text.len() == Hyphenated::LENGTH);
        Word {
            names: anywhere || scopes.contains(&Scope::Name),
            aliases: anywhere || scopes.contains(&Scope::Alias),
            id: id.and_then(|id| Uuid::parse_str(id).ok()),
            not: search.not,
            exact: search.exact,
            text,
        }
    }

    fn finds(&self, key: &Key) -> bool {
        self.names && self.is_in(&key.name)
            || self.aliases && key.aliases.iter().any(|alias| self.is_in(alias))
            || self.id == Some(key.id)
    }

    /// Whether a name or alias has the word.
    pub(super) fn is_in(&self, name: &str) -> bool {
        let name = folded(name);
        if self.exact { name == self.text } else { name.contains(&self.text) }
    }
}

/// The rings that the call reaches.
async fn reached(manager: &KeyManager, call: &Call) -> Result<Vec<String>, Error> {
    let mut rings: Vec<String> = manager.rings_reached(call).await?.into_iter().map(|ring| ring.name).collect();
    if call.reaches(Extent::Ring(DEFAULT_RING)) {
        rings.push(DEFAULT_RING.to_owned());
    }
    if rings.is_empty() { Err(Error::Unauthorized) } else { Ok(rings) }
}

/// The states that are asked for. Destroyed keys have a time of deletion, and no others do.
fn states(filter: &Filter) -> Vec<State> {
    let mut states = match &filter.states {
        Some(states) => State::ALL.into_iter().filter(|state| states.contains(state)).collect(),
        None => State::ALL.into_iter().filter(|state| *state != State::Destroyed).collect::<Vec<_>>(),
    };
    for (_, _, at) in filter.moments.iter().filter(|(moment, ..)| *moment == Moment::Deletion) {
        states.retain(|state| (*state == State::Destroyed) == at.is_some());
    }
    states
}

/// Whether a key's time is as asked for. A key without it is only found by asking for those without it.
fn compares(time: Option<Timestamp>, comparison: Comparison, at: Option<Timestamp>) -> bool {
    match (time, at) {
        (None, None) => comparison == Comparison::Equal,
        (None, Some(_)) | (Some(_), None) => false,
        (Some(time), Some(at)) => match comparison {
            Comparison::Less => time < at,
            Comparison::LessOrEqual => time <= at,
            Comparison::Greater => time > at,
            Comparison::GreaterOrEqual => time >= at,
            Comparison::Equal => time == at,
        },
    }
}
