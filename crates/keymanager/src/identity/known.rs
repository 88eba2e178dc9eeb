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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Access;

    fn holder(number: u128) -> Arc<Holder> {
        let api_key = Uuid::from_u128(number);
        let access = Access::Reaches([].into());
        let principal =
            Principal { iam_id: String::new(), service_id: None, api_key, name: String::new(), home: None, access };
        Arc::new(Holder { principal, expires: None })
    }

    #[test]
    fn what_was_read_in_an_older_epoch_is_not_kept() {
        let known = Known::default();
        let before = known.epoch();
        known.keep(before, &holder(1));
        assert!(known.holder(Uuid::from_u128(1)).is_some());
        drop(known.moves());
        assert!(known.holder(Uuid::from_u128(1)).is_none());
        known.keep(before, &holder(1));
        assert!(known.holder(Uuid::from_u128(1)).is_none(), "it was read before the change");
        known.keep(known.epoch(), &holder(1));
        assert!(known.holder(Uuid::from_u128(1)).is_some());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let known = Known::default();
        for number in 0..3 * MOST as u128 {
            known.keep(known.epoch(), &holder(number));
            assert!(known.cache.lock().holders.len() <= MOST);
            assert!(known.holder(Uuid::from_u128(number)).is_some());
        }
    }
}
