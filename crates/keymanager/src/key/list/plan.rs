//! Which way a list is read: from what is asked for to the streams that have all of it.
//!
//! The invariant: **every key that is asked for is in one stream, and in no two.** A stream may have more.

use super::MOST_CANDIDATES;
use super::kmip::Span;
use super::order::Way;
use super::rarity::Path;
use super::selection::{Selection, Word};
use super::stream::{Source, Stream, Which};
use super::terms::{PART, Standing, Timeline, class, name_parts, named, present};
use crate::ledger::space;
use crate::record::Entry;
use crate::{Alias, DEFAULT_RING, Error, Key, KmipOrder, KmipPage, Moment, State};
use kmip::Timestamp;
use std::sync::Arc;
use store::{Query, Record, Term};
use uuid::Uuid;

/// Parts of a word that are considered for an index: a longer word's are taken from all over it.
const MOST_PARTS: usize = 16;
/// Index entries that are walked along for keys that several terms have in common.
const MOST_WALKED: u64 = 50_000;
/// Keys that are had beforehand for having several terms in common.
const MOST_FOUND: usize = 500;
/// KMIP objects that are fetched at once.
const GATHERED_AT_ONCE: usize = 256;

impl Source<'_> {
    /// The streams of a selection. `wanted`: how many keys will be read, should most match.
    pub(super) async fn plan(&mut self, selection: &Selection, wanted: usize) -> Result<Vec<Stream>, Error> {
        let mut found = Vec::new();
        if let Some(word) = selection.word.as_ref().filter(|word| word.is_indexed()) {
            found.extend(self.by_alias(word).await?);
            found.extend(self.by_id(word).await?);
        }
        let ranked = self.ranked(paths(selection, self.call.now)).await?;
        let own = match self.in_common(&ranked).await? {
            Some(keys) => {
                found.extend(keys);
                Path::new()
            }
            None => ranked.into_iter().next().map(|(_, path)| path).unwrap_or_default(),
        };
        let which = which(selection);
        let (gathered, spans) = match which {
            Some(_) => self.gathered(spans(selection)).await?,
            None => Default::default(),
        };
        found.extend(gathered);
        found.sort_by_key(|key| key.id);
        found.dedup_by_key(|key| key.id);
        self.known = found.iter().map(|key| key.id).collect();

        let share = wanted / (own.len() + spans.len()).max(1);
        let own = own.into_iter().map(|term| self.own(term).sized(share));
        let kmip =
            spans.into_iter().zip(which.iter().cycle()).map(|(span, which)| self.kmip(*which, span).sized(share));
        Ok(own.chain(kmip).chain([self.found(found)]).collect())
    }

    /// The own keys that bear the terms of all paths of one term, where there are several such paths and few such keys.
    async fn in_common(&self, ranked: &[(u64, Path)]) -> Result<Option<Vec<Arc<Key>>>, Error> {
        let one = |(_, path): &(u64, Path)| if let [one] = path[..] { one } else { None };
        let terms: Vec<Term> = ranked.iter().filter_map(one).collect();
        let walked = ranked.iter().filter(|path| one(path).is_some()).map(|(records, _)| *records).next();
        if terms.len() < 2 || walked.is_none_or(|records| records > MOST_WALKED) {
            return Ok(None);
        }
        let query = Query { space: space(self.call.instance), kind: Key::KIND, terms, after: 0, limit: MOST_FOUND };
        let page = self.manager.ledger.store().find(&query).await?;
        let key = |(_, record): &(u64, Record)| {
            let place = store::Key { space: query.space, kind: query.kind, ..record.key };
            Ok(Key::at(self.manager.ledger.verified::<Key>(&place, record)?.entry, self.call.now))
        };
        if page.more { Ok(None) } else { page.records.iter().map(key).collect::<Result<_, Error>>().map(Some) }
    }

    /// Keys with an alias that a word finds.
    async fn by_alias(&self, word: &Word) -> Result<Vec<Arc<Key>>, Error> {
        if !word.aliases {
            return Ok(Vec::new());
        }
        let terms = if word.exact { vec![named(&word.text)] } else { name_parts(&word.text) };
        let aliases = self.manager.ledger.all::<Alias>(space(self.call.instance), terms).await?;
        let mut keys = Vec::new();
        for alias in aliases.iter().filter(|alias| word.is_in(&alias.entry.name)) {
            keys.extend(self.own_key(alias.entry.key).await?);
        }
        Ok(keys)
    }

    /// The key whose identifier a word is.
    async fn by_id(&self, word: &Word) -> Result<Option<Arc<Key>>, Error> {
        let Some(id) = word.id else { return Ok(None) };
        if let Some(own) = self.own_key(id).await? {
            return Ok(Some(own));
        }
        let (instance, kmip) = (self.call.instance, self.manager.kmip());
        Ok(kmip.get(instance, id).await?.map(|key| Arc::new(Key::of_kmip(instance, &key))))
    }

    async fn own_key(&self, id: Uuid) -> Result<Option<Arc<Key>>, Error> {
        let key = self.manager.ledger.kept::<Key>(space(self.call.instance), id).await?;
        Ok(key.map(|key| Key::at(key, self.call.now)))
    }

    /// What of the spans is had beforehand, and the spans that are left: a span of identifiers is no stream in another order than
    /// theirs. Where there is too much in one, the list's own order soon comes by it.
    async fn gathered(&self, spans: Vec<Span>) -> Result<(Vec<Arc<Key>>, Vec<Span>), Error> {
        let (mut keys, mut left) = (Vec::new(), Vec::new());
        for span in spans {
            match (span, self.sequence.way()) {
                (Span::Between(first, last), Way::Made { .. }) => match self.between(first, last).await? {
                    Some(found) => keys.extend(found),
                    None => return Ok((Vec::new(), vec![Span::All])),
                },
                (Span::All | Span::Between(..) | Span::Beside(..), _) => left.push(span),
            }
        }
        Ok((keys, left))
    }

    /// The KMIP objects with identifiers from one to another; none where they are too many.
    async fn between(&self, first: Uuid, last: Uuid) -> Result<Option<Vec<Arc<Key>>>, Error> {
        let (instance, kmip) = (self.call.instance, self.manager.kmip());
        let after = first.as_u128().checked_sub(1).map(Uuid::from_u128);
        let mut page = KmipPage { by: KmipOrder::Id { after }, descending: false, limit: GATHERED_AT_ONCE };
        let mut found = Vec::new();
        while found.len() <= MOST_CANDIDATES {
            let keys = kmip.list(instance, page).await?;
            found.extend(keys.iter().take_while(|key| key.id <= last).map(|key| Arc::new(Key::of_kmip(instance, key))));
            match keys.last() {
                Some(key) if key.id < last => page.by = page.by.following(key),
                Some(_) | None => return Ok(Some(found)),
            }
        }
        Ok(None)
    }
}

