//! Grants: a role, given to a service ID on an instance, a key ring or a key (IBM's access policies).

use crate::identity::Role;
use crate::{Call, Error, KeyManager};
use kmip::Timestamp;
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
    /// instance only; roles on every instance are the installation's administrators' to give.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::NotFound`] (also for an instance, ring or key that is not there), [`Error::Field`].
    pub async fn create_grant(&self, call: &Call, new: NewGrant) -> Result<Grant, Error> {
        let _ = (call, new);
        todo!("identity")
    }

    /// The grants of a service ID.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`].
    pub async fn grants(&self, call: &Call, service_id: &str) -> Result<Vec<Grant>, Error> {
        let _ = (call, service_id);
        todo!("identity")
    }

    /// Takes a grant back: from the return on it counts no more, for tokens that are out already too.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`].
    pub async fn delete_grant(&self, call: &Call, service_id: &str, grant: Uuid) -> Result<(), Error> {
        let _ = (call, service_id, grant);
        todo!("identity")
    }
}

impl Grant {
    pub(crate) fn place(&self) -> store::Key {
        todo!("identity")
    }

    pub(crate) fn found_by(&self) -> Vec<store::Term> {
        todo!("identity")
    }
}
