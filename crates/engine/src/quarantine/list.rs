//! [`Quarantines`]: which keys are in quarantine, held in memory, so that a Get of any other key costs nothing for it.
//!
//! The invariant: it follows the records: what decides over a key is read from its record, with its tag.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kmip::Timestamp;
use parking_lot::{Mutex, RwLock};
use store::{Query, Store};
use uuid::Uuid;

use super::Quarantine;
use super::record::{QUARANTINE, read};
use crate::error::Fault;
use crate::registry::Registry;
use crate::usage::Use;

/// Records that are read at a time.
const PAGE: usize = 1000;
/// How often it is logged that a key is asked for, in milliseconds.
const HOUR: i64 = 3_600_000;

type Place = (Uuid, Uuid);

/// The keys in quarantine, by adapter and object.
#[derive(Default)]
pub(crate) struct Quarantines {
    all: RwLock<BTreeMap<Place, Quarantine>>,
    count: AtomicUsize,
    said: Mutex<HashMap<Place, Timestamp>>,
    /// Keys that were destroyed at the end of theirs, the latest of them.
    ended: Mutex<VecDeque<Place>>,
}

/// Of so many ended quarantines it is remembered that they did: more than end while one request is under way.
const ENDED: usize = 4096;

impl Quarantines {
    /// What the store holds. Root keys may be out of use now, so tags are not looked at: that is done before anything is decided.
    pub(crate) async fn open(store: &Arc<dyn Store>, registry: &Registry) -> Result<Self, Fault> {
        let quarantines = Quarantines::default();
        for adapter in registry.all() {
            let mut query =
                Query { space: adapter.space(), kind: QUARANTINE, terms: Vec::new(), after: 0, limit: PAGE };
            loop {
                let page = store.find(&query).await?;
                for (cursor, record) in &page.records {
                    query.after = *cursor;
                    match read(None, adapter.id, record) {
                        Ok(quarantine) => quarantines.set(quarantine),
                        Err(fault) => tracing::error!(%fault, "the record of a key's quarantine is damaged"),
                    }
                }
                if !page.more {
                    break;
                }
            }
        }
        Ok(quarantines)
    }

    pub(crate) fn set(&self, quarantine: Quarantine) {
        let mut all = self.all.write();
        all.insert((quarantine.adapter, quarantine.object), quarantine);
        self.count.store(all.len(), Ordering::Release);
    }

    pub(crate) fn forget(&self, adapter: Uuid, object: Uuid) {
        let mut all = self.all.write();
        all.remove(&(adapter, object));
        self.count.store(all.len(), Ordering::Release);
        self.said.lock().remove(&(adapter, object));
    }

    /// Forgets that of a key which was destroyed at its end.
    pub(crate) fn end(&self, adapter: Uuid, object: Uuid) {
        let mut ended = self.ended.lock();
        if ended.len() >= ENDED {
            ended.pop_front();
        }
        ended.push_back((adapter, object));
        drop(ended);
        self.forget(adapter, object);
    }

    /// Whether the key was destroyed at the end of its quarantine, not long ago.
    pub(crate) fn has_ended(&self, adapter: Uuid, object: Uuid) -> bool {
        self.ended.lock().contains(&(adapter, object))
    }

    pub(crate) fn get(&self, adapter: Uuid, object: Uuid) -> Option<Quarantine> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.all.read().get(&(adapter, object)).cloned()
    }

    /// Those that are asked for, the oldest first.
    pub(crate) fn of(&self, asked: impl Fn(&Quarantine) -> bool) -> Vec<Quarantine> {
        let mut found: Vec<Quarantine> = self.all.read().values().filter(|each| asked(each)).cloned().collect();
        found.sort_by_key(|quarantine| (quarantine.since.millis(), quarantine.object));
        found
    }

    /// Logs that a client asks for a key, once an hour for each.
    pub(crate) fn say(&self, quarantine: &Quarantine, by: &Use) {
        let mut said = self.said.lock();
        let last = said.entry((quarantine.adapter, quarantine.object)).or_insert(Timestamp::from_millis(i64::MIN / 2));
        if by.at.millis() - last.millis() < HOUR {
            return;
        }
        *last = by.at;
        let address = by.address.map(|address| address.to_string()).unwrap_or_default();
        tracing::warn!(key = %quarantine.object, client = by.name, by = by.by, address, "a key in quarantine is asked for, and handed out: it is in use. Release it (`keystead key release`)");
    }
}
