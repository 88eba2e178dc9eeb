//! Deleted KMIP objects: their material is erased when they can't be restored any more, and they are purged when their time comes.
//!
//! Nothing here finds them by their time, so an instance that has any is looked through whole: seldom, then. The invariant: **an object
//! is erased and purged late by no more than that, and never early.**

use super::{ACTOR, Due, PAGE, Round, after};
use crate::ledger::Stored;
use crate::{Call, Error, Instance, Key, KeyManager, KmipKey, KmipOrder, KmipPage};
use kmip::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// Between two looks, at most: an hour.
const EVERY: i64 = 60 * 60 * 1000;
/// And this part of the shorter of the times after which objects are erased and purged.
const PART: i64 = 24;

/// When the KMIP objects were last looked through.
pub(crate) struct Looked(AtomicI64);

impl Default for Looked {
    fn default() -> Self {
        Looked(AtomicI64::new(i64::MIN))
    }
}

impl Looked {
    /// Whether to look again. A clock that was set back is no reason to wait.
    fn again(&self, now: Timestamp, every: i64) -> bool {
        let again = now.millis().abs_diff(self.0.load(Ordering::Relaxed)) >= every.unsigned_abs();
        if again {
            self.0.store(now.millis(), Ordering::Relaxed);
        }
        again
    }
}

impl KeyManager {
    pub(super) async fn purge_kmip_keys(&self, instances: &[Stored<Instance>], now: Timestamp, round: &mut Round) {
        if !self.looked.again(now, EVERY.min(self.timers.purge_at.min(self.timers.restorable) / PART)) {
            return;
        }
        for instance in instances.iter().map(|stored| stored.entry.id) {
            if let Err(error) = self.purge_kmip_keys_of(instance, now, round).await {
                round.fail(Due::Purge, instance, None, &error);
            }
        }
    }

    async fn purge_kmip_keys_of(&self, instance: Uuid, now: Timestamp, round: &mut Round) -> Result<(), Error> {
        let kmip = self.kmip();
        if kmip.count(instance).await?.deleted == 0 {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = KmipPage { by: KmipOrder::Id { after }, descending: false, limit: PAGE };
            let keys = kmip.list(instance, page).await?;
            let Some(last) = keys.last() else { return Ok(()) };
            after = Some(last.id);
            for key in &keys {
                self.do_kmip_if_due(instance, key, now, round).await;
            }
        }
    }

    async fn do_kmip_if_due(&self, instance: Uuid, kmip: &KmipKey, now: Timestamp, round: &mut Round) {
        let key = Key::of_kmip(instance, kmip);
        if Due::Purge.is_due(&key, now, &self.timers) {
            let call = Call::internal(instance, Due::Purge.action(), ACTOR, now);
            let outcome = self.purge_pending(&call, &key.id.to_string(), None).await.map(|_| ());
            self.note(Due::Purge, &call, key.id, outcome, round).await;
        } else if !kmip.erased && kmip.deleted.is_some_and(|deleted| after(deleted, self.timers.restorable) < now) {
            let call = Call::internal(instance, Due::Purge.action(), ACTOR, now);
            match self.kmip().erase(&call, key.id).await {
                Ok(()) => self.shredder.want_scrub(),
                Err(error) => self.note_unerased(&call, key.id, &error, round).await,
            }
        }
    }

    /// Counts an erasure that failed, unless somebody was faster, or has taken the deletion back.
    async fn note_unerased(&self, call: &Call, id: Uuid, error: &Error, round: &mut Round) {
        let still = self.kmip().get(call.instance, id).await;
        if still.is_ok_and(|key| key.is_none_or(|key| key.erased || key.deleted.is_none())) {
            return;
        }
        round.failed += 1;
        let instance = call.instance;
        tracing::warn!(%instance, key = %id, %error, "a deleted key's material could not be erased: it is tried again");
    }
}
