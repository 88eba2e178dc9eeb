//! [`KmipService`]: what the key manager asks of the KMIP service over its root keys.
//!
//! Each key that a KMIP client made is a standard key of its instance too, `vmware_kmip_<unique identifier>`: the same record, which
//! the KMIP service keeps. The invariant: **the key manager's rules hold for both**: it decides whether and when, the service carries it out.

use crate::{Call, Error};
use async_trait::async_trait;
use kmip::Timestamp;
use store::Change;
use uuid::Uuid;

/// The prefix of the names of KMIP objects as standard keys (IBM: migration guide of KMIP for VMware).
pub const KMIP_PREFIX: &str = "vmware_kmip_";

/// A KMIP object as a standard key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmipKey {
    /// The object's unique identifier, and the standard key's.
    pub id: Uuid,
    /// The adapter that it belongs to.
    pub adapter: Uuid,
    /// When it was made.
    pub created: Timestamp,
    /// By whom: `CertificateID-<fingerprint>`.
    pub created_by: String,
    /// When it was last changed.
    pub updated: Option<Timestamp>,
    /// When it was deleted, or destroyed over KMIP, while it is.
    pub deleted: Option<Timestamp>,
    /// Who deleted it, while it is.
    pub deleted_by: Option<String>,
    /// Its material is gone: nothing can be restored.
    pub erased: bool,
    /// Where a list by [`KmipOrder::Made`] goes on after it; 0 outside lists.
    pub place: u64,
}

/// A stretch of a list of KMIP keys.
#[derive(Clone, Copy, Debug)]
pub struct KmipPage {
    /// By identifier or by time of creation.
    pub by: KmipOrder,
    /// The other way round.
    pub descending: bool,
    /// At most so many.
    pub limit: usize,
}

/// The order of a list, and after which key (exclusive) it begins.
#[derive(Clone, Copy, Debug)]
pub enum KmipOrder {
    /// By identifier.
    Id {
        /// The last one that was seen.
        after: Option<Uuid>,
    },
    /// In the order in which they were made.
    Made {
        /// The place of the last one that was seen.
        after: Option<u64>,
    },
}

impl KmipOrder {
    /// The same order, after this key.
    #[must_use]
    pub fn following(self, key: &KmipKey) -> KmipOrder {
        match self {
            KmipOrder::Id { .. } => KmipOrder::Id { after: Some(key.id) },
            KmipOrder::Made { .. } => KmipOrder::Made { after: Some(key.place) },
        }
    }
}

/// Why a root key is in use: an adapter that seals under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The root key.
    pub key: Uuid,
    /// The adapter.
    pub adapter: Uuid,
    /// The adapter's name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub created_by: String,
    /// The version that its adapter key is wrapped under.
    pub key_version: Uuid,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KmipCounts {
    /// Neither deleted nor purged.
    pub live: u64,
    /// Deleted and not purged.
    pub deleted: u64,
}

/// What came of a batch of adapters whose keys were to be wrapped anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RewrapBatch {
    /// Those that could not be: the adapter's name, and why. They stay under the older version, which goes on unwrapping.
    pub failed: Vec<(String, String)>,
    /// After which adapter the next batch begins; none when this was the last one.
    pub next: Option<Uuid>,
}

/// Which adapters a batch is of.
#[derive(Clone, Copy, Debug)]
pub struct RewrapPage {
    /// The root key.
    pub key: Uuid,
    /// Its newest version: adapters under it are left out.
    pub newest: Uuid,
    /// Adapters after this one, in the order of their identifiers.
    pub after: Option<Uuid>,
    /// At most so many.
    pub most: usize,
}

