//! The master key of an installation: from a key file or a passphrase.
//!
//! The invariant of this room: **a key comes from a source that only its owner can read, whole and well-formed, or not at all.**

mod error;
mod file;
mod passphrase;

pub use error::Error;
pub use passphrase::PassphraseParameters;

use crate::Secret;
use crate::primitive::{Random, SealKey};
use std::path::Path;

/// What seals the keys file of an installation (see [`crate::keys`]). Without it, nothing that the installation stores can be read.
pub struct MasterKey {
    seal: SealKey,
    bytes: Secret,
}

impl MasterKey {
    /// A master key from 32 uniformly random bytes that come from elsewhere.
    ///
    /// # Errors
    /// [`Error::Crypto`] when there are not 32 bytes.
    pub fn new(secret: &Secret) -> Result<Self, Error> {
        Ok(MasterKey { seal: SealKey::new(secret)?, bytes: secret.clone() })
    }

    /// Makes a new key and its file, which must not exist yet, with mode 0600. When this returns, the file is on stable storage.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Io`], or [`Error::Crypto`] when there are no random bytes.
    pub fn create_file(path: &Path, random: &dyn Random) -> Result<Self, Error> {
        Self::new(&file::create(path, random)?)
    }

    /// Reads a key file that [`MasterKey::create_file`] made.
    ///
    /// # Errors
    /// A variant of [`Error`] for each thing that can be wrong with the file, with what to do about it.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        Self::new(&file::read(path)?)
    }

    /// Derives the key from a passphrase by Argon2id, which takes as long and as much memory as the parameters say.
    ///
    /// # Errors
    /// [`Error::ShortPassphrase`], or [`Error::Derivation`] when there is not enough memory.
    pub fn from_passphrase(passphrase: &Secret, parameters: &PassphraseParameters) -> Result<Self, Error> {
        Self::new(&parameters.derive(passphrase)?)
    }

    /// The key, to seal with.
    pub fn seal_key(&self) -> &SealKey {
        &self.seal
    }

    /// Its 32 bytes: an older installation's own key, and what a second handle of the same key is made from.
    pub(crate) fn bytes(&self) -> &Secret {
        &self.bytes
    }
}
