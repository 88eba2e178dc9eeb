//! What falls due by itself: keys that expire, rotations that policies ask for, deleted keys that are purged after 90 days.
//!
//! The invariant: **what is due is done once, however many nodes look, and late rather than never.** Due is what a key's record says,
//! not what somebody remembers to do; each step is decided on the very record that it changes, so of two nodes one is too late and
//! leaves it at that.

mod objects;

pub(crate) use objects::Looked;

use crate::audit::success;
use crate::key::{Timeline, rotating};
use crate::ledger::{Stored, place, space};
use crate::record::Entry;
use crate::{Action, Call, Error, Instance, Key, KeyManager, State, Timers};
use kmip::Timestamp;
use std::sync::Arc;
use store::{Batch, Expect, Query, Space, Term};
use uuid::Uuid;

/// Who does it, in audit events.
const ACTOR: &str = "key-manager";
/// Records that are looked at in one go.
const PAGE: usize = 256;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Keys that became deactivated.
    pub expired: usize,
    /// Root keys that were rotated.
    pub rotated: usize,
    /// Keys, and retired versions of root keys, that were purged.
    pub purged: usize,
    /// What could not be done, and is tried again in the next round.
    pub failed: usize,
}

/// What can fall due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Expiry,
    Rotation,
    Purge,
}

impl Due {
    /// In this order: a key whose time is over is not rotated any more.
    const ALL: [Due; 3] = [Due::Expiry, Due::Rotation, Due::Purge];

    fn action(self) -> Action {
        match self {
            Due::Expiry => Action::ExpireKey,
            Due::Rotation => Action::RotateKey,
            Due::Purge => Action::PurgeKey,
        }
    }

    /// Terms of which every key that is due bears one: it may not be due yet.
    fn terms(self, now: Timestamp, timers: &Timers) -> Vec<Term> {
        match self {
            Due::Expiry => Timeline::Expiring.until(now),
            Due::Rotation => vec![rotating()],
            Due::Purge => Timeline::Deleted.until(after(now, timers.purge_at.saturating_neg())),
        }
    }

    /// Whether it is due for a key whose record this is.
    fn is_due(self, key: &Key, now: Timestamp, timers: &Timers) -> bool {
        match self {
            Due::Expiry => key.state_at(now) != key.state,
            Due::Rotation => rotates_at(key, timers).is_some_and(|at| at <= now) && key.state_at(now) == State::Active,
            Due::Purge => {
                let deleted = key.deleted.filter(|_| key.state == State::Destroyed);
                deleted.is_some_and(|deleted| after(deleted, timers.purge_at) <= now)
            }
        }
    }
}

/// When a key's policy asks for its next rotation: so many months after the last one, or after it was made (Key Protect: "Rotating
/// your root keys", table 2).
fn rotates_at(key: &Key, timers: &Timers) -> Option<Timestamp> {
    let policy = key.rotation.as_ref().filter(|policy| policy.enabled)?;
    let interval = timers.month.saturating_mul(i64::from(policy.interval_month));
    Some(after(key.rotated.unwrap_or(key.created), interval))
}

fn after(time: Timestamp, period: i64) -> Timestamp {
    Timestamp::from_millis(time.millis().saturating_add(period))
}

impl Round {
    fn count(&mut self, due: Due) {
        match due {
            Due::Expiry => self.expired += 1,
            Due::Rotation => self.rotated += 1,
            Due::Purge => self.purged += 1,
        }
    }

    fn fail(&mut self, due: Due, instance: Uuid, key: Option<Uuid>, error: &Error) {
        self.failed += 1;
        let key = key.map(|key| key.to_string());
        tracing::warn!(?due, %instance, key, %error, "what is due could not be done: it is tried again");
    }
}

impl KeyManager {
    /// Does what is due in every instance. Called every minute or so. What was purged is destroyed by
    /// [`KeyManager::take_up_shredding`], once for all of it.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`] when not even the instances can be listed; all else is logged by key and counted as failed.
    pub async fn do_what_is_due(&self, now: Timestamp) -> Result<Round, Error> {
        let instances = self.ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await?;
        let mut round = Round::default();
        for instance in instances.iter().map(|stored| stored.entry.id) {
            self.erase_versions(instance, now, &mut round).await;
            for due in Due::ALL {
                if let Err(error) = self.do_all(due, instance, now, &mut round).await {
                    round.fail(due, instance, None, &error);
                }
            }
        }
        self.purge_kmip_keys(&instances, now, &mut round).await;
        Ok(round)
    }

