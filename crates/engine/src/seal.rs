//! Sealing: material under the adapter's key, records under a tag, adapter keys under the root key.
//!
//! The invariant: [`Material`] and [`Sealed`] are different types, [`Sealed`] is made here only, and only it enters a record. What is
//! opened is what was sealed for this adapter, this object and this purpose, or an error.

pub(crate) mod credential;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kmip::Tag;
use kmip::object::SecretBytes;
use kmip::ttlv::{Decode, DecodeError, Encode, Item, Writer};
use parking_lot::RwLock;
use tracing::Instrument;
use uuid::Uuid;
use wrap::primitive::{Random, SealKey, TagKey, random_secret};
use wrap::{KeyRef, Secret, Wrapped, Wrapper};

use crate::error::{Failure, Fault};

/// The length in bytes of a record's tag.
pub const TAG_LENGTH: usize = 32;

const MATERIAL: &str = "keystead object material";
const RECORD: &str = "keystead record";
const ADAPTER_KEY_LENGTH: usize = 32;

static OPENINGS: AtomicU64 = AtomicU64::new(0);

/// Key material in the clear, for as long as one request takes. There is no Debug.
pub struct Material(Secret);

impl Material {
    /// Material that a client sent.
    pub fn from_client(bytes: SecretBytes) -> Self {
        Material(Secret::new(bytes.into_inner()))
    }

    /// New random material.
    pub fn random(random: &dyn Random, length: usize) -> Result<Self, Failure> {
        Ok(Material(random_secret(random, length)?))
    }

    /// The material as it goes to the client.
    pub fn into_client(self) -> SecretBytes {
        SecretBytes::new(self.0.into_inner())
    }

    /// Its length in bytes.
    pub fn length(&self) -> usize {
        self.0.expose().len()
    }

    /// The SHA-256 of the material: what a client compares with a key that it has (KMIP 1.4, 3.17).
    pub fn digest(&self) -> [u8; 32] {
        wrap::primitive::digest(&[self.0.expose()])
    }
}

/// Sealed material: safe to store.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// The sealed bytes, as they stand in the key manager.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Decode for Sealed {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        item.bytes().map(|bytes| Sealed(bytes.to_vec()))
    }
}

impl Encode for Sealed {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.bytes(tag, &self.0);
    }
}

/// An adapter's key, opened.
pub struct AdapterKey {
    adapter: Uuid,
    opening: u64,
    seal: SealKey,
    record: TagKey,
    credential: TagKey,
}

impl AdapterKey {
    fn new(adapter: Uuid, secret: &Secret) -> Result<Self, Failure> {
        let seal = SealKey::new(secret)?;
        let (record, credential) = (seal.tagger(RECORD)?, seal.tagger(credential::CREDENTIAL)?);
        Ok(AdapterKey { adapter, opening: OPENINGS.fetch_add(1, Ordering::Relaxed), seal, record, credential })
    }

    /// Which opening of a key this is: no two have the same number.
    pub fn opening(&self) -> u64 {
        self.opening
    }

    /// Seals an object's material.
    pub fn seal(&self, object: Uuid, material: &Material, random: &dyn Random) -> Result<Sealed, Failure> {
        Ok(Sealed(self.seal.seal(MATERIAL, &self.bound_to(object), material.0.expose(), random)?))
    }

    /// Opens an object's material.
    pub fn open(&self, object: Uuid, sealed: &Sealed) -> Result<Material, Failure> {
        let secret = self.seal.open(MATERIAL, &self.bound_to(object), &sealed.0);
        secret.map(Material).map_err(|_| Fault::Damaged(object.to_string()).into())
    }

    fn bound_to(&self, object: Uuid) -> [u8; 32] {
        let mut aad = [0; 32];
        let (adapter, id) = aad.split_at_mut(16);
        adapter.copy_from_slice(self.adapter.as_bytes());
        id.copy_from_slice(object.as_bytes());
        aad
    }

    /// Puts the tag over a record, its place and its version at the record's end.
    pub fn sign(&self, key: &store::Key, version: u64, mut body: Vec<u8>) -> Vec<u8> {
        let tag = self.record.tag(&[&place(key), &version.to_be_bytes(), &body]);
        body.extend_from_slice(&tag);
        body
    }

