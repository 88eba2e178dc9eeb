//! Records under tags: what is read is what was written, at its place and in its version, or an error.
//!
//! A record's body is a tag of 32 bytes under the master key, then the entry. The tag is over place, store version and entry, so
//! that a record that was edited, moved or exchanged for another one's is found out. What this does not see is a record that
//! was put back *together with* its own old version number, or removed: the store's owner can do that.

use store::{Batch, Change, Expect, Key, Kind, Query, Record, Scan, Space, Store, Term};
use uuid::Uuid;
use wrap::primitive::{SealKey, TagKey, digest};

use crate::Error;
use crate::record::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const PURPOSE: &str = "keystead key manager record";
const TAG: usize = 32;
/// Records in a page of a listing.
const PAGE: usize = 256;

/// An entry and the version that its record has in the store.
pub(crate) struct Stored<T> {
    pub(crate) entry: T,
    pub(crate) version: u64,
}

/// The store, seen as entries.
pub(crate) struct Ledger {
    store: Arc<dyn Store>,
    tagger: TagKey,
    opening: u64,
}

/// Counts ledgers, so that each knows by a number what it has checked itself: another one's master key may be another one.
static OPENINGS: AtomicU64 = AtomicU64::new(1);

/// What a record's memo holds: the entry in it, and by which ledger, at which place and in which version its tag was found right.
struct Verified<T> {
    opening: u64,
    place: Key,
    version: u64,
    entry: Arc<T>,
}