    /// Erases the material of versions whose retirement can't be taken back any more.
    async fn erase_versions(&self, instance: Uuid, now: Timestamp, round: &mut Round) {
        let call = Call::internal(instance, Action::EraseKeyVersion, ACTOR, now);
        let versions = match self.versions_to_erase(&call).await {
            Ok(versions) => versions,
            Err(error) => return round.fail(Due::Purge, instance, None, &error),
        };
        for version in versions {
            match self.erase_version(&call, &version).await {
                Ok(()) => round.purged += 1,
                // Somebody else was faster, or took the retirement back.
                Err(Error::Store(store::Error::Conflict(_))) => {}
                Err(error) => round.fail(Due::Purge, instance, Some(version.entry.key), &error),
            }
        }
    }

    /// Does one thing for all keys of an instance for which it is due, as the index finds them.
    async fn do_all(&self, due: Due, instance: Uuid, now: Timestamp, round: &mut Round) -> Result<(), Error> {
        for term in due.terms(now, &self.timers) {
            let terms = vec![term];
            let mut query = Query { space: space(instance), kind: Key::KIND, terms, after: 0, limit: PAGE };
            loop {
                let page = self.ledger.store().find(&query).await?;
                for (cursor, record) in &page.records {
                    let place = store::Key { id: record.key.id, ..place::<Key>(space(instance), Uuid::nil()) };
                    match self.ledger.verified::<Key>(&place, record) {
                        Ok(key) => self.do_if_due(due, &key, now, round).await,
                        Err(error) => round.fail(due, instance, Some(Uuid::from_bytes(place.id)), &error),
                    }
                    query.after = *cursor;
                }
                if !page.more || page.records.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn do_if_due(&self, due: Due, key: &Stored<Arc<Key>>, now: Timestamp, round: &mut Round) {
        if !due.is_due(&key.entry, now, &self.timers) {
            return;
        }
        let call = Call::internal(key.entry.instance, due.action(), ACTOR, now);
        let outcome = match due {
            Due::Expiry => self.expire(&call, key).await,
            Due::Rotation => self.rotate_due(&call, key.entry.id).await,
            Due::Purge => self.purge_pending(&call, &key.entry.id.to_string(), None).await.map(|_| ()),
        };
        self.note(due, &call, key.entry.id, outcome, round).await;
    }

    /// Counts what was done. An error is none where somebody else did it first, or nobody has to any more.
    async fn note(&self, due: Due, call: &Call, key: Uuid, outcome: Result<(), Error>, round: &mut Round) {
        match outcome {
            Ok(()) => round.count(due),
            Err(error) => {
                if self.is_still_due(due, call, key).await.unwrap_or(true) {
                    round.fail(due, call.instance, Some(key), &error);
                }
            }
        }
    }

    async fn is_still_due(&self, due: Due, call: &Call, key: Uuid) -> Result<bool, Error> {
        if let Some(own) = self.ledger.kept::<Key>(space(call.instance), key).await? {
            return Ok(due.is_due(&own, call.now, &self.timers));
        }
        let kmip = self.kmip().get(call.instance, key).await?;
        Ok(kmip.is_some_and(|key| due.is_due(&Key::of_kmip(call.instance, &key), call.now, &self.timers)))
    }

    /// Rotates a key unless somebody has just done so, or nobody wants it any more.
    async fn rotate_due(&self, call: &Call, key: Uuid) -> Result<(), Error> {
        let is_wanted = |key: &Key| match Due::Rotation.is_due(key, call.now, &self.timers) {
            true => Ok(()),
            false => Err(Error::RotatedRecently { key: key.id, seconds: 0 }),
        };
        self.rotate_if(call, &key.to_string(), None, is_wanted).await.map(|_| ())
    }

    /// Writes down that a key's time is over, which every use of it has gone by since that moment (see [`Key::state_at`]).
    async fn expire(&self, call: &Call, key: &Stored<Arc<Key>>) -> Result<(), Error> {
        let state = key.entry.state_at(call.now);
        let after = Key { state, updated: Some(call.now), ..Key::clone(&key.entry) };
        let changes = vec![self.ledger.put(Expect::Version(key.version), &after)];
        self.commit(call, Batch { changes, events: vec![success(call, &after.target())] }, true).await
    }
}
