//! Service IDs: the principals of programs and people. What they may do is granted to them; what they show is an API key.

use crate::{Call, Error, KeyManager};
use kmip::Timestamp;
use uuid::Uuid;

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
        let _ = (call, new);
        todo!("identity")
    }

    /// The service IDs that the caller looks after: the instance's own, or for the installation's administrators all of them.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Damaged`], [`Error::Store`].
    pub async fn service_ids(&self, call: &Call) -> Result<Vec<ServiceId>, Error> {
        let _ = call;
        todo!("identity")
    }

    /// A service ID by its identifier, IAM id or name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Ambiguous`], and as [`KeyManager::service_ids`].
    pub async fn service_id(&self, call: &Call, which: &str) -> Result<ServiceId, Error> {
        let _ = (call, which);
        todo!("identity")
    }

    /// Deletes a service ID with its API keys and grants: from the return on, none of its API keys or tokens is good for anything.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`]; [`Error::InUse`] when it is the caller's own.
    pub async fn delete_service_id(&self, call: &Call, which: &str) -> Result<(), Error> {
        let _ = (call, which);
        todo!("identity")
    }
}

impl ServiceId {
    pub(crate) fn place(&self) -> store::Key {
        todo!("identity")
    }

    pub(crate) fn found_by(&self) -> Vec<store::Term> {
        todo!("identity")
    }
}
