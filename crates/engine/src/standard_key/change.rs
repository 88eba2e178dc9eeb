//! Standard keys are deleted, restored, erased and purged.
//!
//! The invariant: each change is one batch with its event, and a deletion that is taken back leaves no trace in the object.

use std::sync::Arc;

use kmip::Timestamp;
use kmip::attribute;
use uuid::Uuid;

use super::life::{Refusal, Stage, Step};
use super::{Deletion, StandardKey};
use crate::Engine;
use crate::error::{Failure, Refusal as Kmip};
use crate::lifecycle;
use crate::manage::{Error, until_decided};
use crate::object::Object;
use crate::origin::{Change, Origin};
use crate::record::{self, Stored};
use crate::registry::Actor;
use crate::scope::Scope;
use crate::viewer::Viewed;

impl Engine {
    /// Deletes a standard key, in whichever state its object is. From the moment at which this returns, KMIP finds it no more.
    ///
    /// # Errors
    /// No such key, one that is deleted or destroyed already, a root key that can't be used, failures of the store.
    pub async fn delete_standard_key(
        &self,
        instance: Uuid,
        id: Uuid,
        by: &Actor,
        now: Timestamp,
    ) -> Result<StandardKey, Error> {
        self.step(instance, id, Step::Delete, by, now, &[]).await
    }

    /// Takes a deletion back, or a destruction by KMIP: the object is what it was, byte for byte. One that was destroyed comes back without
    /// those of its names that another object has taken in the meantime, and with the date of this change as its Last Change Date: its
    /// attributes State and Destroy Date change (KMIP 1.4, 3.38), where a deletion changes none.
    ///
    /// # Errors
    /// No such key, one that is not deleted or whose material is gone, and as [`Engine::delete_standard_key`].
    pub async fn restore_standard_key(
        &self,
        instance: Uuid,
        id: Uuid,
        by: &Actor,
        now: Timestamp,
    ) -> Result<StandardKey, Error> {
        self.step(instance, id, Step::Restore, by, now, &[]).await
    }

    /// Erases the material of a deleted or destroyed key, since the time for taking that back is over. All else stays.
    ///
    /// # Errors
    /// No such key, one that is not deleted or has no material any more, and as [`Engine::delete_standard_key`].
    pub async fn erase_standard_key(
        &self,
        instance: Uuid,
        id: Uuid,
        by: &Actor,
        now: Timestamp,
    ) -> Result<StandardKey, Error> {
        self.step(instance, id, Step::Erase, by, now, &[]).await
    }

    /// Erases a deleted key's material for good and gives its names back. A tombstone stays. Other records' changes go into the same
    /// batch.
    ///
    /// # Errors
    /// No such key, one that is not deleted or is purged already, and as [`Engine::delete_standard_key`].
    pub async fn purge_standard_key(
        &self,
        instance: Uuid,
        id: Uuid,
        by: &Actor,
        now: Timestamp,
        also: &[store::Change],
    ) -> Result<StandardKey, Error> {
        self.step(instance, id, Step::Purge, by, now, also).await
    }

    /// Takes away a key of a restored store that was purged after the backup was made, in whichever state it is here. That works
    /// without its root key, which may be disabled or deleted: nothing is opened, and so no tombstone is made, which would bear a tag
    /// under the adapter's key. The record of destruction, one of the changes that go into the same batch, says what it was.
    ///
    /// # Errors
    /// No such key, a record that can't be read, failures of the store.
    pub async fn bury_standard_key(
        &self,
        instance: Uuid,
        id: Uuid,
        by: &Actor,
        now: Timestamp,
        also: &[store::Change],
    ) -> Result<(), Error> {
        let (adapter, record) = self.standard_key_record(instance, id).await?.ok_or(Error::NotFound("key"))?;
        let origin = Origin::Administrator { adapter: &adapter, by };
        let mut scope = Scope::administrative(self, &origin, now);
        scope.release_names(&record::unverified(&record)?).await?;
        scope.take_away(id, record.key, record.version).await?;
        also.iter().for_each(|change| scope.also(change.clone()));
        let change = told(Step::Purge, id, None);
        scope.commit(origin.changed(&change, now)).await?;
        Ok(())
    }

    async fn step(
        &self,
        instance: Uuid,
        id: Uuid,
        step: Step,
        by: &Actor,
        now: Timestamp,
        also: &[store::Change],
    ) -> Result<StandardKey, Error> {
        until_decided(|| self.try_step(instance, id, step, by, now, also)).await
    }

    async fn try_step(
        &self,
        instance: Uuid,
        id: Uuid,
        step: Step,
        by: &Actor,
        now: Timestamp,
        also: &[store::Change],
    ) -> Result<StandardKey, Error> {
        let (adapter, _) = self.standard_key_record(instance, id).await?.ok_or(Error::NotFound("key"))?;
        let adapter = &*adapter;
        let refused = |refusal| Error::StandardKey(id, refusal);
        let mut stored = self.stored(adapter, id, now).await?.ok_or(refused(Refusal::Purged))?;
        Stage::of(&stored.object).after(step).map_err(refused)?;
        let origin = Origin::Administrator { adapter, by };
        let mut scope = Scope::administrative(self, &origin, now);
        let lost = take(step, &mut stored, &mut scope).await?;
        let message =
            (!lost.is_empty()).then(|| format!("without its names that another key has now: {}", lost.join(", ")));
        also.iter().for_each(|change| scope.also(change.clone()));
        let change = told(step, id, message.as_deref());
        scope.commit(origin.changed(&change, now)).await?;
        Ok(StandardKey::of(adapter, &Viewed { object: Arc::clone(&stored.object), verified: true }))
    }
}

fn told(step: Step, id: Uuid, message: Option<&str>) -> Change<'_> {
    Change { action: step.action(), type_uri: "kms/secrets", kind: "key", id, name: None, message }
}

/// Takes a step; gives the names that the key has lost to others.
async fn take(step: Step, stored: &mut Stored, scope: &mut Scope<'_>) -> Result<Vec<String>, Failure> {
    match step {
        Step::Delete => {
            let deletion = Deletion { at: scope.now(), by: scope.initiator().to_owned() };
            stored.change().history.deleted = Some(deletion);
            scope.replace(stored).await?;
        }
        Step::Restore if stored.object.is_deleted() => {
            stored.change().history.deleted = None;
            scope.replace(stored).await?;
        }
        Step::Restore => return revive(stored, scope).await,
        Step::Erase => {
            scope.release_names(&stored.object).await?;
            let object = stored.change();
            (object.sealed, object.history.before) = (None, None);
            scope.replace(stored).await?;
        }
        Step::Purge => {
            scope.release_names(&stored.object).await?;
            let now = scope.now();
            erase(stored.change(), now);
            scope.bury(stored).await?;
        }
    }
    Ok(Vec::new())
}

async fn revive(stored: &mut Stored, scope: &mut Scope<'_>) -> Result<Vec<String>, Failure> {
    let object = stored.change();
    if !lifecycle::revive(object) {
        return Err(Kmip::Destroyed.into());
    }
    let lost = scope.reclaim_names(object).await?;
    scope.update(stored).await?;
    Ok(lost)
}

/// Leaves of an object when it was made, last changed and destroyed, and by whom.
fn erase(object: &mut Object, now: Timestamp) {
    let kept = [&attribute::INITIAL_DATE, &attribute::LAST_CHANGE_DATE, &attribute::DESTROY_DATE];
    object.attributes.retain(|attribute| kept.iter().any(|row| attribute.name.is(row)));
    (object.sealed, object.history.before) = (None, None);
    object.history.purged_at = Some(now);
}
