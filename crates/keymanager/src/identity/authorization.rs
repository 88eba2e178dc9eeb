//! Service-to-service authorizations, as HPCS has them: whoever manages the KMIP service of one instance (the source) may do in
//! another (the target) what the authorization's roles allow, with no API key of the target's.

use crate::identity::Role;
use crate::{Call, Error, KeyManager};
use kmip::Timestamp;
use uuid::Uuid;

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
    /// [`Error::Unauthorized`], [`Error::NotFound`], [`Error::Field`] for a role that can't be given so.
    pub async fn create_authorization(&self, call: &Call, new: NewAuthorization) -> Result<Authorization, Error> {
        let _ = (call, new);
        todo!("identity")
    }

    /// The authorizations on the call's instance (for the installation's administrators without an instance: all).
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Damaged`], [`Error::Store`].
    pub async fn authorizations(&self, call: &Call) -> Result<Vec<Authorization>, Error> {
        let _ = call;
        todo!("identity")
    }

    /// Takes an authorization back.
    ///
    /// # Errors
    /// [`Error::NotFound`], and as [`KeyManager::authorizations`].
    pub async fn delete_authorization(&self, call: &Call, id: Uuid) -> Result<(), Error> {
        let _ = (call, id);
        todo!("identity")
    }
}

impl Authorization {
    pub(crate) fn place(&self) -> store::Key {
        todo!("identity")
    }

    pub(crate) fn found_by(&self) -> Vec<store::Term> {
        todo!("identity")
    }
}
