//! [`Realm`]: what of the identities a call may look after.
//!
//! The invariant: **a call in an instance looks after that instance's service IDs and the grants on it, and after nothing else**, also
//! where its caller could do more: for the installation's they make a call without an instance.

use crate::{Call, Error, Extent};
use uuid::Uuid;

/// What a call looks after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Realm {
    /// Every identity.
    Installation,
    /// Those of one instance.
    Instance(Uuid),
}

impl Realm {
    /// The realm of a call.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the caller does not administer the whole of it.
    pub(crate) fn of(call: &Call) -> Result<Self, Error> {
        let (realm, extent) = if call.instance.is_nil() {
            (Realm::Installation, Extent::Installation)
        } else {
            (Realm::Instance(call.instance), Extent::Instance)
        };
        if call.reaches(extent) { Ok(realm) } else { Err(Error::Unauthorized) }
    }

    /// The owner of what is made here.
    pub(crate) fn owner(self) -> Option<Uuid> {
        match self {
            Realm::Installation => None,
            Realm::Instance(instance) => Some(instance),
        }
    }

    /// Whether something of this owner, or on this instance, is looked after here.
    pub(crate) fn has(self, instance: Option<Uuid>) -> bool {
        match self {
            Realm::Installation => true,
            Realm::Instance(own) => instance == Some(own),
        }
    }
}
