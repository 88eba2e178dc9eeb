//! [`Known`]: the principals that were found out, for as long as that holds.
//!
//! The invariant: **nothing that was read in an older access epoch is used.** Each change of an API key, a service ID, a grant or an
//! authorization moves the epoch, see `change`. No API key's secret is kept here, and no digest of one.

use crate::identity::Principal;
use kmip::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Principals that are kept at most.
const MOST: usize = 4096;

/// An API key's principal, and until when it is one.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) principal: Principal,
    pub(super) expires: Option<Timestamp>,
}

/// What is known in one epoch.
#[derive(Default)]
pub(crate) struct Known {
    epoch: Arc<AtomicU64>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    epoch: u64,
    holders: HashMap<Uuid, Arc<Holder>>,
}

impl Known {
    /// The epoch, to be asked before anything is read that is then kept.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Moves the epoch when it is dropped, however that comes about.
    pub(super) fn moves(&self) -> Moves {
        Moves(Arc::clone(&self.epoch))
    }

    /// Who stands behind an API key, if that is known.
    pub(super) fn holder(&self, api_key: Uuid) -> Option<Arc<Holder>> {
        self.now().holders.get(&api_key).cloned()
    }

    /// Keeps what was read in `epoch`, if that still stands.
    pub(super) fn keep(&self, epoch: u64, holder: &Arc<Holder>) {
        let mut cache = self.now();
        if cache.epoch != epoch {
            return;
        }
        if cache.holders.len() >= MOST {
            cache.holders.clear();
        }
        cache.holders.insert(holder.principal.api_key, Arc::clone(holder));
    }

    /// The cache, without what an older epoch left.
    fn now(&self) -> MutexGuard<'_, Cache> {
        let mut cache = self.cache.lock();
        let epoch = self.epoch();
        if cache.epoch != epoch {
            *cache = Cache { epoch, ..Cache::default() };
        }
        cache
    }
}

/// See [`Known::moves`].
pub(super) struct Moves(Arc<AtomicU64>);

impl Drop for Moves {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
