//! Grants: a role, given to a service ID on an instance, a key ring or a key (IBM's access policies).
//!
//! The invariant: **nobody gives what reaches beyond what they administer.**

use super::access::Reach;
use super::change::again;
use super::realm::Realm;
use crate::audit::{self, success};
use crate::identity::{Role, ServiceId};
use crate::ledger::{Stored, place, term};
use crate::{Call, Error, KeyManager};
use kmip::Timestamp;
use store::{Batch, Change, Expect, Key, Space, Term};
use uuid::Uuid;

/// What a grant is about. Each field narrows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The instance; none: every instance, also those that are made later.
    pub instance: Option<Uuid>,
    /// The key ring.
    pub ring: Option<String>,
    /// The key. Keys that are granted singly don't show in lists (IBM: "Granting access to a key").
    pub key: Option<Uuid>,
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its identifier.
    pub id: Uuid,
    /// To whom.
    pub service_id: Uuid,
    /// What they are.
    pub roles: Vec<Role>,
    /// To what.
    pub target: Target,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
}

/// What makes a grant.
pub struct NewGrant {
    /// The service ID: its identifier, IAM id or name.
    pub service_id: String,
    /// One role or more.
    pub roles: Vec<Role>,
    /// To what. The call's instance where it names none and the caller administers no more than that.
    pub target: Target,
}

impl KeyManager {
    /// Gives a service ID roles. Whoever administers one instance gives roles on that instance only, and to service IDs of that
    /// instance only; roles on every instance are the installation's administrators' to give. They may give more to an instance's
    /// service ID than the instance itself: then its administrators, who make its API keys, have that too.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::NotFound`] (also for an instance, ring or key that is not there), [`Error::Field`].
    pub async fn create_grant(&self, call: &Call, new: NewGrant) -> Result<Grant, Error> {
        let realm = Realm::of(call)?;
        let service_id = self.stored_service_id(realm, &new.service_id).await?.entry;
        let target = Target { instance: new.target.instance.or(realm.owner()), ..new.target };
        if !realm.has(target.instance) {
            return Err(Error::Unauthorized);
        }
        let grant = Grant {
            id: self.new_id()?,
            service_id: service_id.id,
            roles: roles(new.roles, &target)?,
            target,
            created: call.now,
            created_by: call.actor.clone(),
        };
        again(|| self.try_create_grant(call, realm, &grant)).await?;
        Ok(grant)
    }

    async fn try_create_grant(&self, call: &Call, realm: Realm, grant: &Grant) -> Result<(), Error> {
        let service_id = self.stored_service_id(realm, &grant.service_id.to_string()).await?;
        let mut changes = vec![self.ledger.put(Expect::Absent, grant), self.touch_service_id(&service_id)];
        changes.extend(self.touch_instance(grant.target.instance).await?);
        changes.extend(self.target_stands(call, &grant.target).await?);
        let events = vec![success(call, &grant.event_target(&service_id.entry))];
        self.commit_access(call, Batch { changes, events }).await
    }

    /// Whether there are the ring and the key that a target names.
    async fn target_stands(&self, call: &Call, target: &Target) -> Result<Option<Change>, Error> {
        let Some(instance) = target.instance else { return Ok(None) };
        if let Some(key) = target.key {
            let within = Call::internal(instance, call.action, &call.actor, call.now);
            self.find(&within, &key.to_string(), None).await?;
        }
        match &target.ring {
            Some(ring) => self.ring_stands(instance, ring).await,
            None => Ok(None),
        }
    }

    /// The grants of a service ID; for whoever administers one instance, those on that instance.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`].
    pub async fn grants(&self, call: &Call, service_id: &str) -> Result<Vec<Grant>, Error> {
        let realm = Realm::of(call)?;
        let service_id = self.stored_service_id(realm, service_id).await?.entry;
        let grants = self.grants_of(service_id.id).await?.into_iter().map(|stored| stored.entry);
        Ok(grants.filter(|grant| realm.has(grant.target.instance)).collect())
    }

