//! Keys: root keys, whose material never leaves the key manager, and standard keys, whose payload it gives back.
//!
//! The invariant: **what may be done with a key is asked of [`State::after`] and of the call's extent**, on the very record that
//! the change is then made to.

mod cipher;
mod create;
mod life;
mod list;
mod policy;
mod registration;

pub use cipher::{Rewrapped, Unwrapped, Wrapped};
pub use create::{EncryptedPayload, NewKey, Overrides, Payload};
pub use list::{Comparison, Filter, KeyList, ListQuery, Moment, Scope, Search, SortBy};
pub use policy::{DualAuth, PolicyKind, PolicyStamp, Rotation, RotationSetting, SetForDeletion};

use crate::audit::Target;
use crate::change::Decision;
use crate::ledger::{Stored, place, space, term};
use crate::record::SealedVersion;
use crate::{Call, Error, Event, Extent, KeyManager, KmipKey, State};
use kmip::Timestamp;
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

    /// The state after an event.
    pub(crate) fn after(&self, event: Event) -> Result<State, Error> {
        self.state.after(event).map_err(|refusal| Error::State { key: self.id, refusal })
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

impl KeyManager {
    /// The key with this identifier or alias, as the call may see it: a KMIP object's standard key too. `ring`: it must be in this
    /// one (`X-Kms-Key-Ring`), else it is not found.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Unauthorized`] where it is outside the caller's reach, and where it is not there and they
    /// could not have seen it; [`Error::Damaged`], [`Error::Store`].
    pub async fn key(&self, call: &Call, id_or_alias: &str, ring: Option<&str>) -> Result<Key, Error> {
        let _ = (call, id_or_alias, ring);
        todo!("keys")
    }

    /// A standard key with its payload: what was imported or generated, and for a KMIP object its sealed bytes.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::Deleted`]. For a root key the payload is none.
    pub async fn key_with_payload(
        &self,
        call: &Call,
        id_or_alias: &str,
        ring: Option<&str>,
    ) -> Result<(Key, Option<Secret>), Error> {
        let _ = (call, id_or_alias, ring);
        todo!("keys")
    }

    /// The versions of a root key, the newest first.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::Deleted`], [`Error::State`] when it is not active and `all_states` is false.
    pub async fn versions(&self, call: &Call, id_or_alias: &str, all_states: bool) -> Result<Vec<KeyVersion>, Error> {
        let _ = (call, id_or_alias, all_states);
        todo!("keys")
    }
}

/// A key as it was found.
pub(crate) enum Found {
    /// One of the key manager's own.
    Own(Stored<Key>),
    /// A KMIP object.
    Kmip(KmipKey),
}

impl KeyManager {
    /// Finds a key by its identifier or alias and asks the call whether it reaches it: every way to a key goes through here.
    ///
    /// # Errors
    /// As [`KeyManager::key`].
    pub(crate) async fn find(&self, call: &Call, id_or_alias: &str, ring: Option<&str>) -> Result<Found, Error> {
        let _ = (call, id_or_alias, ring);
        todo!("keys")
    }

    /// [`KeyManager::find`], then [`KeyManager::change`], for the key manager's own keys; a KMIP object is refused.
    pub(crate) async fn change_named(
        &self,
        call: &Call,
        id_or_alias: &str,
        decide: impl Fn(&Key) -> Result<Decision, Error> + Send + Sync,
    ) -> Result<Key, Error> {
        let _ = (call, id_or_alias, decide);
        todo!("keys")
    }
}

pub(crate) fn of_key(key: Uuid) -> Term {
    term("root key", key.as_bytes())
}
