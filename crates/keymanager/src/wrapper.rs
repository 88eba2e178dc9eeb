//! The use of root keys: [`Wrapper`] for the engine.
//!
//! What a wrap gives is the version's identifier (16 bytes), then a seal under that version. The invariant: **the key's state is
//! read from the store at each call**; only opened versions are kept, and no longer than the epoch stands.
//!
//! The engine's calls bear no time, so a key that is past its expiration date is deactivated for the engine when the schedule has
//! written that down: within a minute or so, where IBM promises an hour. For the API it is at once ([`Key::state_at`]).

use crate::change::ATTEMPTS;
use crate::ledger::space;
use crate::record::{Entry, SealedVersion};
use crate::{Error, Event, Key, KeyManager, VersionRefusal};
use async_trait::async_trait;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use uuid::Uuid;
use wrap::keys::Epoch;
use wrap::primitive::SealKey;
use wrap::{KeyRef, Secret, Unwrapped, Wrapped, Wrapper};

/// A root key's material, under an epoch key. It opens into a sealing key and into nothing else.
const MATERIAL: &str = "keystead root key version";
/// A standard key's payload, under the installation key.
const PAYLOAD: &str = "keystead standard key payload";
/// Opened versions that are kept at most.
const OPENED: usize = 1024;

/// For whom a root key seals. What one seals, none of the others opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The engine.
    Engine,
    /// The callers of the API's wrap.
    Api,
}

impl Use {
    fn purpose(self) -> &'static str {
        match self {
            Use::Engine => "keystead root key wrap",
            Use::Api => "keystead root key wrap by API",
        }
    }
}

#[async_trait]
impl Wrapper for KeyManager {
    async fn wrap(&self, key: &KeyRef, plaintext: &Secret, aad: &[u8]) -> Result<Wrapped, wrap::Error> {
        let root = self.usable(key, Event::Wrap).await?;
        self.wrap_for_engine(&root, plaintext, aad).await
    }

    async fn unwrap(&self, key: &KeyRef, wrapped: &Wrapped, aad: &[u8]) -> Result<Unwrapped, wrap::Error> {
        let root = self.usable(key, Event::Unwrap).await?;
        let (version, plaintext) =
            self.open_under(&root, Use::Engine, &wrapped.ciphertext, aad).await.map_err(answer)?;
        if version != wrapped.key_version {
            return Err(wrap::Error::Invalid);
        }
        let rewrapped =
            if version == root.version { None } else { Some(self.wrap_for_engine(&root, &plaintext, aad).await?) };
        Ok(Unwrapped { plaintext, rewrapped })
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }
}

impl KeyManager {
    /// Seals the material of a root key's version under an epoch, bound to whose it is.
    pub(crate) fn seal_version(
        &self,
        version: &mut SealedVersion,
        material: &Secret,
        epoch: &Epoch,
    ) -> Result<(), Error> {
        version.sealed = epoch.key.seal(MATERIAL, &owner(version), material.expose(), self.random.as_ref())?;
        version.epoch = (epoch.number > 0).then_some(epoch.number);
        Ok(())
    }

    /// Seals the same material under another epoch, or under none where it was erased. None where the epoch that it is under was ended.
    pub(crate) fn reseal_version(&self, version: &mut SealedVersion, epoch: &Epoch) -> Result<Option<()>, Error> {
        if version.erased.is_some() {
            version.epoch = None;
            return Ok(Some(()));
        }
        let Some(key) = self.keys.epoch(version.epoch.unwrap_or(0)) else { return Ok(None) };
        let material = key.open(MATERIAL, &owner(version), &version.sealed).map_err(|_| damaged(version.id))?;
        self.seal_version(version, &material, epoch).map(Some)
    }

    /// Seals a standard key's payload, bound to whose it is.
    pub(crate) fn seal_payload(&self, version: &mut SealedVersion, payload: &Secret) -> Result<(), Error> {
        let (installation, owner) = (self.keys.installation(), owner(version));
        version.sealed = installation.seal(PAYLOAD, &owner, payload.expose(), self.random.as_ref())?;
        Ok(())
    }

    /// The payload of a standard key.
    pub(crate) fn open_payload_of(&self, version: &SealedVersion) -> Result<Secret, Error> {
        self.keys.installation().open(PAYLOAD, &owner(version), &version.sealed).map_err(|_| damaged(version.id))
    }

    /// Seals under a root key's newest version: its identifier, then the seal.
    pub(crate) async fn seal_under(
        &self,
        root: &Key,
        for_whom: Use,
        plaintext: &Secret,
        aad: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let version = self.opened(root, root.version).await?.ok_or_else(|| damaged(root.version))?;
        let sealed = version.seal(for_whom.purpose(), aad, plaintext.expose(), self.random.as_ref())?;
        Ok([&root.version.as_bytes()[..], &sealed].concat())
    }

