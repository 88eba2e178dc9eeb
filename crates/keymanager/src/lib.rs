//! The embedded key manager: instances, their keys with versions, states and policies, and the principals that use them.
//!
//! It implements [`Wrapper`](wrap::Wrapper) for the engine. The invariant of this crate: **a root key's material is in memory only
//! while its state allows its use, and at rest only under an epoch key that is destroyed with the first root key that is purged after it; whatever was changed outside Keystead is an error, never
//! another key.**
//!
//! The rooms, from the top: `call` is the gate; `identity` says who may do what; `instance`, `key`, `ring`, `alias` and
//! `import_token` say what each of these is and does; `schedule` does what falls due; `rotation` wraps anew what a rotation left under an older version; `kmip_service` is the joint to the KMIP
//! service, whose objects are standard keys here; `change` makes a decision stick, with its audit event; `wrapper` uses the keys
//! for the engine; `index` keeps what keys are found by up to date; `state` is the table of states; `ledger` reads and writes records under their tags; `record` is their encoding.

mod alias;
mod audit;
mod call;
mod change;
mod check;
mod denied;
mod destruction;
mod erasure;
mod error;
mod examine;
mod health;
mod identity;
mod import_token;
mod index;
mod instance;
mod key;
mod kmip_service;
mod ledger;
mod record;
mod ring;
mod rotation;
mod schedule;
mod shred;
mod state;
mod text;
mod timers;
mod wrapper;

pub use alias::Alias;
pub use audit::{Fact, Occurrence, Outcome, crn, event};
pub use call::{Call, Origin};
pub use denied::Denied;
pub use destruction::{CONTEXT as DESTRUCTION_CONTEXT, DestroyedSort, Destruction, HOSTS};
pub use erasure::{Erased, Erasure};
pub use error::Error;
pub use examine::Examined;
pub use identity::{
    Access, Action, ApiKey, ApiKeyKind, ApiKeySecret, Authorization, Extent, Grant, NewApiKey, NewAuthorization,
    NewGrant, NewServiceId, Principal, Role, ServiceId, Target,
};
pub use import_token::{ImportKit, ImportToken};
pub use instance::{CreateImportAccess, Instance, InstancePolicy, Network, NewInstancePolicy, Rule};
pub use key::{
    Comparison, DEFAULT_RING, DualAuth, EncryptedPayload, Filter, Key, KeyList, KeyVersion, ListQuery, Moment, NewKey,
    Overrides, Payload, PolicyStamp, Rewrapped, Rotation, RotationSetting, Scope, Search, SetForDeletion, SortBy,
    Unwrapped, VersionRefusal, VersionUse, Wrapped,
};
pub use kmip_service::{
    KMIP_PREFIX, KmipCounts, KmipKey, KmipOrder, KmipPage, KmipService, NoKmipService, Registration, RewrapBatch,
    RewrapPage,
};
pub use ring::KeyRing;
pub use rotation::RotationJob;
pub use schedule::Round;
pub use shred::EpochsHeld;
pub use state::{Event, Refusal, State};
pub use timers::Timers;

use identity::Known;
use key::Bookmarks;
use ledger::Ledger;
use rotation::Rotations;
use schedule::Looked;
use shred::Shredder;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock, Weak};
use store::Store;
use uuid::Uuid;
use wrap::keys::Keys;
use wrap::primitive::Random;
use wrapper::Opened;

/// The embedded key manager.
pub struct KeyManager {
    ledger: Ledger,
    keys: Arc<Keys>,
    shredder: Shredder,
    random: Arc<dyn Random>,
    epoch: Arc<AtomicU64>,
    opened: Opened,
    known: Known,
    looked: Looked,
    bookmarks: Bookmarks,
    timers: Timers,
    rotations: Rotations,
    kmip: OnceLock<Weak<dyn KmipService>>,
}

impl KeyManager {
    /// Opens the key manager over a store, which is marked with the installation key when it is new.
    ///
    /// # Errors
    /// [`Error::MasterKey`] when the store was written under another master key, [`Error::Damaged`], [`Error::Store`].
    pub async fn open(
        store: Arc<dyn Store>,
        keys: Arc<Keys>,
        random: Arc<dyn Random>,
        timers: Timers,
    ) -> Result<KeyManager, Error> {
        let ledger = Ledger::new(store, keys.installation())?;
        check::check(&ledger, keys.installation()).await?;
        index::bring_up_to_date(&ledger).await?;
        let (epoch, opened, kmip) = (Arc::new(AtomicU64::new(1)), Opened::default(), OnceLock::new());
        Ok(KeyManager {
            ledger,
            keys,
            shredder: Shredder::default(),
            random,
            epoch,
            opened,
            known: Known::default(),
            looked: Looked::default(),
            bookmarks: Bookmarks::default(),
            timers,
            rotations: Rotations::default(),
            kmip,
        })
    }

    /// Tells the key manager of the KMIP service over it, once. It holds the key manager itself, so it is held weakly here.
    pub fn serve_kmip(&self, service: Weak<dyn KmipService>) {
        let _ = self.kmip.set(service);
    }

    /// The KMIP service, if there is one.
    pub(crate) fn kmip(&self) -> Arc<dyn KmipService> {
        self.kmip.get().and_then(Weak::upgrade).unwrap_or_else(|| Arc::new(NoKmipService))
    }

    /// A random identifier (RFC 9562, version 4).
    fn new_id(&self) -> Result<Uuid, Error> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes)?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}
