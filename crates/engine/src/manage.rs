//! What administrators do to an adapter's objects and to adapters, beside KMIP.
//!
//! An object that is deleted as a standard key ([`crate::standard_key`]) is none here either, until it is restored: it is neither
//! listed nor counted nor found. The invariant: nothing here gives out material.

mod error;
mod list;
mod removal;

use kmip::Timestamp;
use kmip::enums::State;
use uuid::Uuid;

pub use error::Error;
pub use list::{ObjectPage, ObjectQuery, ObjectView, Objects};

use crate::Engine;
use crate::error::{Failure, Refusal};
use crate::exchange::ATTEMPTS;
use crate::lifecycle;
use crate::object::Object;
use crate::origin::{Change, Origin};
use crate::record::{Stored, place, read};
use crate::registry::{Actor, Adapter, DELETE, MANAGEMENT};
use crate::scope::Scope;

/// What taking a deactivation back is called in audit events: IBM has no such action.
const REACTIVATE: &str = "keystead.kmip-object.reactivate";

impl Engine {
    /// One of an adapter's objects.
    ///
    /// # Errors
    /// No such object, a root key that can't be used, a damaged record, failures of the store.
    pub async fn object(&self, adapter: &Adapter, id: Uuid, now: Timestamp) -> Result<ObjectView, Error> {
        Ok(ObjectView::of(&self.there(adapter, id, now).await?.object, true))
    }

    /// The object, deleted or not, if there is one.
    pub(crate) async fn stored(&self, adapter: &Adapter, id: Uuid, now: Timestamp) -> Result<Option<Stored>, Error> {
        let key = self.keyring.key(&adapter.key).await?;
        let place = place(adapter, id);
        let record = self.store.get(&place).await?;
        Ok(record.map(|record| read(&key, &place, &record, now)).transpose()?)
    }

    pub(crate) async fn there(&self, adapter: &Adapter, id: Uuid, now: Timestamp) -> Result<Stored, Error> {
        let stored = self.stored(adapter, id, now).await?;
        stored.filter(|stored| !stored.object.is_deleted()).ok_or(Error::NotFound("key"))
    }

    /// Destroys an object, which can be taken back for a time as a deletion of a standard key can. What KMIP may not, an administrator may by force: destroy an object that is active. To force the
    /// destruction of what is destroyed already writes its record anew and changes nothing else (key-protect: DELETE
    /// kmip_objects/{id}, `force`).
    ///
    /// # Errors
    /// No such object; without force, one that is active or destroyed; and as [`Engine::object`].
    pub async fn destroy_object(
        &self,
        adapter: &Adapter,
        id: Uuid,
        force: bool,
        by: &Actor,
        now: Timestamp,
    ) -> Result<ObjectView, Error> {
        until_decided(|| self.try_to_destroy(adapter, id, force, by, now)).await
    }

    /// Makes an object active again that was deactivated: KMIP has no way back (KMIP 1.4, 3.22), and a key that was deactivated by mistake
    /// may be one that disks need. Its Deactivation Date and Revocation Reason go.
    ///
    /// # Errors
    /// No such object, one that is not deactivated, and as [`Engine::object`].
    pub async fn reactivate_object(
        &self,
        adapter: &Adapter,
        id: Uuid,
        reason: Option<&str>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<ObjectView, Error> {
        until_decided(|| self.try_to_reactivate(adapter, id, reason, by, now)).await
    }

    async fn try_to_reactivate(
        &self,
        adapter: &Adapter,
        id: Uuid,
        reason: Option<&str>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<ObjectView, Error> {
        let mut stored = self.there(adapter, id, now).await?;
        let origin = Origin::Administrator { adapter, by };
        let mut scope = Scope::administrative(self, &origin, now);
        lifecycle::reactivate(stored.change()).map_err(Failure::from)?;
        scope.update(&mut stored).await?;
        let change =
            Change { action: REACTIVATE, type_uri: MANAGEMENT, kind: "kmip-object", id, name: None, message: reason };
        scope.commit(origin.changed(&change, now)).await?;
        Ok(ObjectView::of(&stored.object, true))
    }

    async fn try_to_destroy(
        &self,
        adapter: &Adapter,
        id: Uuid,
        force: bool,
        by: &Actor,
        now: Timestamp,
    ) -> Result<ObjectView, Error> {
        let mut stored = self.there(adapter, id, now).await?;
        let origin = Origin::Administrator { adapter, by };
        let mut scope = Scope::administrative(self, &origin, now);
        if stored.object.is_destroyed() && force {
            scope.replace(&stored).await?;
        } else {
            destroyed(stored.change(), force, &by.id, now)?;
            scope.release_names(&stored.object).await?;
            scope.update(&mut stored).await?;
        }
        let change =
            Change { action: DELETE, type_uri: MANAGEMENT, kind: "kmip-object", id, name: None, message: None };
        scope.commit(origin.changed(&change, now)).await?;
        Ok(ObjectView::of(&stored.object, true))
    }
}

fn destroyed(object: &mut Object, force: bool, by: &str, now: Timestamp) -> Result<(), Error> {
    let outcome = match object.state() {
        Some(State::Active) if !force => return Err(Error::Active(object.id.0)),
        _ => lifecycle::destroy_by_force(object, by, now),
    };
    Ok(outcome.map_err(Failure::from)?)
}

/// Makes a change, again for as long as others' commits come before it: each time it is decided anew.
pub(crate) async fn until_decided<T, F: Future<Output = Result<T, Error>>>(change: impl Fn() -> F) -> Result<T, Error> {
    for _ in 0..ATTEMPTS {
        match change().await {
            Err(error) if error.is_conflict() => {}
            outcome => return outcome,
        }
    }
    Err(Error::Refused(Refusal::Busy))
}