impl Ledger {
    pub(crate) fn new(store: Arc<dyn Store>, master: &SealKey) -> Result<Self, Error> {
        Ok(Ledger { store, tagger: master.tagger(PURPOSE)?, opening: OPENINGS.fetch_add(1, Ordering::Relaxed) })
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(crate) async fn get<T: Entry>(&self, space: Space, id: Uuid) -> Result<Option<Stored<T>>, Error> {
        let key = place::<T>(space, id);
        let record = self.store.get(&key).await?;
        record.map(|record| self.read(&key, &record)).transpose()
    }

    /// As [`Ledger::get`], for what is asked for often: tag and encoding are checked once for as long as the store keeps this version
    /// of the record at hand. Entries hold nothing that may not be kept.
    pub(crate) async fn shared<T: Entry>(&self, space: Space, id: Uuid) -> Result<Option<Stored<Arc<T>>>, Error> {
        let key = place::<T>(space, id);
        let record = self.store.get(&key).await?;
        record.map(|record| self.verified(&key, &record)).transpose()
    }

    /// As [`Ledger::shared`], the entry alone.
    pub(crate) async fn kept<T: Entry>(&self, space: Space, id: Uuid) -> Result<Option<Arc<T>>, Error> {
        Ok(self.shared(space, id).await?.map(|stored| stored.entry))
    }

    /// The entry of a record that was found at `key`, as [`Ledger::shared`] has it.
    pub(crate) fn verified<T: Entry>(&self, key: &Key, record: &Record) -> Result<Stored<Arc<T>>, Error> {
        let version = record.version;
        let is_it =
            |known: &Arc<Verified<T>>| (known.opening, known.place, known.version) == (self.opening, *key, version);
        if let Some(known) = record.memo.get::<Verified<T>>().filter(is_it) {
            return Ok(Stored { entry: Arc::clone(&known.entry), version });
        }
        let entry = Arc::new(self.read::<T>(key, record)?.entry);
        let known = Verified { opening: self.opening, place: *key, version, entry: Arc::clone(&entry) };
        record.memo.set(Arc::new(known));
        Ok(Stored { entry, version })
    }

    /// All entries in a space that bear the terms, in the order in which they were made.
    pub(crate) async fn all<T: Entry>(&self, space: Space, terms: Vec<Term>) -> Result<Vec<Stored<T>>, Error> {
        let mut query = Query { space, kind: T::KIND, terms, after: 0, limit: PAGE };
        let mut entries = Vec::new();
        loop {
            let page = self.store.find(&query).await?;
            for (cursor, record) in &page.records {
                let key = Key { id: record.key.id, ..place::<T>(space, Uuid::nil()) };
                entries.push(self.read(&key, record)?);
                query.after = *cursor;
            }
            if !page.more || page.records.is_empty() {
                return Ok(entries);
            }
        }
    }

    /// Entries in a space that bear the terms, the first that were made, at most so many.
    pub(crate) async fn some<T: Entry>(
        &self,
        space: Space,
        terms: Vec<Term>,
        limit: usize,
    ) -> Result<Vec<Stored<T>>, Error> {
        let page = self.store.find(&Query { space, kind: T::KIND, terms, after: 0, limit }).await?;
        page.records
            .iter()
            .map(|(_, record)| self.read(&Key { id: record.key.id, ..place::<T>(space, Uuid::nil()) }, record))
            .collect()
    }

    /// How many records in a space bear the terms.
    pub(crate) async fn count<T: Entry>(&self, space: Space, terms: Vec<Term>) -> Result<u64, Error> {
        Ok(self.store.count(&Query { space, kind: T::KIND, terms, after: 0, limit: 0 }).await?)
    }

    /// A page of entries in an order of their own, each with the cursor of its making, and whether more follow.
    pub(crate) async fn scan<T: Entry>(&self, scan: &Scan) -> Result<(Vec<(u64, Arc<T>)>, bool), Error> {
        let page = self.store.scan(&Scan { kind: T::KIND, ..*scan }).await?;
        let entry = |(cursor, record): &(u64, Record)| {
            let key = Key { id: record.key.id, ..place::<T>(scan.space, Uuid::nil()) };
            Ok((*cursor, self.verified::<T>(&key, record)?.entry))
        };
        Ok((page.records.iter().map(entry).collect::<Result<_, Error>>()?, page.more))
    }

    /// Whether the store has no record of this kind in its installation's space.
    pub(crate) async fn none_in_installation(&self, kind: Kind) -> Result<bool, Error> {
        self.is_empty(Space::INSTALLATION, kind).await
    }

    /// Whether the store has no record of this kind in a space.
    pub(crate) async fn is_empty(&self, space: Space, kind: Kind) -> Result<bool, Error> {
        let query = Query { space, kind, terms: Vec::new(), after: 0, limit: 1 };
        Ok(self.store.find(&query).await?.records.is_empty())
    }

    /// The changes that remove every record of a kind in a space, whatever is in them.
    pub(crate) async fn removals(&self, space: Space, kind: Kind) -> Result<Vec<(Key, Change)>, Error> {
        let mut query = Query { space, kind, terms: Vec::new(), after: 0, limit: PAGE };
        let mut removals = Vec::new();
        loop {
            let page = self.store.find(&query).await?;
            let last = page.records.last().map(|(cursor, _)| *cursor);
            let removal = |record: Record| (record.key, Change::Delete { key: record.key, version: record.version });
            removals.extend(page.records.into_iter().map(|(_, record)| removal(record)));
            match last {
                Some(last) if page.more => query.after = last,
                _ => return Ok(removals),
            }
        }
    }

    /// The change that writes an entry.
    pub(crate) fn put<T: Entry>(&self, expect: Expect, entry: &T) -> Change {
        let key = entry.key();
        let version = match expect {
            Expect::Absent => 1,
            Expect::Version(version) => version + 1,
        };
        let entry_bytes = entry.encode();
        let tag = self.tagger.tag(&parts(&key, &version.to_be_bytes(), &entry_bytes));
        Change::Put { key, expect, body: [&tag[..], &entry_bytes].concat(), terms: entry.terms() }
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<(), store::Error> {
        self.store.commit(batch).await
    }

    /// The entry of a record that must stand at `key`, whatever the store says of where it does.
    fn read<T: Entry>(&self, key: &Key, record: &Record) -> Result<Stored<T>, Error> {
        let damaged = || Error::Damaged { what: T::WHAT, id: Uuid::from_bytes(key.id) };
        let (tag, bytes) = record.body.split_at_checked(TAG).ok_or_else(damaged)?;
        self.tagger.verify(&parts(key, &record.version.to_be_bytes(), bytes), tag).map_err(|_| damaged())?;
        let entry = T::decode(bytes).map_err(|_| damaged())?;
        if entry.key() != *key {
            return Err(damaged());
        }
        Ok(Stored { entry, version: record.version })
    }
}

/// Where an entry of this kind stands.
pub(crate) fn place<T: Entry>(space: Space, id: Uuid) -> Key {
    Key { space, kind: T::KIND, id: *id.as_bytes() }
}

/// The space of an instance.
pub(crate) fn space(instance: Uuid) -> Space {
    Space(*instance.as_bytes())
}

/// The term for a field's value.
pub(crate) fn term(field: &str, value: &[u8]) -> Term {
    let [term @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = digest(&[field.as_bytes(), &[0], value]);
    Term(term)
}

fn parts<'a>(key: &'a Key, version: &'a [u8; 8], entry: &'a [u8]) -> [&'a [u8]; 5] {
    [&key.space.0, std::slice::from_ref(&key.kind.0), &key.id, version, entry]
}