    /// The body of a record whose tag is right.
    pub fn verify<'a>(&self, key: &store::Key, version: u64, record: &'a [u8]) -> Result<&'a [u8], Fault> {
        let damaged = || Fault::Damaged(Uuid::from_bytes(key.id).to_string());
        let split = record.len().checked_sub(TAG_LENGTH).ok_or_else(damaged)?;
        let (body, tag) = record.split_at(split);
        let parts: [&[u8]; 3] = [&place(key), &version.to_be_bytes(), body];
        self.record.verify(&parts, tag).map_err(|_| damaged())?;
        Ok(body)
    }
}

fn place(key: &store::Key) -> [u8; 33] {
    let mut place = [0; 33];
    let (space, rest) = place.split_at_mut(16);
    let (kind, id) = rest.split_at_mut(1);
    space.copy_from_slice(&key.space.0);
    kind.copy_from_slice(&[key.kind.0]);
    id.copy_from_slice(&key.id);
    place
}

/// What is needed to open an adapter's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedAdapterKey {
    /// The adapter.
    pub adapter: Uuid,
    /// The root key that its key is wrapped under.
    pub root_key: KeyRef,
    /// The wrapped key.
    pub wrapped: Wrapped,
}

impl WrappedAdapterKey {
    /// A new random adapter key, wrapped under a root key.
    pub async fn create(
        adapter: Uuid,
        root_key: KeyRef,
        wrapper: &dyn Wrapper,
        random: &dyn Random,
    ) -> Result<(Self, AdapterKey), Failure> {
        let secret = random_secret(random, ADAPTER_KEY_LENGTH)?;
        let wrapped = wrapper.wrap(&root_key, &secret, adapter.as_bytes()).await?;
        Ok((WrappedAdapterKey { adapter, root_key, wrapped }, AdapterKey::new(adapter, &secret)?))
    }
}

/// The adapter keys that are open. One is held for as long as the key manager's epoch stands; when it moves, each is unwrapped
/// again before its next use.
pub struct Keyring {
    wrapper: Arc<dyn Wrapper>,
    open: RwLock<HashMap<Uuid, (u64, Arc<AdapterKey>)>>,
}

impl Keyring {
    /// An empty keyring over a key manager.
    pub fn new(wrapper: Arc<dyn Wrapper>) -> Self {
        Keyring { wrapper, open: RwLock::default() }
    }

    /// The key manager.
    pub fn wrapper(&self) -> &dyn Wrapper {
        &*self.wrapper
    }

    /// The adapter's key, if it may be used now.
    pub async fn key(&self, wrapped: &WrappedAdapterKey) -> Result<Arc<AdapterKey>, Failure> {
        let epoch = self.wrapper.epoch();
        if let Some(key) = self.held(wrapped.adapter, epoch) {
            return Ok(key);
        }
        match self.unwrap(wrapped).await {
            Ok(key) => {
                self.open.write().insert(wrapped.adapter, (epoch, Arc::clone(&key)));
                Ok(key)
            }
            Err(failure) => {
                self.open.write().remove(&wrapped.adapter);
                Err(failure)
            }
        }
    }

    fn held(&self, adapter: Uuid, epoch: u64) -> Option<Arc<AdapterKey>> {
        let open = self.open.read();
        let (opened_at, key) = open.get(&adapter)?;
        (*opened_at == epoch).then(|| Arc::clone(key))
    }

    /// The adapter's key, unwrapped anew whatever is held.
    pub(crate) async fn anew(&self, wrapped: &WrappedAdapterKey) -> Result<Arc<AdapterKey>, Failure> {
        self.unwrap(wrapped).await
    }

    async fn unwrap(&self, wrapped: &WrappedAdapterKey) -> Result<Arc<AdapterKey>, Failure> {
        let aad = wrapped.adapter.as_bytes();
        let unwrap = tracing::info_span!(target: "keystead", "unwrap");
        let unwrapped = self.wrapper.unwrap(&wrapped.root_key, &wrapped.wrapped, aad).instrument(unwrap).await?;
        Ok(Arc::new(AdapterKey::new(wrapped.adapter, &unwrapped.plaintext)?))
    }

    /// Forgets an adapter's key.
    pub fn forget(&self, adapter: Uuid) {
        self.open.write().remove(&adapter);
    }
}
