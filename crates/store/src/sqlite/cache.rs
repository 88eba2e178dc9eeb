//! Records by key in front of the database, bounded by weight; callers seal what they store, so nothing here is in the clear.
//!
//! The invariant: **nobody reads an older version than one whose commit was answered, nor an older one than was read before.**
//! A reader that misses may hold a snapshot from before a commit and come to fill the cache after it. So the writer says what it
//! is about to change, and again when that is done, and each time moves the epoch of the keys' shards; a reader takes the epoch
//! before its snapshot, and may fill only if the epoch is still the same and the key is not being changed.

use parking_lot::Mutex;
use quick_cache::Weighter;
use quick_cache::sync::Cache as Records;

use crate::{Key, Record};

/// What the cache holds at most, in bytes. Nothing is set aside before it is used.
const WEIGHT: u64 = 64 << 20;
/// About how many entries that is. Half as many keys that fell out are remembered, so that one asked for again is kept for longer;
/// too few, and a full cache would never learn what is asked for now. No room is made for either before it is used.
const ENTRIES: usize = 16_384;
/// What an entry takes beside its body: key, version, pointers, the cache's own books.
const OVERHEAD: u64 = 256;
/// What readers make of a body and leave in its memo takes about three times the body, beside the body itself.
const MADE_OF_IT: u64 = 4;
/// Keys fall into shards by the last byte of their identifier.
const SHARDS: usize = 256;

/// See the module.
pub(crate) struct Cache {
    records: Records<Key, Record, Weigh>,
    shards: Box<[Mutex<Shard>]>,
}

#[derive(Clone)]
struct Weigh;

impl Weighter<Key, Record> for Weigh {
    fn weight(&self, _: &Key, record: &Record) -> u64 {
        MADE_OF_IT * record.body.len() as u64 + OVERHEAD
    }
}

#[derive(Default)]
struct Shard {
    epoch: u64,
    changing: Vec<Key>,
}

/// The epoch of a key's shard before a snapshot was taken.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

impl Cache {
    pub(crate) fn new() -> Self {
        let records = Records::with_weighter(ENTRIES, WEIGHT, Weigh);
        Self { records, shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Record> {
        self.records.get(key)
    }

    /// Taken before the snapshot that a missing record is read from.
    pub(crate) fn ticket(&self, key: &Key) -> Ticket {
        Ticket(self.shard(key).lock().epoch)
    }

    /// Keeps what was read from that snapshot, unless it may be out of date.
    pub(crate) fn fill(&self, ticket: Ticket, record: &Record) {
        let shard = self.shard(&record.key).lock();
        if shard.epoch == ticket.0 && !shard.changing.contains(&record.key) {
            self.records.insert(record.key, record.clone());
        }
    }

    /// Forgets the keys, and keeps readers from filling them until the guard is dropped: after the commit, or its failure.
    #[must_use = "the keys may be filled again when this is dropped"]
    pub(crate) fn change(&self, keys: Vec<Key>) -> Changing<'_> {
        for key in &keys {
            let mut shard = self.shard(key).lock();
            shard.epoch += 1;
            shard.changing.push(*key);
            self.records.remove(key);
        }
        Changing { cache: self, keys }
    }

    fn shard(&self, key: &Key) -> &Mutex<Shard> {
        &self.shards[usize::from(key.id[15])]
    }
}

/// Keys that a commit is changing.
pub(crate) struct Changing<'a> {
    cache: &'a Cache,
    keys: Vec<Key>,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        for key in &self.keys {
            let mut shard = self.cache.shard(key).lock();
            shard.epoch += 1;
            if let Some(at) = shard.changing.iter().position(|changing| changing == key) {
                shard.changing.swap_remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Kind, Space};

    fn record(id: u8, version: u64) -> Record {
        let key = Key { space: Space([7; 16]), kind: Kind(1), id: [id; 16] };
        Record::new(key, version, Bytes::from_static(b"sealed"))
    }

    #[derive(Clone, Copy)]
    enum Step {
        Ticket,
        Begin,
        End,
        Fill,
    }
    use Step::{Begin, End, Fill, Ticket as Take};

    /// Goes through the steps of one reader, who read version 1, and one writer; says whether the fill was taken.
    fn check(steps: &[Step], other_shard: bool, filled: bool) {
        let cache = Cache::new();
        let old = record(1, 1);
        let changed = if other_shard { record(2, 1) } else { old.clone() };
        let (mut ticket, mut changing) = (None, None);
        for step in steps {
            match step {
                Take => ticket = Some(cache.ticket(&old.key)),
                Begin => changing = Some(cache.change(vec![changed.key])),
                End => changing = None,
                Fill => cache.fill(ticket.unwrap(), &old),
            }
        }
        drop(changing);
        assert_eq!(cache.get(&old.key).is_some(), filled);
    }

    /// What is asked for again and again is kept, also in a cache full of what was asked for once.
    #[test]
    fn a_full_cache_learns_what_is_asked_for() {
        let cache = Cache::new();
        let body = Bytes::from(vec![0; 1024]);
        let ask = |number: u32| {
            let id = u128::from(number).to_be_bytes();
            let key = Key { space: Space([7; 16]), kind: Kind(1), id };
            let hit = cache.get(&key).is_some();
            if !hit {
                cache.fill(cache.ticket(&key), &Record::new(key, 1, body.clone()));
            }
            hit
        };
        (0..50_000).for_each(|number| _ = ask(number));
        (0..5).for_each(|_| (100_000..101_000).for_each(|number| _ = ask(number)));
        let hits = (100_000..101_000).filter(|number| ask(*number)).count();
        assert!(hits > 900, "{hits} of 1,000");
    }

    #[test]
    fn a_fill_that_may_be_old_is_not_taken() {
        check(&[Take, Fill], false, true);
        check(&[Begin, End, Take, Fill], false, true);
        check(&[Take, Fill, Begin, End], false, false);
        check(&[Take, Begin, Fill, End], false, false);
        check(&[Take, Begin, End, Fill], false, false);
        check(&[Begin, Take, Fill, End], false, false);
        check(&[Begin, Take, End, Fill], false, false);
        check(&[Take, Begin, End, Fill], true, true);
    }
}
