//! Key rings: groups of keys that access is granted on.

use crate::{Call, Error, KeyManager};
use kmip::Timestamp;
use uuid::Uuid;

/// A key ring. `default` is there without a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing {
    /// Its identifier: 2 to 100 of `A-Z a-z 0-9 -`.
    pub name: String,
    /// The instance that it belongs to.
    pub instance: Uuid,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
}

impl KeyManager {
    /// A change for the batch that puts a key into a ring: it fails should the ring be deleted in the meantime. None for `default`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such ring.
    pub(crate) async fn ring_stands(&self, instance: Uuid, ring: &str) -> Result<Option<store::Change>, Error> {
        let _ = (instance, ring);
        todo!("rings")
    }

    /// The key rings that the call may see, `default` (none here) not among them.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Damaged`], [`Error::Store`].
    pub async fn key_rings(&self, call: &Call) -> Result<Vec<KeyRing>, Error> {
        let _ = call;
        todo!("rings")
    }

    /// Makes a key ring: 50 an instance at most.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Field`], [`Error::Taken`], [`Error::Limit`].
    pub async fn create_key_ring(&self, call: &Call, name: &str) -> Result<KeyRing, Error> {
        let _ = (call, name);
        todo!("rings")
    }

    /// Deletes a key ring that no key is in; with `force` also one that has deleted keys only, which move to `default`.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::NotFound`], [`Error::RingInUse`], [`Error::Field`] for `default`.
    pub async fn delete_key_ring(&self, call: &Call, name: &str, force: bool) -> Result<(), Error> {
        let _ = (call, name, force);
        todo!("rings")
    }
}

impl KeyRing {
    pub(crate) fn place(&self) -> store::Key {
        todo!("rings")
    }

    pub(crate) fn found_by(&self) -> Vec<store::Term> {
        todo!("rings")
    }
}
