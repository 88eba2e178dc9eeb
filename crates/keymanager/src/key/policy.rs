//! Policies of a key: rotation, and two people for its deletion.

use crate::{Call, Error, Key, KeyManager};
use kmip::Timestamp;
use uuid::Uuid;

/// Who set a policy, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyStamp {
    /// The policy's identifier.
    pub id: Uuid,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Who changed it.
    pub updated_by: String,
}

/// A rotation policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Whether it is carried out.
    pub enabled: bool,
    /// Every so many months of 30 days: 1 to 12.
    pub interval_month: u32,
    /// Who set it.
    pub stamp: PolicyStamp,
}

/// A rotation policy as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationSetting {
    /// Whether it is carried out.
    pub enabled: bool,
    /// 1 to 12; may be left out to keep what is there.
    pub interval_month: Option<u32>,
}

/// A dual authorization policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DualAuth {
    /// Whether two people are needed. Once true for a key, always.
    pub enabled: bool,
    /// Who set it.
    pub stamp: PolicyStamp,
}

/// The first of two people's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetForDeletion {
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Which policy of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the API's names")]
pub enum PolicyKind {
    Rotation,
    DualAuthDelete,
}

impl KeyManager {
    /// Sets a key's rotation policy.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::Field`]; [`Error::RootKeyRequired`] for a standard key, [`Error::RotationOfImported`] for an
    /// imported one; [`Error::Deleted`].
    pub async fn set_rotation(&self, call: &Call, id_or_alias: &str, setting: RotationSetting) -> Result<Key, Error> {
        let _ = (call, id_or_alias, setting);
        todo!("policies")
    }

    /// Sets a key's dual authorization policy, which can't be turned off again.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::DualAuthStays`]; [`Error::Deleted`].
    pub async fn set_dual_auth(&self, call: &Call, id_or_alias: &str, enabled: bool) -> Result<Key, Error> {
        let _ = (call, id_or_alias, enabled);
        todo!("policies")
    }

    /// Gives the first of two people's word for a key's deletion, good for 7 days.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::NotDualAuth`] when the key has no such policy; [`Error::State`], [`Error::Deleted`].
    pub async fn set_for_deletion(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        let _ = (call, id_or_alias);
        todo!("policies")
    }

    /// Takes that word back.
    ///
    /// # Errors
    /// As [`KeyManager::set_for_deletion`].
    pub async fn unset_for_deletion(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        let _ = (call, id_or_alias);
        todo!("policies")
    }
}
