//! Keys: root keys, whose material never leaves the key manager, and standard keys, whose payload it gives back.
//!
//! The invariant: **what may be done with a key is asked of [`State::after`] and of the call's extent**, on the very record that
//! the change is then made to.

mod cipher;
mod create;
mod deletion;
mod find;
mod life;
mod list;
mod material;
mod policy;
mod registration;
mod version;

pub use cipher::{Rewrapped, Unwrapped, Wrapped};
pub use create::{EncryptedPayload, NewKey, Overrides, Payload};
pub(crate) use list::{Bookmarks, INDEX_FORMAT, Standing, Timeline, class, folded, name_parts, named, rotating};
pub use list::{Comparison, Filter, KeyList, ListQuery, Moment, Scope, Search, SortBy};
pub(crate) use policy::MONTHS;
pub use policy::{DualAuth, PolicyStamp, Rotation, RotationSetting, SetForDeletion};

pub(crate) use find::{Found, absent};
pub(crate) use version::owing;
pub use version::{KeyVersion, VersionRefusal, VersionUse};

use crate::audit::Target;
use crate::ledger::{Stored, place, space, term};
use crate::record::SealedVersion;
use crate::{Call, Error, Event, Extent, KMIP_PREFIX, KeyManager, KmipKey, Refusal, State};
use kmip::Timestamp;
use std::sync::Arc;
use store::{Key as Place, Term};
use uuid::Uuid;
use wrap::Secret;

/// The ring that a key is in unless another was named.
pub const DEFAULT_RING: &str = "default";

/// A key, without its material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its identifier.
    pub id: Uuid,
    /// The instance that it belongs to.
    pub instance: Uuid,
    /// Its name; names are not unique.
    pub name: String,
    /// What its maker wrote about it.
    pub description: Option<String>,
    /// Other names, each of one key of the instance only.
    pub aliases: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whether its payload can be had: a standard key. Else it is a root key.
    pub extractable: bool,
    /// The key ring that it is in; none: `default`.
    pub ring: Option<String>,
    /// Its state.
    pub state: State,
    /// Whether its material was given rather than generated.
    pub imported: bool,
    /// Its newest version, under which it wraps.
    pub version: Uuid,
    /// When its newest version was made.
    pub version_created: Option<Timestamp>,
    /// How many versions it has had.
    pub versions: u32,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was last rotated.
    pub rotated: Option<Timestamp>,
    /// When it was last changed; none when it never was.
    pub updated: Option<Timestamp>,
    /// When it becomes deactivated, if it does.
    pub expires: Option<Timestamp>,
    /// When it was disabled, while it is.
    pub suspended: Option<Timestamp>,
    /// When it was deleted, while it is.
    pub deleted: Option<Timestamp>,
    /// Who deleted it, while it is.
    pub deleted_by: Option<String>,
    /// When its registrations were last told of a change in its life, or synced.
    pub synced: Option<Timestamp>,
    /// Its rotation policy.
    pub rotation: Option<Rotation>,
    /// Its dual authorization policy.
    pub dual_auth: Option<DualAuth>,
    /// Who set it for deletion, while somebody has.
    pub set_for_deletion: Option<SetForDeletion>,
}

impl Key {
    /// The key ring that it is in.
    pub fn ring(&self) -> &str {
        self.ring.as_deref().unwrap_or(DEFAULT_RING)
    }

    /// A KMIP object as a standard key: active until it is deleted. Its only version is named as it is itself.
    pub(crate) fn of_kmip(instance: Uuid, key: &KmipKey) -> Key {
        let state = if key.deleted.is_some() { State::Destroyed } else { State::Active };
        Key {
            id: key.id,
            instance,
            name: format!("{KMIP_PREFIX}{}", key.id),
            description: None,
            aliases: Vec::new(),
            tags: Vec::new(),
            extractable: true,
            ring: None,
            state,
            imported: false,
            version: key.id,
            version_created: Some(key.created),
            versions: 1,
            created: key.created,
            created_by: key.created_by.clone(),
            rotated: None,
            updated: key.updated,
            expires: None,
            suspended: None,
            deleted: key.deleted,
            deleted_by: key.deleted_by.clone(),
            synced: None,
            rotation: None,
            dual_auth: None,
            set_for_deletion: None,
        }
    }