    /// Takes a grant back: from the return on it counts no more, for tokens that are out already too.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`].
    pub async fn delete_grant(&self, call: &Call, service_id: &str, grant: Uuid) -> Result<(), Error> {
        let realm = Realm::of(call)?;
        let service_id = self.stored_service_id(realm, service_id).await?.entry;
        again(|| self.try_delete_grant(call, realm, &service_id, grant)).await
    }

    async fn try_delete_grant(&self, call: &Call, realm: Realm, of: &ServiceId, id: Uuid) -> Result<(), Error> {
        let stored = self.ledger.get::<Grant>(Space::INSTALLATION, id).await?;
        let is_it = |grant: &Grant| grant.service_id == of.id && realm.has(grant.target.instance);
        let missing = || Error::NotFound { what: "grant", name: id.to_string() };
        let stored = stored.filter(|stored| is_it(&stored.entry)).ok_or_else(missing)?;
        let (_, removal) = stored.removal();
        let events = vec![success(call, &stored.entry.event_target(of))];
        self.commit_access(call, Batch { changes: vec![removal], events }).await
    }

    pub(super) async fn grants_of(&self, service_id: Uuid) -> Result<Vec<Stored<Grant>>, Error> {
        let mut stored = self.ledger.all::<Grant>(Space::INSTALLATION, vec![of_service_id(service_id)]).await?;
        stored.retain(|stored| stored.entry.service_id == service_id);
        Ok(stored)
    }

    /// Every grant on an instance, or on something in it.
    pub(crate) async fn grants_on(&self, instance: Uuid) -> Result<Vec<Stored<Grant>>, Error> {
        let mut stored = self.ledger.all::<Grant>(Space::INSTALLATION, vec![of_instance(Some(instance))]).await?;
        stored.retain(|stored| stored.entry.target.instance == Some(instance));
        Ok(stored)
    }
}

impl Grant {
    pub(crate) fn place(&self) -> Key {
        place::<Grant>(Space::INSTALLATION, self.id)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        let Target { instance, ring, key } = &self.target;
        let narrowed = [ring.as_ref().map(|ring| of_ring(*instance, ring)), key.map(of_key)];
        let always = [of_service_id(self.service_id), of_instance(*instance)];
        always.into_iter().chain(narrowed.into_iter().flatten()).collect()
    }

    /// How far it makes its service ID's rights reach.
    pub(super) fn reaches(&self) -> impl Iterator<Item = Reach> {
        let Target { instance, ring, key } = &self.target;
        self.roles.iter().map(move |&role| Reach { role, instance: *instance, ring: ring.clone(), key: *key })
    }

    fn event_target<'a>(&self, of: &'a ServiceId) -> audit::Target<'a> {
        audit::Target { id: self.id.to_string(), name: &of.name }
    }
}

/// The roles of a grant, each once. A platform role on a key ring or a key is taken and says little: what it allows is done to
/// whole instances.
fn roles(roles: Vec<Role>, target: &Target) -> Result<Vec<Role>, Error> {
    let narrowed = target.ring.is_some() || target.key.is_some();
    if narrowed && target.instance.is_none() {
        let reason = "is missing: key rings and keys are of an instance".into();
        return Err(Error::Field { field: "instance", reason });
    }
    once(roles)
}

/// Roles without repetition, in the order in which they were given.
pub(super) fn once(given: Vec<Role>) -> Result<Vec<Role>, Error> {
    let mut roles: Vec<Role> = Vec::with_capacity(Role::ALL.len());
    for role in given {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    if roles.is_empty() {
        return Err(Error::Field { field: "roles", reason: "are missing: give one or more".into() });
    }
    Ok(roles)
}

fn of_service_id(id: Uuid) -> Term {
    term("grant service ID", id.as_bytes())
}

fn of_instance(instance: Option<Uuid>) -> Term {
    term("grant instance", instance.unwrap_or_default().as_bytes())
}

fn of_ring(instance: Option<Uuid>, ring: &str) -> Term {
    term("grant key ring", &[instance.unwrap_or_default().as_bytes(), ring.as_bytes()].concat())
}

fn of_key(key: Uuid) -> Term {
    term("grant key", key.as_bytes())
}