impl Word {
    /// Whether indexes serve it. A short word is looked for in all keys; an alias is found among all aliases, which are few.
    fn is_indexed(&self) -> bool {
        !self.not && (self.exact || !self.names || self.text.chars().nth(PART - 1).is_some())
    }
}

/// Terms of which each of the selection's own keys bears one, but for those that are found by alias or identifier: the ways there are.
fn paths(selection: &Selection, now: Timestamp) -> Vec<Path> {
    let mut paths = Vec::new();
    if let Some(word) = selection.word.as_ref().filter(|word| word.is_indexed()) {
        if !word.names {
            return paths;
        }
        let terms = if word.exact { vec![named(&word.text)] } else { name_parts(&word.text) };
        let every = terms.len().div_ceil(MOST_PARTS);
        paths.extend(terms.into_iter().step_by(every.max(1)).map(|term| vec![Some(term)]));
    }
    paths.extend(selection.needs().filter_map(present).map(|term| vec![Some(term)]));
    paths.push(classes(selection, now));
    paths
}

fn classes(selection: &Selection, now: Timestamp) -> Path {
    let rings = selection.rings();
    let standings = standings(selection).into_iter();
    let classes =
        standings.flat_map(|standing| rings.iter().map(move |ring| class(standing, selection.extractable, *ring)));
    let overdue = selection.splits_expiry() && selection.states.contains(&State::Deactivated);
    let overdue = if overdue { Timeline::Expiring.until(now) } else { Vec::new() };
    classes.chain(overdue.into_iter().map(Some)).collect()
}

/// The states of a selection, as the index has them.
pub(super) fn standings(selection: &Selection) -> Vec<Standing> {
    let states = &selection.states;
    match (states.len(), states.contains(&State::Destroyed)) {
        (5, _) => vec![Standing::Any],
        (4, false) => vec![Standing::Live],
        (_, _) => states.iter().copied().map(Standing::In).collect(),
    }
}

/// Which KMIP objects are asked for: they are active or destroyed, extractable and in `default`, don't expire and are not rotated.
pub(super) fn which(selection: &Selection) -> Option<Which> {
    let never = |moment| moment == Moment::Expiration || moment == Moment::LastRotate;
    let in_default = selection.rings.as_ref().is_none_or(|rings| rings.iter().any(|ring| ring == DEFAULT_RING));
    if selection.extractable == Some(false) || !in_default || selection.needs().any(never) {
        return None;
    }
    match (selection.states.contains(&State::Active), selection.states.contains(&State::Destroyed)) {
        (true, true) => Some(Which::All),
        (true, false) => Some(Which::Live),
        (false, true) => Some(Which::Deleted),
        (false, false) => None,
    }
}

fn spans(selection: &Selection) -> Vec<Span> {
    selection.word.as_ref().map_or_else(|| vec![Span::All], Span::of)
}
