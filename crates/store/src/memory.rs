//! The back end for tests and experiments: the same meaning in maps, with nothing on disk.
//!
//! The maps mirror the tables of `sqlite`: records by key, and an index of (space, kind, term, place) in which every record also
//! stands under no term at all, so that "every record" is one more term. The invariant: **a group is applied under one lock**.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use crate::backend::{Outcome, Reader, Wiped, Writer};
use crate::{Batch, Change, Error, Event, Key, Kind, Order, Page, Query, Record, Scan, Space, Term};

/// Makes an empty store.
pub(crate) fn open() -> (MemoryReader, MemoryWriter) {
    let maps = Arc::new(RwLock::new(Maps::default()));
    (MemoryReader(maps.clone()), MemoryWriter(maps))
}

/// Reads under a shared lock.
pub(crate) struct MemoryReader(Arc<RwLock<Maps>>);

/// Writes under an exclusive one.
pub(crate) struct MemoryWriter(Arc<RwLock<Maps>>);

#[derive(Default)]
struct Maps {
    records: BTreeMap<Key, Stored>,
    places: BTreeMap<u64, Key>,
    index: BTreeSet<(Space, Kind, Option<Term>, u64)>,
    events: BTreeMap<u64, Bytes>,
    last_place: u64,
    forgettable: u64,
}

struct Stored {
    place: u64,
    version: u64,
    terms: Vec<Term>,
    body: Bytes,
}

impl Reader for MemoryReader {
    async fn get(&self, key: &Key) -> Result<Option<Record>, Error> {
        Ok(self.0.read().record(key).map(|(_, record)| record))
    }

    async fn find(&self, query: &Query) -> Result<Page, Error> {
        let maps = self.0.read();
        Ok(maps.page(maps.find(query, query.after), query.limit))
    }

    async fn scan(&self, scan: &Scan) -> Result<Page, Error> {
        let maps = self.0.read();
        Ok(match scan.order {
            Order::Id { after } => maps.page(maps.by_id(scan, after), scan.limit),
            Order::Made { after } => maps.page(maps.by_place(scan, after), scan.limit),
        })
    }

    async fn count(&self, query: &Query) -> Result<u64, Error> {
        Ok(self.0.read().find(query, 0).count() as u64)
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, Error> {
        let maps = self.0.read();
        let later = maps.events.range((Bound::Excluded(after), Bound::Unbounded)).take(limit);
        Ok(later.map(|(&sequence, body)| Event { sequence, body: body.clone() }).collect())
    }

    async fn snapshot(&self, path: &Path) -> Result<(), Error> {
        Err(Error::Io(format!("{}: a store in memory can't be copied into a file", path.display())))
    }

    async fn written_back(&self) -> Result<(), Error> {
        Ok(())
    }

    fn forget_events(&self, up_to: u64) {
        let mut maps = self.0.write();
        maps.forgettable = maps.forgettable.max(up_to);
    }
}

impl Writer for MemoryWriter {
    fn apply(&mut self, batches: Vec<Batch>) -> Result<Vec<Outcome>, Error> {
        let mut maps = self.0.write();
        Ok(batches.iter().map(|batch| maps.apply(batch)).collect())
    }

    fn wipe(&mut self, _: bool) -> Result<Wiped, Error> {
        Ok(Wiped::All)
    }

    fn close(self) -> Result<(), Error> {
        Ok(())
    }
}

impl Maps {
    fn record(&self, key: &Key) -> Option<(u64, Record)> {
        let stored = self.records.get(key)?;
        Some((stored.place, Record::new(*key, stored.version, stored.body.clone())))
    }

    /// The keys after a cursor that bear all terms, by place.
    fn find<'a>(&'a self, query: &'a Query, after: u64) -> impl Iterator<Item = &'a Key> {
        let (space, kind, first) = (query.space, query.kind, query.terms.first().copied());
        let places = self
            .index
            .range((Bound::Excluded((space, kind, first, after)), Bound::Included((space, kind, first, u64::MAX))));
        places
            .map(|entry| entry.3)
            .filter(move |&place| {
                query.terms.iter().all(|&term| self.index.contains(&(space, kind, Some(term), place)))
            })
            .filter_map(|place| self.places.get(&place))
    }

