//! Registrations: who uses a root key. An adapter is registered on its root key for as long as it exists.
//!
//! The invariant: **a registration is seen by whoever sees its key.**

use crate::change::Decision;
use crate::key::Found;
use crate::ledger::space;
use crate::timers::left;
use crate::{Call, Error, Event, Key, KeyManager, Registration};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

impl KeyManager {
    /// The adapters under one root key, or under all that the call may see, with the key's record.
    ///
    /// # Errors
    /// As [`KeyManager::key`].
    pub async fn registrations(
        &self,
        call: &Call,
        id_or_alias: Option<&str>,
    ) -> Result<Vec<(Key, Registration)>, Error> {
        let Some(id_or_alias) = id_or_alias else { return self.all_registrations(call).await };
        match self.find(call, id_or_alias, None).await? {
            Found::Own(stored) => {
                let registrations = self.kmip().registrations(call.instance, Some(stored.entry.id)).into_iter();
                Ok(registrations.map(|registration| (Key::clone(&stored.entry), registration)).collect())
            }
            // Nothing is sealed under a standard key.
            Found::Kmip(_) => Ok(Vec::new()),
        }
    }

    async fn all_registrations(&self, call: &Call) -> Result<Vec<(Key, Registration)>, Error> {
        let mut keys: HashMap<Uuid, Option<Arc<Key>>> = HashMap::new();
        let mut seen = Vec::new();
        for registration in self.kmip().registrations(call.instance, None) {
            let key = match keys.get(&registration.key) {
                Some(known) => known.clone(),
                None => {
                    let key = self.ledger.kept::<Key>(space(call.instance), registration.key).await?;
                    let key = key.filter(|key| call.reaches(key.extent())).map(|key| Key::at(key, call.now));
                    keys.insert(registration.key, key.clone());
                    key
                }
            };
            seen.extend(key.map(|key| (Arc::unwrap_or_clone(key), registration)));
        }
        Ok(seen)
    }

    /// Tells the adapters under a key of its state and version again: wraps their keys under its newest version, while it unwraps.
    /// An adapter asks for its key's state with every use, so of that there is nothing left to tell.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::RootKeyRequired`]; [`Error::TooEarly`] within an hour of the last sync or change of its life.
    pub async fn sync_key(&self, call: &Call, id_or_alias: &str) -> Result<(), Error> {
        let key = self.find(call, id_or_alias, None).await?.root()?;
        self.check_sync(call, &key)?;
        // First the work, then the note of it: what fails can be tried again at once.
        if key.after(Event::Unwrap).is_ok() {
            self.rewrap_all(call, key.id).await?;
        }
        self.change(call, key.id, |key| {
            self.check_sync(call, key)?;
            Ok(Decision::to(Key { synced: Some(call.now), ..key.clone() }))
        })
        .await
        .map(|_| ())
    }

    fn check_sync(&self, call: &Call, key: &Key) -> Result<(), Error> {
        match key.synced.and_then(|synced| left(synced, self.timers.sync_every, call.now)) {
            Some(seconds) => Err(Error::TooEarly { what: "the sync of the key", seconds }),
            None => Ok(()),
        }
    }
}