    /// The state at a moment: a key whose time is over is deactivated from then on, however late that is written down.
    pub(crate) fn state_at(&self, now: Timestamp) -> State {
        match self.state.after(Event::Expire) {
            Ok(expired) if self.expires.is_some_and(|expires| expires <= now) => expired,
            Ok(_) | Err(_) => self.state,
        }
    }

    /// The key as it is at a moment, see [`Key::state_at`].
    pub(crate) fn at(mut key: Arc<Key>, now: Timestamp) -> Arc<Key> {
        let state = key.state_at(now);
        if state != key.state {
            Arc::make_mut(&mut key).state = state;
        }
        key
    }

    /// The state after an event.
    ///
    /// # Errors
    /// [`Error::Deleted`] for what is not for deleted keys, else [`Error::State`].
    pub(crate) fn after(&self, event: Event) -> Result<State, Error> {
        self.state.after(event).map_err(|refusal| match refusal {
            Refusal::Deleted => Error::Deleted(self.id),
            Refusal::NotYetActive
            | Refusal::Disabled
            | Refusal::Deactivated
            | Refusal::NotDisabled
            | Refusal::NotDeleted => Error::State { key: self.id, refusal },
        })
    }

    /// Whether it is a root key.
    ///
    /// # Errors
    /// [`Error::RootKeyRequired`].
    pub(crate) fn is_root(&self) -> Result<(), Error> {
        if self.extractable { Err(Error::RootKeyRequired(self.id)) } else { Ok(()) }
    }

    /// Where it stands, as far as access goes.
    pub fn extent(&self) -> Extent<'_> {
        Extent::Key { ring: self.ring(), key: self.id }
    }

    pub(crate) fn target(&self) -> Target<'_> {
        Target { id: self.id.to_string(), name: &self.name }
    }

    pub(crate) fn place(&self) -> Place {
        place::<Key>(space(self.instance), self.id)
    }

    /// What it is found by: see `list`, which knows what is asked for.
    pub(crate) fn found_by(&self) -> Vec<Term> {
        list::terms(self)
    }
}

impl SealedVersion {
    pub(crate) fn place(&self) -> Place {
        place::<SealedVersion>(space(self.instance), self.id)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        let to_erase = self.retired.is_some() && self.erased.is_none();
        let owing = self.erased.is_some() && self.epoch.is_some();
        [of_key(self.key)]
            .into_iter()
            .chain(to_erase.then(version::retired))
            .chain(owing.then(version::owing))
            .collect()
    }
}

impl KeyManager {
    /// The key with this identifier or alias, as the call may see it: a KMIP object's standard key too. `ring`: it must be in this
    /// one (`X-Kms-Key-Ring`), else it is not found.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Unauthorized`] where it is outside the caller's reach, and where it is not there and they
    /// could not have seen it; [`Error::Damaged`], [`Error::Store`].
    pub async fn key(&self, call: &Call, id_or_alias: &str, ring: Option<&str>) -> Result<Key, Error> {
        Ok(self.find(call, id_or_alias, ring).await?.key(call))
    }

    /// A standard key with its payload: what was imported or generated, and for a KMIP object its sealed bytes. A root key's payload
    /// is none, and so is a deleted key's.
    ///
    /// # Errors
    /// As [`KeyManager::key`].
    pub async fn key_with_payload(
        &self,
        call: &Call,
        id_or_alias: &str,
        ring: Option<&str>,
    ) -> Result<(Key, Option<Secret>), Error> {
        let found = self.find(call, id_or_alias, ring).await?;
        let payload = match &found {
            Found::Own(stored) => self.payload(&stored.entry).await?,
            Found::Kmip(key) if key.deleted.is_some() => None,
            Found::Kmip(key) => {
                self.kmip().sealed(call.instance, key.id).await?.map(|sealed| Secret::new(sealed.into()))
            }
        };
        Ok((found.key(call), payload))
    }

    /// The records of a key's versions.
    pub(crate) async fn sealed_versions(&self, key: &Key) -> Result<Vec<Stored<SealedVersion>>, Error> {
        let stored = self.ledger.all::<SealedVersion>(space(key.instance), vec![of_key(key.id)]).await?;
        Ok(stored.into_iter().filter(|stored| stored.entry.key == key.id).collect())
    }
}

pub(crate) fn of_key(key: Uuid) -> Term {
    term("root key", key.as_bytes())
}
