//! The use of root keys: [`Wrapper`] for the engine.
//!
//! What a wrap gives is the version's identifier (16 bytes), then a seal under that version. The invariant: **the key's state is
//! read from the store at each call**; only opened versions are kept, and no longer than the epoch stands.

use crate::ledger::space;
use crate::record::{Entry, SealedVersion};
use crate::{Error, Event, KeyManager, Refusal, Key};
use async_trait::async_trait;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use uuid::Uuid;
use wrap::primitive::SealKey;
use wrap::{KeyRef, Secret, Unwrapped, Wrapped, Wrapper};

const MATERIAL: &str = "keystead root key version";
const WRAP: &str = "keystead root key wrap";
/// Opened versions that are kept at most.
const OPENED: usize = 1024;

#[async_trait]
impl Wrapper for KeyManager {
    async fn wrap(&self, key: &KeyRef, plaintext: &Secret, aad: &[u8]) -> Result<Wrapped, wrap::Error> {
        let root = self.usable(key, Event::Wrap).await?;
        self.wrap_under(&root, plaintext, aad).await
    }

    async fn unwrap(&self, key: &KeyRef, wrapped: &Wrapped, aad: &[u8]) -> Result<Unwrapped, wrap::Error> {
        let root = self.usable(key, Event::Unwrap).await?;
        let sealed = wrapped.ciphertext.strip_prefix(wrapped.key_version.as_bytes()).ok_or(wrap::Error::Invalid)?;
        let version = self.opened(key, wrapped.key_version).await.map_err(answer)?.ok_or(wrap::Error::Invalid)?;
        let plaintext = version.open(WRAP, aad, sealed)?;
        let rewrapped = if wrapped.key_version == root.version {
            None
        } else {
            Some(self.wrap_under(&root, &plaintext, aad).await?)
        };
        Ok(Unwrapped { plaintext, rewrapped })
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }
}

impl KeyManager {
    /// Seals a version's material, bound to whose it is.
    pub(crate) fn seal_version(&self, version: &SealedVersion, material: &Secret) -> Result<Vec<u8>, Error> {
        let master = self.master.seal_key();
        Ok(master.seal(MATERIAL, &owner(version), material.expose(), self.random.as_ref())?)
    }

    /// The root key as it is now, if its state allows the event.
    async fn usable(&self, key: &KeyRef, event: Event) -> Result<Key, wrap::Error> {
        let stored = self.ledger.get::<Key>(space(key.instance), key.key).await.map_err(answer)?;
        let root = stored.ok_or(wrap::Error::Deleted(key.key))?.entry;
        match root.state.after(event) {
            Ok(_) => Ok(root),
            Err(Refusal::Deleted) => Err(wrap::Error::Deleted(key.key)),
            Err(
                Refusal::NotYetActive
                | Refusal::Disabled
                | Refusal::Deactivated
                | Refusal::NotDisabled
                | Refusal::NotDeleted,
            ) => Err(wrap::Error::Disabled(key.key)),
        }
    }

    async fn wrap_under(&self, root: &Key, plaintext: &Secret, aad: &[u8]) -> Result<Wrapped, wrap::Error> {
        let key = KeyRef { instance: root.instance, key: root.id };
        let missing = || answer(Error::Damaged { what: SealedVersion::WHAT, id: root.version });
        let version = self.opened(&key, root.version).await.map_err(answer)?.ok_or_else(missing)?;
        let sealed = version.seal(WRAP, aad, plaintext.expose(), self.random.as_ref())?;
        Ok(Wrapped { ciphertext: [&root.version.as_bytes()[..], &sealed].concat(), key_version: root.version })
    }

    /// A version of the key, opened, if the key has it.
    async fn opened(&self, key: &KeyRef, version: Uuid) -> Result<Option<Arc<SealKey>>, Error> {
        let epoch = self.epoch();
        if let Some(opened) = self.opened.get(epoch, key, version) {
            return Ok(Some(opened));
        }
        let Some(stored) = self.ledger.get::<SealedVersion>(space(key.instance), version).await? else {
            return Ok(None);
        };
        if stored.entry.key != key.key {
            return Ok(None);
        }
        let opened = Arc::new(self.open_version(&stored.entry)?);
        self.opened.keep(epoch, key, version, &opened);
        Ok(Some(opened))
    }

    fn open_version(&self, version: &SealedVersion) -> Result<SealKey, Error> {
        let damaged = |_| Error::Damaged { what: SealedVersion::WHAT, id: version.id };
        let material = self.master.seal_key().open(MATERIAL, &owner(version), &version.sealed).map_err(damaged)?;
        Ok(SealKey::from_material(MATERIAL, &material)?)
    }
}

/// Opened versions of root keys, for one epoch.
#[derive(Default)]
pub(crate) struct Opened(Mutex<Cache>);

#[derive(Default)]
struct Cache {
    epoch: u64,
    versions: HashMap<(KeyRef, Uuid), Arc<SealKey>>,
}

impl Opened {
    /// Drops what an older epoch left.
    pub(crate) fn turn_to(&self, epoch: u64) {
        self.0.lock().turn_to(epoch);
    }

    fn get(&self, epoch: u64, key: &KeyRef, version: Uuid) -> Option<Arc<SealKey>> {
        let mut cache = self.0.lock();
        cache.turn_to(epoch);
        cache.versions.get(&(*key, version)).cloned()
    }

    fn keep(&self, epoch: u64, key: &KeyRef, version: Uuid, opened: &Arc<SealKey>) {
        let mut cache = self.0.lock();
        if cache.epoch != epoch {
            return;
        }
        if cache.versions.len() >= OPENED {
            cache.versions.clear();
        }
        cache.versions.insert((*key, version), Arc::clone(opened));
    }
}

impl Cache {
    fn turn_to(&mut self, epoch: u64) {
        if self.epoch < epoch {
            self.epoch = epoch;
            self.versions.clear();
        }
    }
}

/// What a version's material is bound to: instance, key, version, number; each of fixed length.
fn owner(version: &SealedVersion) -> [u8; 52] {
    let mut owner = [0; 52];
    let parts = [
        &version.instance.as_bytes()[..],
        version.key.as_bytes(),
        version.id.as_bytes(),
        &version.number.to_be_bytes(),
    ];
    owner.iter_mut().zip(parts.into_iter().flatten()).for_each(|(place, byte)| *place = *byte);
    owner
}

/// As the engine hears it. A store that fails is the lack of an answer; a damaged record is a fault of ours.
fn answer(error: Error) -> wrap::Error {
    match error {
        Error::Store(error) => wrap::Error::Unreachable(error.to_string()),
        Error::Crypto(error) => error,
        other => wrap::Error::Fault(other.to_string()),
    }
}
