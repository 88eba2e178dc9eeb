//! Root keys: made, found, rotated, and taken through their states.
//!
//! The invariant: **what may be done with a key is asked of [`State::after`] and of nothing else**, on the record that the change is
//! then made to.

mod life;

use crate::audit::Target;
use crate::ledger::{Stored, place, space, term};
use crate::record::SealedVersion;
use crate::{Error, Event, KeyManager, State};
use kmip::Timestamp;
use store::{Key, Term};
use uuid::Uuid;
use wrap::Secret;

/// How long a deleted root key can be restored: 30 days, in milliseconds.
pub const RESTORABLE: i64 = 30 * 24 * 60 * 60 * 1000;

/// A root key, without its material, which never leaves the key manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKey {
    /// Its identifier.
    pub id: Uuid,
    /// The instance that it belongs to.
    pub instance: Uuid,
    /// Its name; names are not unique.
    pub name: String,
    /// What its maker wrote about it.
    pub description: Option<String>,
    /// Its state.
    pub state: State,
    /// Whether its material was given rather than generated.
    pub imported: bool,
    /// Its newest version, under which it wraps.
    pub version: Uuid,
    /// How many versions it has had.
    pub versions: u32,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was last rotated.
    pub rotated: Option<Timestamp>,
    /// When it was last changed.
    pub updated: Option<Timestamp>,
    /// When it was deleted, while it is.
    pub deleted: Option<Timestamp>,
    /// Who deleted it, while it is.
    pub deleted_by: Option<String>,
}

impl RootKey {
    /// Until when it can be restored, if it is deleted.
    pub fn restorable_until(&self) -> Option<Timestamp> {
        self.deleted.map(|deleted| Timestamp::from_millis(deleted.millis().saturating_add(RESTORABLE)))
    }

    /// The state after an event.
    pub(crate) fn after(&self, event: Event) -> Result<State, Error> {
        self.state.after(event).map_err(|refusal| Error::State { key: self.id, refusal })
    }

    pub(crate) fn target(&self) -> Target<'_> {
        Target { instance: self.instance, id: self.id, name: &self.name }
    }

    pub(crate) fn place(&self) -> Key {
        place::<RootKey>(space(self.instance), self.id)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        vec![named(&self.name)]
    }
}

impl SealedVersion {
    pub(crate) fn place(&self) -> Key {
        place::<SealedVersion>(space(self.instance), self.id)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        vec![of_key(self.key)]
    }
}

/// A version of a root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its identifier.
    pub id: Uuid,
    /// 1 for the first.
    pub number: u32,
    /// When it was made.
    pub created: Timestamp,
}

/// What makes a root key.
pub struct NewRootKey {
    /// 1 to 90 characters; names need not be unique.
    pub name: String,
    /// Up to 240 characters.
    pub description: Option<String>,
    /// Material to import: 16, 24 or 32 bytes. Generated when there is none.
    pub payload: Option<Secret>,
}

impl KeyManager {
    /// All root keys of an instance in the order in which they were made, also the deleted ones.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn root_keys(&self, instance: Uuid) -> Result<Vec<RootKey>, Error> {
        let stored = self.ledger.all::<RootKey>(space(instance), Vec::new()).await?;
        Ok(stored.into_iter().map(|stored| stored.entry).collect())
    }

    /// The root key with this identifier or, where there is none, this name. Deleted keys are found by their name only where no
    /// other has it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Ambiguous`] when several have the name; [`Error::Damaged`], [`Error::Store`].
    pub async fn root_key(&self, instance: Uuid, id_or_name: &str) -> Result<RootKey, Error> {
        if let Ok(id) = Uuid::parse_str(id_or_name)
            && let Some(stored) = self.ledger.get::<RootKey>(space(instance), id).await?
        {
            return Ok(stored.entry);
        }
        let found = self.ledger.all::<RootKey>(space(instance), vec![named(id_or_name)]).await?;
        let named = found.into_iter().map(|stored| stored.entry).filter(|key| key.name == id_or_name);
        let (deleted, live): (Vec<_>, Vec<_>) = named.partition(|key| key.state == State::Destroyed);
        the_one(if live.is_empty() { deleted } else { live }, id_or_name)
    }

    /// The versions of a root key, the newest first.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn versions(&self, instance: Uuid, key: Uuid) -> Result<Vec<KeyVersion>, Error> {
        let stored = self.ledger.all::<SealedVersion>(space(instance), vec![of_key(key)]).await?;
        let mut versions: Vec<KeyVersion> = stored
            .into_iter()
            .filter(|stored| stored.entry.key == key)
            .map(|Stored { entry: SealedVersion { id, number, created, .. }, .. }| KeyVersion { id, number, created })
            .collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        Ok(versions)
    }
}

fn the_one(mut keys: Vec<RootKey>, name: &str) -> Result<RootKey, Error> {
    match (keys.len(), keys.pop()) {
        (1, Some(key)) => Ok(key),
        (0, _) | (_, None) => Err(Error::NotFound { what: "root key", name: name.to_owned() }),
        (count, Some(_)) => Err(Error::Ambiguous { name: name.to_owned(), count }),
    }
}

fn named(name: &str) -> Term {
    term("root key name", name.as_bytes())
}

fn of_key(key: Uuid) -> Term {
    term("root key", key.as_bytes())
}