    fn by_id(&self, scan: &Scan, after: Option<[u8; 16]>) -> Box<dyn Iterator<Item = &Key> + '_> {
        let Scan { space, kind, term, descending, .. } = *scan;
        let key = |id| Key { space, kind, id };
        let bounds = following(after.map(key), descending, key([0; 16]), key([u8::MAX; 16]));
        let bears = move |stored: &Stored| term.is_none_or(|term| stored.terms.contains(&term));
        let found = self.records.range(bounds).filter(move |(_, stored)| bears(stored)).map(|(key, _)| key);
        if descending { Box::new(found.rev()) } else { Box::new(found) }
    }

    fn by_place(&self, scan: &Scan, after: Option<u64>) -> Box<dyn Iterator<Item = &Key> + '_> {
        let entry = |place| (scan.space, scan.kind, scan.term, place);
        let bounds = following(after.map(entry), scan.descending, entry(0), entry(u64::MAX));
        let found = self.index.range(bounds).filter_map(|entry| self.places.get(&entry.3));
        if scan.descending { Box::new(found.rev()) } else { Box::new(found) }
    }

    fn page<'a>(&self, mut found: impl Iterator<Item = &'a Key>, limit: usize) -> Page {
        let records = found.by_ref().take(limit).filter_map(|key| self.record(key)).collect();
        Page { records, more: found.next().is_some() }
    }

    fn apply(&mut self, batch: &Batch) -> Outcome {
        if let Some(change) = batch.changes.iter().find(|change| !self.holds(change)) {
            return Err(Error::Conflict(*change.key()));
        }
        for change in &batch.changes {
            match change {
                Change::Put { key, body, terms, .. } => self.put(key, body, terms),
                Change::Delete { key, .. } => drop(self.remove(key)),
                Change::Check { .. } => {}
            }
        }
        for event in &batch.events {
            let sequence = self.events.last_key_value().map_or(1, |(last, _)| last + 1);
            self.events.insert(sequence, Bytes::copy_from_slice(event));
        }
        let newest = self.events.last_key_value().map_or(0, |(newest, _)| *newest);
        self.events = self.events.split_off(&newest.min(self.forgettable + 1));
        Ok(())
    }

    fn holds(&self, change: &Change) -> bool {
        change.expect().holds(self.records.get(change.key()).map_or(0, |stored| stored.version))
    }

    fn put(&mut self, key: &Key, body: &[u8], terms: &[Term]) {
        let (place, version) = match self.remove(key) {
            Some(old) => (old.place, old.version + 1),
            None => {
                self.last_place += 1;
                (self.last_place, 1)
            }
        };
        self.places.insert(place, *key);
        for term in terms.iter().copied().map(Some).chain([None]) {
            self.index.insert((key.space, key.kind, term, place));
        }
        let stored = Stored { place, version, terms: terms.to_vec(), body: Bytes::copy_from_slice(body) };
        self.records.insert(*key, stored);
    }

    fn remove(&mut self, key: &Key) -> Option<Stored> {
        let old = self.records.remove(key)?;
        self.places.remove(&old.place);
        for term in old.terms.iter().copied().map(Some).chain([None]) {
            self.index.remove(&(key.space, key.kind, term, old.place));
        }
        Some(old)
    }
}

/// What follows a cursor, in the direction of a scan, between the first and the last that there can be.
fn following<T>(after: Option<T>, descending: bool, first: T, last: T) -> (Bound<T>, Bound<T>) {
    match (after, descending) {
        (None, _) => (Bound::Included(first), Bound::Included(last)),
        (Some(after), false) => (Bound::Excluded(after), Bound::Included(last)),
        (Some(after), true) => (Bound::Included(first), Bound::Excluded(after)),
    }
}
