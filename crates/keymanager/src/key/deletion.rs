//! The end of a key: deleted, restored while it can be, purged.
//!
//! The invariant: **a deletion can be taken back for as long as was promised, and a purge never can**: it leaves no record of the key,
//! of its aliases or of any version of its material.

use crate::audit::success;
use crate::change::{ATTEMPTS, Decision};
use crate::erasure::Erasure;
use crate::instance::Making;
use crate::key::{Found, SetForDeletion};
use crate::ledger::Stored;
use crate::record::SealedVersion;
use crate::timers::left;
use crate::{Call, Error, Event, Key, KeyManager, KmipKey, Refusal};
use kmip::Timestamp;
use std::sync::Arc;
use store::{Batch, Change, Expect};
use uuid::Uuid;

impl KeyManager {
    /// Deletes a key: what is sealed under it is unreadable from now on, and a KMIP object is not found any more. It can be
    /// restored for 30 days.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::InUse`] while adapters are registered on it and it is not forced;
    /// [`Error::AuthorizationsNotMet`] where two people are needed; [`Error::State`], [`Error::Deleted`].
    pub async fn delete_key(&self, call: &Call, id_or_alias: &str, force: bool) -> Result<Key, Error> {
        let key = match self.find(call, id_or_alias, None).await? {
            Found::Own(stored) => stored.entry,
            Found::Kmip(key) if key.deleted.is_some() => return Err(Error::Deleted(key.id)),
            Found::Kmip(key) => return Ok(Key::of_kmip(call.instance, &self.kmip().delete(call, key.id).await?)),
        };
        self.change(call, key.id, |key| {
            let state = key.after(Event::Delete)?;
            if !force {
                self.check_unused(key)?;
            }
            self.check_two_people(call, key)?;
            Ok(Decision::to(Key {
                state,
                deleted: Some(call.now),
                deleted_by: Some(call.actor.clone()),
                suspended: None,
                set_for_deletion: None,
                synced: Some(call.now),
                ..key.clone()
            }))
        })
        .await
    }

    /// Takes back a deletion of the last 30 days, 30 seconds after it or later: the key is active again, with its policies.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::State`] for a key that is not deleted; [`Error::TooEarly`], [`Error::RestoreExpired`],
    /// [`Error::Expired`].
    pub async fn restore(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        let key = match self.find(call, id_or_alias, None).await? {
            Found::Own(stored) => stored.entry,
            Found::Kmip(key) => return self.restore_kmip(call, &key).await,
        };
        key.after(Event::Restore)?;
        // No material is brought along that `enforce_token` could ask a token for.
        let making = Making { extractable: key.extractable, imported: key.imported, with_token: true };
        self.check_making(call.instance, making).await?;
        let restored = self.change(call, key.id, |key| {
            let state = key.after(Event::Restore)?;
            self.check_restorable(call, key.id, key.deleted)?;
            if key.expires.is_some_and(|expires| expires <= call.now) {
                return Err(Error::Expired(key.id));
            }
            Ok(Decision::to(Key { state, deleted: None, deleted_by: None, synced: Some(call.now), ..key.clone() }))
        });
        let restored = restored.await?;
        self.rotations.wake();
        Ok(restored)
    }

    /// Erases a deleted key, 4 hours after its deletion or later: its record and every version of its material are removed, and when this
    /// returns they are destroyed. Should that be cut off, or fail, it is taken up again; its record of destruction says how far it is.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::NotDeleted`], [`Error::TooEarly`], [`Error::Busy`]; [`Error::AuthorizationsNotMet`] where two
    /// people are needed and the caller is the one who deleted it.
    pub async fn purge(&self, call: &Call, id: &str) -> Result<Key, Error> {
        self.purge_and_destroy(call, id, None).await
    }

    /// Erases a key, at once where two people asked for it.
    pub(crate) async fn purge_and_destroy(
        &self,
        call: &Call,
        id: &str,
        asked: Option<&Stored<Erasure>>,
    ) -> Result<Key, Error> {
        let purged = self.purge_pending(call, id, asked).await?;
        self.destroy_purged(call).await;
        Ok(purged)
    }

    /// The same, its destruction pending when this returns: for what is due by itself, of which there may be many.
    pub(crate) async fn purge_pending(
        &self,
        call: &Call,
        id: &str,
        asked: Option<&Stored<Erasure>>,
    ) -> Result<Key, Error> {
        for _ in 0..ATTEMPTS {
            let found = self.find(call, id, None).await?;
            let key = found.key(call);
            match asked {
                Some(first) => check_same_deletion(&key, &first.entry)?,
                None => {
                    self.check_purge(call, key.id, key.deleted)?;
                    self.check_another(call, &key).await?;
                }
            }
            match self.remove(call, &found, &key, asked).await {
                Err(Error::Store(store::Error::Conflict(_))) => {}
                other => return other.map(|()| key),
            }
        }
        Err(Error::Busy)
    }

