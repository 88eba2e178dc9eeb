//! Service IDs: the principals of programs and people. What they may do is granted to them; what they show is an API key.
//!
//! The invariant: **whoever does not look after a service ID can't tell it from one that never was**, and a name is one service ID's
//! only among those of one owner.

use super::change::again;
use super::realm::Realm;
use crate::audit::{Target, success};
use crate::ledger::{Stored, place, term};
use crate::record::ServiceIdName;
use crate::{Call, Error, KeyManager, text};
use kmip::Timestamp;
use std::collections::BTreeMap;
use store::{Batch, Change, Expect, Key, Space, Term};
use uuid::Uuid;

const IAM_PREFIX: &str = "iam-ServiceId-";

/// A service ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceId {
    /// Its identifier; its IAM id is `iam-ServiceId-` and this.
    pub id: Uuid,
    /// Its name; names are unique among the service IDs of one owner.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The instance whose administrators look after it; none: the installation's.
    pub owner: Option<Uuid>,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
}

/// What makes a service ID.
pub struct NewServiceId {
    /// 1 to 90 characters.
    pub name: String,
    /// Up to 240 characters.
    pub description: Option<String>,
}

impl KeyManager {
    /// Makes a service ID, which may do nothing yet. Its owner is the call's instance (none: the installation).
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Field`], [`Error::Taken`], [`Error::Store`].
    pub async fn create_service_id(&self, call: &Call, new: NewServiceId) -> Result<ServiceId, Error> {
        let service_id = ServiceId {
            id: self.new_id()?,
            name: text::name(&new.name)?,
            description: text::description(new.description)?,
            owner: Realm::of(call)?.owner(),
            created: call.now,
            created_by: call.actor.clone(),
        };
        again(|| self.try_create_service_id(call, &service_id)).await?;
        Ok(service_id)
    }

    async fn try_create_service_id(&self, call: &Call, service_id: &ServiceId) -> Result<(), Error> {
        let name = service_id.claim();
        if self.ledger.get::<ServiceIdName>(Space::INSTALLATION, name.place_id()).await?.is_some() {
            return Err(Error::Taken { what: "name", name: name.name });
        }
        let mut changes = vec![self.ledger.put(Expect::Absent, service_id), self.ledger.put(Expect::Absent, &name)];
        changes.extend(self.touch_instance(service_id.owner).await?);
        self.commit_access(call, Batch { changes, events: vec![success(call, &service_id.event_target())] }).await
    }

    /// The service IDs that the caller looks after: the instance's own, or for the installation's administrators all of them.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Damaged`], [`Error::Store`].
    pub async fn service_ids(&self, call: &Call) -> Result<Vec<ServiceId>, Error> {
        let realm = Realm::of(call)?;
        let terms = realm.owner().map(|owner| of_owner(Some(owner))).into_iter().collect();
        let stored = self.ledger.all::<ServiceId>(Space::INSTALLATION, terms).await?;
        Ok(stored.into_iter().map(|stored| stored.entry).filter(|service_id| realm.has(service_id.owner)).collect())
    }

    /// A service ID by its identifier, IAM id or name. Where an installation's and an instance's have the same name, it is the
    /// installation's: instances can't hide it by taking its name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Ambiguous`], and as [`KeyManager::service_ids`].
    pub async fn service_id(&self, call: &Call, which: &str) -> Result<ServiceId, Error> {
        Ok(self.stored_service_id(Realm::of(call)?, which).await?.entry)
    }

    /// Deletes a service ID with its API keys and grants: from the return on, none of its API keys or tokens is good for anything.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`]; [`Error::Field`] when it is the caller's own.
    pub async fn delete_service_id(&self, call: &Call, which: &str) -> Result<(), Error> {
        let realm = Realm::of(call)?;
        again(|| self.try_delete_service_id(call, realm, which)).await
    }

    async fn try_delete_service_id(&self, call: &Call, realm: Realm, which: &str) -> Result<(), Error> {
        let stored = self.stored_service_id(realm, which).await?;
        if stored.entry.iam_id() == call.actor {
            let reason = "is the caller's own: let another administrator delete it".into();
            return Err(Error::Field { field: "id", reason });
        }
        let mut removals = BTreeMap::new();
        self.remove_service_id(&stored, &mut removals).await?;
        let events = vec![success(call, &stored.entry.event_target())];
        self.commit_access(call, Batch { changes: removals.into_values().collect(), events }).await
    }

    /// Adds the removal of a service ID and of all that belongs to it.
    pub(crate) async fn remove_service_id(
        &self,
        stored: &Stored<ServiceId>,
        removals: &mut BTreeMap<Key, Change>,
    ) -> Result<(), Error> {
        let id = stored.entry.id;
        removals.extend([stored.removal()]);
        let name = stored.entry.claim();
        let name = self.ledger.get::<ServiceIdName>(Space::INSTALLATION, name.place_id()).await?;
        removals.extend(name.iter().map(Stored::removal));
        removals.extend(self.grants_of(id).await?.iter().map(Stored::removal));
        removals.extend(self.api_keys_of(id).await?.iter().map(Stored::removal));
        Ok(())
    }

    /// Every service ID of an owner.
    pub(crate) async fn service_ids_of(&self, owner: Uuid) -> Result<Vec<Stored<ServiceId>>, Error> {
        let mut stored = self.ledger.all::<ServiceId>(Space::INSTALLATION, vec![of_owner(Some(owner))]).await?;
        stored.retain(|stored| stored.entry.owner == Some(owner));
        Ok(stored)
    }

    pub(super) async fn stored_service_id(&self, realm: Realm, which: &str) -> Result<Stored<ServiceId>, Error> {
        if let Ok(id) = which.strip_prefix(IAM_PREFIX).unwrap_or(which).parse() {
            let stored = self.ledger.get::<ServiceId>(Space::INSTALLATION, id).await?;
            if let Some(stored) = stored.filter(|stored| realm.has(stored.entry.owner)) {
                return Ok(stored);
            }
        }
        let mut named = self.ledger.all::<ServiceId>(Space::INSTALLATION, vec![of_name(which)]).await?;
        named.retain(|stored| stored.entry.name == which && realm.has(stored.entry.owner));
        if named.iter().any(|stored| stored.entry.owner.is_none()) {
            named.retain(|stored| stored.entry.owner.is_none());
        }
        let count = named.len();
        match (named.pop(), count) {
            (Some(stored), 1) => Ok(stored),
            (Some(_), _) => Err(Error::Ambiguous { name: which.to_owned(), count }),
            (None, _) => Err(Error::NotFound { what: "service ID", name: which.to_owned() }),
        }
    }

    /// The change that keeps a service ID from being deleted while something of it is made.
    pub(super) fn touch_service_id(&self, stored: &Stored<ServiceId>) -> Change {
        self.ledger.put(Expect::Version(stored.version), &stored.entry)
    }
}

