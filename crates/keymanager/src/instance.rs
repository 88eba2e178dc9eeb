//! Instances: the tenants of the key manager.
//!
//! The invariant: **an instance in which somebody has no role is for them one that is not there**, and an instance is deleted with
//! everything in it, or not at all.

mod policy;

pub use policy::{CreateImportAccess, InstancePolicy, Network, NewInstancePolicy, Rule};
pub(crate) use policy::{Making, Policies};

use crate::audit::{Target, success};
use crate::identity::again;
use crate::import_token::SealedToken;
use crate::ledger::{Stored, place, space};
use crate::record::{Entry, SealedVersion};
use crate::{Alias, Call, Erasure, Error, Extent, KeyManager, KeyRing, KmipCounts, RotationJob, text};
use kmip::Timestamp;
use std::collections::BTreeMap;
use store::{Batch, Expect, Key, Kind, Space, Term};
use uuid::Uuid;

/// What stands in an instance's space beside its keys.
const GOES_WITH_IT: [Kind; 7] = [
    KeyRing::KIND,
    Alias::KIND,
    SealedVersion::KIND,
    Policies::KIND,
    SealedToken::KIND,
    RotationJob::KIND,
    Erasure::KIND,
];

/// A key manager instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its identifier.
    pub id: Uuid,
    /// Its name; names are not unique.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
}

impl Instance {
    pub(crate) fn place(&self) -> Key {
        place::<Instance>(Space::INSTALLATION, self.id)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        Vec::new()
    }

    fn target(&self) -> Target<'_> {
        Target { id: self.id.to_string(), name: &self.name }
    }
}

impl KeyManager {
    /// Makes an instance.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Field`] when the name can't be one, [`Error::Store`].
    pub async fn create_instance(&self, call: &Call, name: &str) -> Result<Instance, Error> {
        if !call.reaches(Extent::Installation) {
            return Err(Error::Unauthorized);
        }
        let instance =
            Instance { id: self.new_id()?, name: text::name(name)?, created: call.now, created_by: call.actor.clone() };
        let events = vec![success(call, &instance.target())];
        // No policies are a record too: they are asked for at each request, and what is not there is not kept at hand.
        let policies = Policies { instance: instance.id, each: Vec::new() };
        let changes = vec![self.ledger.put(Expect::Absent, &instance), self.ledger.put(Expect::Absent, &policies)];
        self.commit(call, Batch { changes, events }, false).await?;
        Ok(instance)
    }

    /// The instances that the caller has any role in, in the order in which they were made.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn instances(&self, call: &Call) -> Result<Vec<Instance>, Error> {
        Ok(self.seen_instances(call).await?.into_iter().map(|stored| stored.entry).collect())
    }

    /// An instance, by its identifier or by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] also where the caller may not see it, [`Error::Ambiguous`], [`Error::Damaged`], [`Error::Store`].
    pub async fn instance(&self, call: &Call, which: &str) -> Result<Instance, Error> {
        Ok(self.seen_instance(call, which).await?.entry)
    }

    /// Renames an instance.
    ///
    /// # Errors
    /// As [`KeyManager::instance`]; [`Error::Unauthorized`], [`Error::Field`].
    pub async fn rename_instance(&self, call: &Call, which: &str, name: &str) -> Result<Instance, Error> {
        let name = text::name(name)?;
        again(|| self.try_rename(call, which, &name)).await
    }

    async fn try_rename(&self, call: &Call, which: &str, name: &str) -> Result<Instance, Error> {
        let Stored { entry, version } = self.own_instance(call, which).await?;
        let instance = Instance { name: name.to_owned(), ..entry };
        let changes = vec![self.ledger.put(Expect::Version(version), &instance)];
        self.commit(call, Batch { changes, events: vec![success(call, &instance.target())] }, false).await?;
        Ok(instance)
    }

    /// Deletes an instance that holds no key (deleted ones that can still be restored count) and no adapter, with all else that is
    /// its: key rings, policies, its service IDs with their API keys, and every grant and authorization that names it. A key that
    /// somebody makes at the very same moment is out of reach afterwards. Gives its identifier.
    ///
    /// # Errors
    /// As [`KeyManager::rename_instance`]; [`Error::InstanceInUse`].
    pub async fn delete_instance(&self, call: &Call, which: &str) -> Result<Uuid, Error> {
        again(|| self.try_delete_instance(call, which)).await
    }

    async fn try_delete_instance(&self, call: &Call, which: &str) -> Result<Uuid, Error> {
        let stored = self.own_instance(call, which).await?;
        let instance = stored.entry.id;
        self.holds_nothing(instance).await?;
        let mut removals = BTreeMap::from([stored.removal()]);
        for kind in GOES_WITH_IT {
            removals.extend(self.ledger.removals(space(instance), kind).await?);
        }
        for service_id in self.service_ids_of(instance).await? {
            self.remove_service_id(&service_id, &mut removals).await?;
        }
        removals.extend(self.grants_on(instance).await?.iter().map(Stored::removal));
        removals.extend(self.authorizations_of(instance).await?.iter().map(Stored::removal));
        let events = vec![success(call, &stored.entry.target())];
        self.commit_access(call, Batch { changes: removals.into_values().collect(), events }).await?;
        Ok(instance)
    }

    async fn holds_nothing(&self, instance: Uuid) -> Result<(), Error> {
        let (kmip, space) = (self.kmip(), space(instance));
        if !kmip.registrations(instance, None).is_empty() {
            return Err(Error::InstanceInUse("KMIP adapters"));
        }
        if kmip.count(instance).await? != KmipCounts::default() {
            return Err(Error::InstanceInUse("keys of KMIP clients"));
        }
        if !self.ledger.is_empty(space, crate::Key::KIND).await? {
            return Err(Error::InstanceInUse("keys"));
        }
        Ok(())
    }

    /// An instance that the caller may do to what the call is for.
    async fn own_instance(&self, call: &Call, which: &str) -> Result<Stored<Instance>, Error> {
        let stored = self.seen_instance(call, which).await?;
        if call.reaches_instance(stored.entry.id) { Ok(stored) } else { Err(Error::Unauthorized) }
    }

    async fn seen_instance(&self, call: &Call, which: &str) -> Result<Stored<Instance>, Error> {
        if let Ok(id) = which.parse() {
            let stored = self.ledger.get::<Instance>(Space::INSTALLATION, id).await?;
            if let Some(stored) = stored.filter(|stored| call.sees(stored.entry.id)) {
                return Ok(stored);
            }
        }
        let mut named = self.seen_instances(call).await?;
        named.retain(|stored| stored.entry.name == which);
        let count = named.len();
        match (named.pop(), count) {
            (Some(stored), 1) => Ok(stored),
            (Some(_), _) => Err(Error::Ambiguous { name: which.to_owned(), count }),
            (None, _) => Err(Error::NotFound { what: "instance", name: which.to_owned() }),
        }
    }

    async fn seen_instances(&self, call: &Call) -> Result<Vec<Stored<Instance>>, Error> {
        let mut stored = self.ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await?;
        stored.retain(|stored| call.sees(stored.entry.id));
        Ok(stored)
    }
}
