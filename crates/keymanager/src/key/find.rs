//! The way to a key: by its identifier or an alias, as far as the call reaches.
//!
//! The invariant: **who can't reach a key can't tell whether it is there**, and an expiry that has come counts at once, whether or not
//! it was written down.

use crate::change::Decision;
use crate::key::DEFAULT_RING;
use crate::ledger::{Stored, space};
use crate::{Call, Error, Extent, Key, KeyManager, KmipKey};
use std::sync::Arc;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// A key as it was found.
pub(crate) enum Found {
    /// One of the key manager's own, as it is at the call's time.
    Own(Stored<Arc<Key>>),
    /// A KMIP object.
    Kmip(KmipKey),
}

impl Found {
    /// The key, whichever it is.
    pub(crate) fn key(&self, call: &Call) -> Key {
        match self {
            Found::Own(stored) => Key::clone(&stored.entry),
            Found::Kmip(key) => Key::of_kmip(call.instance, key),
        }
    }

    /// The key manager's own key.
    ///
    /// # Errors
    /// [`Error::KmipKey`].
    pub(crate) fn own(self) -> Result<Arc<Key>, Error> {
        match self {
            Found::Own(stored) => Ok(stored.entry),
            Found::Kmip(key) => Err(Error::KmipKey(key.id)),
        }
    }

    /// The root key.
    ///
    /// # Errors
    /// [`Error::RootKeyRequired`] for all others.
    pub(crate) fn root(self) -> Result<Arc<Key>, Error> {
        match self {
            Found::Own(stored) => stored.entry.is_root().map(|()| stored.entry),
            Found::Kmip(key) => Err(Error::RootKeyRequired(key.id)),
        }
    }

    fn extent(&self) -> Extent<'_> {
        match self {
            Found::Own(stored) => stored.entry.extent(),
            Found::Kmip(key) => Extent::Key { ring: DEFAULT_RING, key: key.id },
        }
    }

    fn is_in(&self, ring: &str) -> bool {
        match self {
            Found::Own(stored) => stored.entry.ring() == ring,
            Found::Kmip(_) => ring == DEFAULT_RING,
        }
    }
}

impl KeyManager {
    /// Finds a key by its identifier or alias and asks the call whether it reaches it: every way to a key goes through here.
    ///
    /// # Errors
    /// As [`KeyManager::key`].
    pub(crate) async fn find(&self, call: &Call, id_or_alias: &str, ring: Option<&str>) -> Result<Found, Error> {
        let found = self.look_up(call, id_or_alias).await?.ok_or_else(|| absent(call, id_or_alias))?;
        if !call.reaches(found.extent()) {
            return Err(Error::Unauthorized);
        }
        if ring.is_some_and(|ring| !found.is_in(ring)) {
            return Err(not_found(id_or_alias));
        }
        Ok(found)
    }

    /// [`KeyManager::find`], then [`KeyManager::change`], for the key manager's own keys; a KMIP object is refused.
    pub(crate) async fn change_named(
        &self,
        call: &Call,
        id_or_alias: &str,
        decide: impl Fn(&Key) -> Result<Decision, Error> + Send + Sync,
    ) -> Result<Key, Error> {
        let key = self.find(call, id_or_alias, None).await?.own()?;
        self.change(call, key.id, decide).await
    }

    async fn look_up(&self, call: &Call, id_or_alias: &str) -> Result<Option<Found>, Error> {
        let Some(id) = identifier(id_or_alias) else {
            return match self.aliased(call.instance, id_or_alias).await? {
                Some(id) => self.own(call, id).await,
                None => Ok(None),
            };
        };
        match self.own(call, id).await? {
            Some(own) => Ok(Some(own)),
            None => Ok(self.kmip().get(call.instance, id).await?.map(Found::Kmip)),
        }
    }

    async fn own(&self, call: &Call, id: Uuid) -> Result<Option<Found>, Error> {
        let stored = self.ledger.shared::<Key>(space(call.instance), id).await?;
        Ok(stored.map(|Stored { entry, version }| Found::Own(Stored { entry: Key::at(entry, call.now), version })))
    }
}

/// The identifier that a text is, with its hyphens and in whatever case. Anything else may be an alias.
fn identifier(text: &str) -> Option<Uuid> {
    if text.len() == Hyphenated::LENGTH { Uuid::parse_str(text).ok() } else { None }
}

/// What is heard of a key that is not there: the truth, by those who would see it if it were.
pub(crate) fn absent(call: &Call, name: &str) -> Error {
    if call.reaches(Extent::Instance) { not_found(name) } else { Error::Unauthorized }
}

fn not_found(name: &str) -> Error {
    Error::NotFound { what: "key", name: name.to_owned() }
}