impl ServiceId {
    /// Its IAM id.
    pub fn iam_id(&self) -> String {
        format!("{IAM_PREFIX}{}", self.id)
    }

    pub(crate) fn place(&self) -> Key {
        place::<ServiceId>(Space::INSTALLATION, self.id)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        vec![of_owner(self.owner), of_name(&self.name)]
    }

    pub(super) fn event_target(&self) -> Target<'_> {
        Target { id: self.id.to_string(), name: &self.name }
    }

    /// The record that keeps its name from being another one's too.
    fn claim(&self) -> ServiceIdName {
        ServiceIdName { owner: self.owner, name: self.name.clone(), service_id: self.id }
    }
}

impl ServiceIdName {
    pub(crate) fn place(&self) -> Key {
        place::<ServiceIdName>(Space::INSTALLATION, self.place_id())
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        Vec::new()
    }

    /// From owner and name, so that there is one place for both.
    fn place_id(&self) -> Uuid {
        let owner = self.owner.unwrap_or_default();
        Uuid::from_bytes(term("service ID name", &[owner.as_bytes(), self.name.as_bytes()].concat()).0)
    }
}

fn of_owner(owner: Option<Uuid>) -> Term {
    term("service ID owner", owner.unwrap_or_default().as_bytes())
}

fn of_name(name: &str) -> Term {
    term("service ID name", name.as_bytes())
}