/// The KMIP service, as the key manager sees it. Nothing of another instance is ever given.
#[async_trait]
pub trait KmipService: Send + Sync {
    /// The key with this identifier in the instance; none also when it was purged.
    async fn get(&self, instance: Uuid, id: Uuid) -> Result<Option<KmipKey>, Error>;
    /// Keys in order, deleted ones too.
    async fn list(&self, instance: Uuid, page: KmipPage) -> Result<Vec<KmipKey>, Error>;
    /// Keys in order, of the deleted ones only or of the others only.
    async fn list_by_state(&self, instance: Uuid, page: KmipPage, deleted: bool) -> Result<Vec<KmipKey>, Error>;
    /// How many there are.
    async fn count(&self, instance: Uuid) -> Result<KmipCounts, Error>;
    /// A key's sealed material, as it is at rest.
    async fn sealed(&self, instance: Uuid, id: Uuid) -> Result<Option<Vec<u8>>, Error>;
    /// Deletes it: KMIP finds it no longer. The service commits the change with its event and marks the call as recorded.
    async fn delete(&self, call: &Call, id: Uuid) -> Result<KmipKey, Error>;
    /// Takes a deletion back.
    async fn restore(&self, call: &Call, id: Uuid) -> Result<KmipKey, Error>;
    /// Erases the material of what was deleted or destroyed, since it can't be restored any more. The rest stays until it is purged.
    async fn erase(&self, call: &Call, id: Uuid) -> Result<(), Error>;
    /// Erases what was deleted, for good. The key manager's own changes go into the service's batch: all of it is done, or nothing.
    async fn purge(&self, call: &Call, id: Uuid, also: &[Change]) -> Result<(), Error>;
    /// Takes away what a restored store has still, in whichever state it is, and whether or not its root key can be used. As with
    /// [`KmipService::purge`], all of it in one batch.
    async fn bury(&self, call: &Call, id: Uuid, also: &[Change]) -> Result<(), Error>;
    /// The adapters that seal under a root key, or under any of the instance's.
    fn registrations(&self, instance: Uuid, key: Option<Uuid>) -> Vec<Registration>;
    /// Wraps the keys of some adapters under a root key again, after it was rotated: all of a batch in one change.
    ///
    /// # Errors
    /// Where none of them can be wrapped: the root key can't be used, the store fails.
    async fn rewrap(&self, call: &Call, page: RewrapPage) -> Result<RewrapBatch, Error>;
    /// Waits for the changes of adapters that are under way: whichever began before this call can be seen after it.
    async fn settled(&self) {}
}

/// The KMIP service of a key manager that has none: no keys, no adapters.
pub struct NoKmipService;

#[async_trait]
impl KmipService for NoKmipService {
    async fn get(&self, _: Uuid, _: Uuid) -> Result<Option<KmipKey>, Error> {
        Ok(None)
    }

    async fn list(&self, _: Uuid, _: KmipPage) -> Result<Vec<KmipKey>, Error> {
        Ok(Vec::new())
    }

    async fn list_by_state(&self, _: Uuid, _: KmipPage, _: bool) -> Result<Vec<KmipKey>, Error> {
        Ok(Vec::new())
    }

    async fn count(&self, _: Uuid) -> Result<KmipCounts, Error> {
        Ok(KmipCounts::default())
    }

    async fn sealed(&self, _: Uuid, _: Uuid) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    async fn delete(&self, _: &Call, id: Uuid) -> Result<KmipKey, Error> {
        Err(Error::NotFound { what: "key", name: id.to_string() })
    }

    async fn restore(&self, _: &Call, id: Uuid) -> Result<KmipKey, Error> {
        Err(Error::NotFound { what: "key", name: id.to_string() })
    }

    async fn erase(&self, _: &Call, id: Uuid) -> Result<(), Error> {
        Err(Error::NotFound { what: "key", name: id.to_string() })
    }

    async fn purge(&self, _: &Call, id: Uuid, _: &[Change]) -> Result<(), Error> {
        Err(Error::NotFound { what: "key", name: id.to_string() })
    }

    async fn bury(&self, _: &Call, id: Uuid, _: &[Change]) -> Result<(), Error> {
        Err(Error::NotFound { what: "key", name: id.to_string() })
    }

    fn registrations(&self, _: Uuid, _: Option<Uuid>) -> Vec<Registration> {
        Vec::new()
    }

    async fn rewrap(&self, _: &Call, _: RewrapPage) -> Result<RewrapBatch, Error> {
        Ok(RewrapBatch::default())
    }
}
