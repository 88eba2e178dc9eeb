//! Registrations: who uses a root key. An adapter is registered on its root key for as long as it exists.

use crate::{Call, Error, Key, KeyManager, Registration};

impl KeyManager {
    /// The adapters under one root key, or under all that the call may see, with the key's record.
    ///
    /// # Errors
    /// As [`KeyManager::key`].
    pub async fn registrations(&self, call: &Call, id_or_alias: Option<&str>) -> Result<Vec<(Key, Registration)>, Error> {
        let _ = (call, id_or_alias);
        todo!("policies")
    }

    /// Tells the adapters under a key of its state and version again: wraps their keys under its newest version.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::TooEarly`] within an hour of the last sync or change of its life.
    pub async fn sync_key(&self, call: &Call, id_or_alias: &str) -> Result<(), Error> {
        let _ = (call, id_or_alias);
        todo!("policies")
    }
}
