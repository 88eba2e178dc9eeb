//! What administrators do with keys: rotate, enable, disable, delete, restore, purge, move.

use crate::key::Payload;
use crate::{Call, Error, Key, KeyManager};

impl KeyManager {
    /// Gives a root key a new version, under which it wraps from now on. Older ones go on unwrapping; what the KMIP service wrapped
    /// is wrapped again.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::PayloadRequired`], [`Error::PayloadForbidden`], [`Error::RotatedRecently`],
    /// [`Error::CreateImportAccess`], [`Error::RootKeyRequired`], [`Error::State`], [`Error::Deleted`], [`Error::Busy`].
    pub async fn rotate(&self, call: &Call, id_or_alias: &str, payload: Option<Payload>) -> Result<Key, Error> {
        let _ = (call, id_or_alias, payload);
        todo!("keys")
    }

    /// Makes a disabled root key usable again, 30 seconds after it was disabled or later.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::TooEarly`], [`Error::RootKeyRequired`], [`Error::State`], [`Error::Deleted`].
    pub async fn enable(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        let _ = (call, id_or_alias);
        todo!("keys")
    }

    /// Makes a root key unusable until it is enabled.
    ///
    /// # Errors
    /// As [`KeyManager::enable`].
    pub async fn disable(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        let _ = (call, id_or_alias);
        todo!("keys")
    }

    /// Deletes a key: what is sealed under it is unreadable from now on, and a KMIP object is not found any more. It can be
    /// restored for 30 days.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::InUse`] while adapters are registered on it and it is not forced;
    /// [`Error::AuthorizationsNotMet`] where two people are needed; [`Error::State`], [`Error::Deleted`].
    pub async fn delete_key(&self, call: &Call, id_or_alias: &str, force: bool) -> Result<Key, Error> {
        let _ = (call, id_or_alias, force);
        todo!("keys")
    }

    /// Takes back a deletion of the last 30 days, 30 seconds after it or later: the key is active again.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::TooEarly`], [`Error::RestoreExpired`], [`Error::Expired`], [`Error::State`],
    /// [`Error::CreateImportAccess`].
    pub async fn restore(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        let _ = (call, id_or_alias);
        todo!("keys")
    }

    /// Erases a deleted key, 4 hours after its deletion or later: its record and every version of its material are removed.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::TooEarly`], [`Error::NotDeleted`].
    pub async fn purge(&self, call: &Call, id: &str) -> Result<Key, Error> {
        let _ = (call, id);
        todo!("keys")
    }

    /// Moves a key into another key ring.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::NotFound`] for the ring, [`Error::Unauthorized`] for either ring.
    pub async fn move_key(&self, call: &Call, id_or_alias: &str, ring: &str) -> Result<Key, Error> {
        let _ = (call, id_or_alias, ring);
        todo!("keys")
    }
}