    /// In one batch: the key, whatever was asked for of its erasure, and the record of its destruction.
    async fn remove(
        &self,
        call: &Call,
        found: &Found,
        key: &Key,
        asked: Option<&Stored<Erasure>>,
    ) -> Result<(), Error> {
        let mut changes: Vec<_> = self.forgotten_erasure(key.instance, key.id, asked).await?.into_iter().collect();
        let asked = asked.map(|first| first.entry.word());
        match found {
            Found::Own(stored) => {
                let versions = self.sealed_versions(key).await?;
                let record =
                    self.destruction_of(call, key, versions.iter().map(|old| old.entry.id).collect(), asked)?;
                changes.push(self.ledger.put(Expect::Absent, &record));
                changes.extend(self.taken_away(stored, &versions).await?);
                self.commit(call, Batch { changes, events: vec![success(call, &key.target())] }, false).await
            }
            Found::Kmip(kmip) => {
                let record = self.destruction_of_kmip(call, key, asked)?;
                changes.push(self.ledger.put(Expect::Absent, &record));
                self.kmip().purge(call, kmip.id, &changes).await
            }
        }
    }

    /// The purge is done and stays; that its destruction is not is for the log, and for the next attempt.
    async fn destroy_purged(&self, call: &Call) {
        if let Err(error) = self.finish_destructions(call.now).await {
            tracing::error!(%error, "a key was purged, and its destruction is not finished: it is taken up again");
        }
    }

    async fn restore_kmip(&self, call: &Call, key: &KmipKey) -> Result<Key, Error> {
        if key.deleted.is_none() {
            return Err(Error::State { key: key.id, refusal: Refusal::NotDeleted });
        }
        if key.erased {
            return Err(Error::RestoreExpired(key.id));
        }
        self.check_restorable(call, key.id, key.deleted)?;
        Ok(Key::of_kmip(call.instance, &self.kmip().restore(call, key.id).await?))
    }

    /// The changes that take a key away with all that hangs on it: its versions, its aliases, the jobs of its rotations.
    pub(crate) async fn taken_away(
        &self,
        stored: &Stored<Arc<Key>>,
        versions: &[Stored<SealedVersion>],
    ) -> Result<Vec<Change>, Error> {
        let key = &stored.entry;
        let mut changes = vec![Change::Delete { key: key.place(), version: stored.version }];
        changes.extend(versions.iter().map(|old| Change::Delete { key: old.entry.place(), version: old.version }));
        changes.extend(self.freed_aliases(key).await?);
        changes.extend(self.forgotten_jobs(key).await?);
        Ok(changes)
    }

    /// Whether nobody is registered on a key.
    fn check_unused(&self, key: &Key) -> Result<(), Error> {
        let users = self.kmip().registrations(key.instance, Some(key.id));
        if users.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
        Err(Error::InUse { key: key.id, users: names.join(", ") })
    }

    /// Whether two people agree on a deletion, where two are needed: this one, and another one before, not too long ago.
    fn check_two_people(&self, call: &Call, key: &Key) -> Result<(), Error> {
        let period = self.timers.deletion_authorized;
        let agrees = |first: &SetForDeletion| first.by != call.actor && !is_over(first.at, period, call.now);
        if key.needs_two() && !key.set_for_deletion.as_ref().is_some_and(agrees) {
            return Err(Error::AuthorizationsNotMet(key.id));
        }
        Ok(())
    }

    fn check_restorable(&self, call: &Call, key: Uuid, deleted: Option<Timestamp>) -> Result<(), Error> {
        let deleted = deleted.ok_or(Error::RestoreExpired(key))?;
        if let Some(seconds) = left(deleted, self.timers.restore_after, call.now) {
            return Err(Error::TooEarly { what: "restoring the key", seconds });
        }
        if is_over(deleted, self.timers.restorable, call.now) { Err(Error::RestoreExpired(key)) } else { Ok(()) }
    }

    /// Whether somebody else deleted the key, where its policy or its instance's asks for two people.
    async fn check_another(&self, call: &Call, key: &Key) -> Result<(), Error> {
        let alone = key.deleted_by.as_ref() == Some(&call.actor);
        if alone && (key.needs_two() || self.needs_two_people(call.instance).await?) {
            return Err(Error::AuthorizationsNotMet(key.id));
        }
        Ok(())
    }

    fn check_purge(&self, call: &Call, key: Uuid, deleted: Option<Timestamp>) -> Result<(), Error> {
        let deleted = deleted.ok_or(Error::NotDeleted(key))?;
        match left(deleted, self.timers.purge_after, call.now) {
            Some(seconds) => Err(Error::TooEarly { what: "purging the key", seconds }),
            None => Ok(()),
        }
    }
}

/// What two people asked for counts for the deletion that they asked it for.
fn check_same_deletion(key: &Key, first: &Erasure) -> Result<(), Error> {
    if key.deleted == Some(first.deleted) { Ok(()) } else { Err(Error::NotDeleted(key.id)) }
}

/// Whether a period is over, its last moment not included.
fn is_over(since: Timestamp, period: i64, now: Timestamp) -> bool {
    since.millis().saturating_add(period) < now.millis()
}
