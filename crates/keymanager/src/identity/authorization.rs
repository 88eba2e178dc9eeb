//! Service-to-service authorizations, as HPCS has them: whoever manages the KMIP service of one instance (the source) may do in
//! another (the target) what the authorization's roles allow, with no API key of the target's.
//!
//! The invariant: **the target's administrators give it, and it goes no further**: what somebody may do by an authorization makes no
//! other authorization count for them.

use super::access::{Extent, Reach};
use super::change::again;
use super::grant::once;
use super::realm::Realm;
use crate::audit::{Target, success};
use crate::identity::Role;
use crate::ledger::{Stored, place, term};
use crate::{Call, Error, KeyManager};
use kmip::Timestamp;
use std::collections::BTreeMap;
use store::{Batch, Expect, Key, Space, Term};
use uuid::Uuid;

/// What an authorization can give (HPCS: "Granting service-to-service access to KMIP for VMware").
const GIVEN: [Role; 2] = [Role::Viewer, Role::VmwareKmipManager];
/// What of the source's roles makes it count.
const MANAGE: [Role; 2] = [Role::Manager, Role::KmipAdapterManager];

/// An authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Its identifier.
    pub id: Uuid,
    /// The instance whose Managers and KmipAdapterManagers get the roles.
    pub source: Uuid,
    /// The instance that they get them on.
    pub target: Uuid,
    /// Which: Viewer, VMware KMIP Manager.
    pub roles: Vec<Role>,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
}

/// What makes an authorization. Its target is the call's instance.
pub struct NewAuthorization {
    /// The source instance.
    pub source: Uuid,
    /// Viewer, VMware KMIP Manager, or both.
    pub roles: Vec<Role>,
}

impl KeyManager {
    /// Authorizes another instance's KMIP managers on the call's instance.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::NotFound`] when there is no such source, [`Error::Field`] for a role that can't be given so,
    /// for a source that is the target, and where the call is about no instance.
    pub async fn create_authorization(&self, call: &Call, new: NewAuthorization) -> Result<Authorization, Error> {
        let Realm::Instance(target) = Realm::of(call)? else {
            return Err(Error::Field { field: "target", reason: "is missing: name the instance to be used".into() });
        };
        if new.source == target {
            return Err(Error::Field { field: "source", reason: "is the target itself: name another instance".into() });
        }
        if let Some(role) = new.roles.iter().find(|role| !GIVEN.contains(role)) {
            let reason = format!("name {}: authorizations give Viewer and VMware KMIP Manager alone", role.name());
            return Err(Error::Field { field: "roles", reason });
        }
        let (source, created_by) = (new.source, call.actor.clone());
        let roles = once(new.roles)?;
        let made = Authorization { id: self.new_id()?, source, target, roles, created: call.now, created_by };
        again(|| self.try_create_authorization(call, &made)).await?;
        Ok(made)
    }

    async fn try_create_authorization(&self, call: &Call, made: &Authorization) -> Result<(), Error> {
        let mut changes = vec![self.ledger.put(Expect::Absent, made)];
        changes.extend(self.touch_instance(Some(made.target)).await?);
        changes.extend(self.touch_instance(Some(made.source)).await?);
        self.commit_access(call, Batch { changes, events: vec![success(call, &made.event_target())] }).await
    }

    /// The authorizations on the call's instance (for the installation's administrators without an instance: all).
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Damaged`], [`Error::Store`].
    pub async fn authorizations(&self, call: &Call) -> Result<Vec<Authorization>, Error> {
        let realm = Realm::of(call)?;
        let terms = realm.owner().map(of_target).into_iter().collect();
        let stored = self.ledger.all::<Authorization>(Space::INSTALLATION, terms).await?;
        let authorizations = stored.into_iter().map(|stored| stored.entry);
        Ok(authorizations.filter(|authorization| realm.has(Some(authorization.target))).collect())
    }

    /// Takes an authorization back.
    ///
    /// # Errors
    /// [`Error::NotFound`], and as [`KeyManager::authorizations`].
    pub async fn delete_authorization(&self, call: &Call, id: Uuid) -> Result<(), Error> {
        let realm = Realm::of(call)?;
        again(|| self.try_delete_authorization(call, realm, id)).await
    }

    async fn try_delete_authorization(&self, call: &Call, realm: Realm, id: Uuid) -> Result<(), Error> {
        let stored = self.ledger.get::<Authorization>(Space::INSTALLATION, id).await?;
        let stored = stored.filter(|stored| realm.has(Some(stored.entry.target)));
        let stored = stored.ok_or_else(|| Error::NotFound { what: "authorization", name: id.to_string() })?;
        let (_, removal) = stored.removal();
        let events = vec![success(call, &stored.entry.event_target())];
        self.commit_access(call, Batch { changes: vec![removal], events }).await
    }

    /// The authorizations that count for somebody with these grants: whose source they manage the whole of.
    pub(super) async fn authorizations_from(&self, granted: &[Reach]) -> Result<Vec<Authorization>, Error> {
        let manages = |reach: &&Reach| MANAGE.contains(&reach.role);
        let mut found = BTreeMap::new();
        for reach in granted.iter().filter(manages) {
            let terms = reach.instance.map(of_source).into_iter().collect();
            for Stored { entry, .. } in self.ledger.all::<Authorization>(Space::INSTALLATION, terms).await? {
                if reach.covers(entry.source, Extent::Instance) {
                    found.insert(entry.id, entry);
                }
            }
        }
        Ok(found.into_values().collect())
    }

    /// Every authorization that has an instance as its source or target.
    pub(crate) async fn authorizations_of(&self, instance: Uuid) -> Result<Vec<Stored<Authorization>>, Error> {
        let mut stored = Vec::new();
        for term in [of_source(instance), of_target(instance)] {
            stored.extend(self.ledger.all::<Authorization>(Space::INSTALLATION, vec![term]).await?);
        }
        stored.retain(|stored| [stored.entry.source, stored.entry.target].contains(&instance));
        Ok(stored)
    }
}

impl Authorization {
    pub(crate) fn place(&self) -> Key {
        place::<Authorization>(Space::INSTALLATION, self.id)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        vec![of_source(self.source), of_target(self.target)]
    }

    fn event_target(&self) -> Target<'_> {
        Target { id: self.id.to_string(), name: "" }
    }
}

fn of_source(instance: Uuid) -> Term {
    term("authorization source", instance.as_bytes())
}

fn of_target(instance: Uuid) -> Term {
    term("authorization target", instance.as_bytes())
}
