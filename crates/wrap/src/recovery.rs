//! The recovery key: whoever has its private half opens backups; the server has the public half alone, so that an intruder on a running
//! server can't open older ones.
//!
//! For each backup there is an X25519 agreement (RFC 7748) with a key pair of its own, HKDF-SHA256 (RFC 5869) over the result and both
//! public keys, and AES-256-GCM over chunks whose nonce is their number and whether one is the last (the STREAM construction of Hoang,
//! Reyhanitabar, Rogaway and Vizár, 2015), bound to the backup's head. The invariant of this room: **what is opened is what was sealed:
//! whole, in its order and under its own head, or it is an error.**

use crate::primitive::{Random, digest, random_secret};
use crate::{Error, Secret};
use aws_lc_rs::{aead, agreement, hkdf};
use zeroize::Zeroizing;

/// Bytes of either half.
pub const KEY: usize = 32;
/// Bytes of a chunk before it is sealed; only the last one may have fewer.
pub const CHUNK: usize = 64 * 1024;
/// By how many bytes sealing makes a chunk longer.
pub const OVERHEAD: usize = 16;

/// The private half.
pub struct RecoveryKey(Secret);

/// The public half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryPublic([u8; KEY]);

/// Seals the chunks of one backup, in their order.
pub struct Sealer(Stream);

/// Opens the chunks of one backup, in their order.
pub struct Opener(Stream);

/// A key for one backup, whose head is not written yet.
pub struct Begun {
    ephemeral: [u8; KEY],
    key: aead::LessSafeKey,
}

struct Stream {
    key: aead::LessSafeKey,
    head: [u8; 32],
    next: u32,
}

impl RecoveryKey {
    /// A new pair.
    ///
    /// # Errors
    /// [`Error::Fault`] when there are no random bytes.
    pub fn generate(random: &dyn Random) -> Result<Self, Error> {
        Ok(RecoveryKey(random_secret(random, KEY)?))
    }

    /// The pair with this private half.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it has not 32 bytes.
    pub fn new(secret: Secret) -> Result<Self, Error> {
        if secret.expose().len() == KEY { Ok(RecoveryKey(secret)) } else { Err(Error::Invalid) }
    }

    /// The private half, to be split or sealed.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// The public half.
    ///
    /// # Errors
    /// [`Error::Fault`] when the crypto library fails.
    pub fn public(&self) -> Result<RecoveryPublic, Error> {
        let public = self.private()?.compute_public_key().map_err(|_| library())?;
        public.as_ref().try_into().map(RecoveryPublic).map_err(|_| library())
    }

    /// Opens a backup with this head, which came with this public key.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it was not sealed to this key.
    pub fn open(&self, ephemeral: &[u8; KEY], head: &[u8]) -> Result<Opener, Error> {
        let (peer, public) = (agreement::UnparsedPublicKey::new(&agreement::X25519, ephemeral), self.public()?);
        let agreed =
            agreement::agree(&self.private()?, peer, Error::Invalid, |shared| file_key(shared, ephemeral, &public.0));
        Ok(Opener(Stream::new(agreed?, head)))
    }

    fn private(&self) -> Result<agreement::PrivateKey, Error> {
        agreement::PrivateKey::from_private_key(&agreement::X25519, self.0.expose()).map_err(|_| library())
    }
}

impl RecoveryPublic {
    /// From its bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are not 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(RecoveryPublic).map_err(|_| Error::Invalid)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; KEY] {
        &self.0
    }

    /// What it is called: the first bytes of its digest.
    pub fn id(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = digest(&[b"keystead recovery key", &[0], &self.0]);
        [a, b, c, d, e, f, g, h]
    }

    /// Begins a backup: makes its key, of which the head must have [`Begun::ephemeral`].
    ///
    /// # Errors
    /// [`Error::Fault`] when the crypto library fails, [`Error::Invalid`] when this is no public key.
    pub fn begin(&self) -> Result<Begun, Error> {
        let own = agreement::PrivateKey::generate(&agreement::X25519).map_err(|_| library())?;
        let ephemeral = own.compute_public_key().map_err(|_| library())?;
        let ephemeral: [u8; KEY] = ephemeral.as_ref().try_into().map_err(|_| library())?;
        let peer = agreement::UnparsedPublicKey::new(&agreement::X25519, self.0);
        let key = agreement::agree(&own, peer, Error::Invalid, |shared| file_key(shared, &ephemeral, &self.0))?;
        Ok(Begun { ephemeral, key })
    }
}

impl Begun {
    /// What whoever opens it needs beside the private half.
    pub fn ephemeral(&self) -> &[u8; KEY] {
        &self.ephemeral
    }

    /// Ties the key to the head.
    pub fn with_head(self, head: &[u8]) -> Sealer {
        Sealer(Stream::new(self.key, head))
    }
}

impl Sealer {
    /// Seals a chunk in place.
    ///
    /// # Errors
    /// [`Error::Fault`] when there are too many chunks, or the crypto library fails.
    pub fn seal(&mut self, chunk: &mut Vec<u8>, is_last: bool) -> Result<(), Error> {
        let nonce = self.0.nonce(is_last)?;
        self.0.key.seal_in_place_append_tag(nonce, aead::Aad::from(self.0.head), chunk).map_err(|_| library())
    }
}

impl Opener {
    /// Opens a chunk in place.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not the next chunk of this backup, or not the last one though it should be.
    pub fn open(&mut self, chunk: &mut Zeroizing<Vec<u8>>, is_last: bool) -> Result<(), Error> {
        let nonce = self.0.nonce(is_last)?;
        let opened = self.0.key.open_in_place(nonce, aead::Aad::from(self.0.head), chunk);
        let length = opened.map_err(|_| Error::Invalid)?.len();
        chunk.truncate(length);
        Ok(())
    }
}

impl Stream {
    fn new(key: aead::LessSafeKey, head: &[u8]) -> Self {
        Stream { key, head: digest(&[head]), next: 0 }
    }

    fn nonce(&mut self, is_last: bool) -> Result<aead::Nonce, Error> {
        let mut nonce = [0; aead::NONCE_LEN];
        let [.., a, b, c, d, last] = &mut nonce;
        [*a, *b, *c, *d] = self.next.to_be_bytes();
        *last = u8::from(is_last);
        self.next = self.next.checked_add(1).ok_or_else(|| Error::Fault("the backup is too long".into()))?;
        Ok(aead::Nonce::assume_unique_for_key(nonce))
    }
}

/// The key of one backup: it is used for that alone, so its nonces may count.
fn file_key(shared: &[u8], ephemeral: &[u8; KEY], public: &[u8; KEY]) -> Result<aead::LessSafeKey, Error> {
    let mut key = Zeroizing::new([0; KEY]);
    let info: [&[u8]; 4] = [b"keystead backup file key", &[0], ephemeral, public];
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(shared);
    let expanded = secret.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key[..]));
    expanded.map_err(|_| library())?;
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, &key[..]).map_err(|_| library())?;
    Ok(aead::LessSafeKey::new(key))
}

fn library() -> Error {
    Error::Fault("the crypto library failed".into())
}