    /// Opens what [`KeyManager::seal_under`] made, with the version that it is under.
    ///
    /// # Errors
    /// [`Error::Ciphertext`] when it is not that.
    pub(crate) async fn open_under(
        &self,
        root: &Key,
        for_whom: Use,
        ciphertext: &[u8],
        aad: &[u8],
    ) -> Result<(Uuid, Secret), Error> {
        let (version, sealed) = ciphertext.split_first_chunk().ok_or(Error::Ciphertext)?;
        let version = Uuid::from_bytes(*version);
        match self.opened(root, version).await? {
            Some(opened) => Ok((version, open_with(&opened, for_whom, sealed, aad)?.ok_or(Error::Ciphertext)?)),
            None if root.imported => self.open_under_any(root, for_whom, sealed, aad).await,
            None => Err(Error::Ciphertext),
        }
    }

    /// What was wrapped under another key with the same material, which was brought along for both: whoever lost a key and imports
    /// it again reads what it wrapped (Key Protect: "Importing root keys").
    async fn open_under_any(
        &self,
        root: &Key,
        for_whom: Use,
        sealed: &[u8],
        aad: &[u8],
    ) -> Result<(Uuid, Secret), Error> {
        for stored in self.sealed_versions(root).await?.iter().filter(|stored| stored.entry.retired.is_none()) {
            let version = stored.entry.id;
            if let Some(opened) = self.opened(root, version).await?
                && let Some(plaintext) = open_with(&opened, for_whom, sealed, aad)?
            {
                return Ok((version, plaintext));
            }
        }
        Err(Error::Ciphertext)
    }

    async fn wrap_for_engine(&self, root: &Key, plaintext: &Secret, aad: &[u8]) -> Result<Wrapped, wrap::Error> {
        let ciphertext = self.seal_under(root, Use::Engine, plaintext, aad).await.map_err(answer)?;
        Ok(Wrapped { ciphertext, key_version: root.version })
    }

    /// The root key as it is now, if its state allows the event.
    async fn usable(&self, key: &KeyRef, event: Event) -> Result<Arc<Key>, wrap::Error> {
        let root = self.ledger.kept::<Key>(space(key.instance), key.key).await.map_err(answer)?;
        let root = root.ok_or(wrap::Error::Deleted(key.key))?;
        root.is_root().and_then(|()| root.after(event)).map_err(answer)?;
        Ok(root)
    }

    /// A version of the key, opened, if the key has it.
    pub(crate) async fn opened(&self, key: &Key, version: Uuid) -> Result<Option<Arc<SealKey>>, Error> {
        let (epoch, name) = (self.epoch(), KeyRef { instance: key.instance, key: key.id });
        if let Some(opened) = self.opened.get(epoch, &name, version) {
            return Ok(Some(opened));
        }
        let Some(material) = self.opened_material(key, version).await? else { return Ok(None) };
        let opened = Arc::new(material);
        self.opened.keep(epoch, &name, version, &opened);
        Ok(Some(opened))
    }

    /// Opens a version. What was read may be sealed under an epoch that has ended since: then there is a newer record.
    async fn opened_material(&self, key: &Key, version: Uuid) -> Result<Option<SealKey>, Error> {
        for _ in 0..ATTEMPTS {
            let stored = self.ledger.get::<SealedVersion>(space(key.instance), version).await?;
            let Some(stored) = stored.filter(|stored| stored.entry.key == key.id) else { return Ok(None) };
            if stored.entry.retired.is_some() {
                return Err(Error::Version { key: key.id, version, refusal: VersionRefusal::Retired });
            }
            if let Some(opened) = self.open_version(&stored.entry) {
                return opened.map(Some);
            }
        }
        Err(damaged(version))
    }

    /// Opens a version's material, retired or not; none where its epoch has ended.
    pub(crate) fn open_version(&self, version: &SealedVersion) -> Option<Result<SealKey, Error>> {
        let epoch = self.keys.epoch(version.epoch.unwrap_or(0))?;
        let material = epoch.open(MATERIAL, &owner(version), &version.sealed).map_err(|_| damaged(version.id));
        Some(material.and_then(|material| Ok(SealKey::from_material(MATERIAL, &material)?)))
    }
}

fn damaged(version: Uuid) -> Error {
    Error::Damaged { what: SealedVersion::WHAT, id: version }
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
    /// Drops everything.
    pub(crate) fn clear(&self) {
        self.0.lock().versions.clear();
    }

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

/// What a seal holds; none where it is another key's, was changed, or is bound to something else.
fn open_with(opened: &SealKey, for_whom: Use, sealed: &[u8], aad: &[u8]) -> Result<Option<Secret>, Error> {
    match opened.open(for_whom.purpose(), aad, sealed) {
        Ok(plaintext) => Ok(Some(plaintext)),
        Err(wrap::Error::Invalid) => Ok(None),
        Err(error) => Err(error.into()),
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
        Error::Deleted(key) => wrap::Error::Deleted(key),
        Error::State { key, .. } | Error::RootKeyRequired(key) | Error::Version { key, .. } => {
            wrap::Error::Disabled(key)
        }
        Error::Ciphertext => wrap::Error::Invalid,
        Error::Store(error) => wrap::Error::Unreachable(error.to_string()),
        Error::Crypto(error) => error,
        other => wrap::Error::Fault(other.to_string()),
    }
}
