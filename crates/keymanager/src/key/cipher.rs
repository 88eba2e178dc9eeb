//! Wrap, unwrap and rewrap as the REST API has them: with additional authenticated data in strings, and ciphertexts in an envelope.

use crate::{Call, Error, KeyManager};
use uuid::Uuid;
use wrap::Secret;

/// The answer to a wrap.
pub struct Wrapped {
    /// Opaque bytes; the API gives them in base64.
    pub ciphertext: Vec<u8>,
    /// The version that it was wrapped under.
    pub key_version: Uuid,
    /// What was wrapped, where it was generated.
    pub generated: Option<Secret>,
}

/// The answer to an unwrap.
pub struct Unwrapped {
    /// What was wrapped.
    pub plaintext: Secret,
    /// The version that it was wrapped under.
    pub key_version: Uuid,
    /// The same under the newest version, where that is another.
    pub rewrapped: Option<Rewrapped>,
}

/// A ciphertext that was made anew.
pub struct Rewrapped {
    /// Opaque bytes.
    pub ciphertext: Vec<u8>,
    /// The version of the old one.
    pub key_version: Uuid,
    /// The version of the new one.
    pub rewrapped_key_version: Uuid,
}

impl KeyManager {
    /// Wraps a plaintext under a root key, or 32 random bytes where there is none.
    ///
    /// `aad`: at most 126 strings of at most 255 characters; the same, in the same order, are needed to unwrap.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::RootKeyRequired`], [`Error::State`], [`Error::Deleted`], [`Error::Field`].
    pub async fn wrap_data(
        &self,
        call: &Call,
        id_or_alias: &str,
        plaintext: Option<Secret>,
        aad: &[String],
    ) -> Result<Wrapped, Error> {
        let _ = (call, id_or_alias, plaintext, aad);
        todo!("keys")
    }

    /// Unwraps a ciphertext.
    ///
    /// # Errors
    /// As [`KeyManager::wrap_data`]; [`Error::Ciphertext`] when it was changed, is another key's or was made with other `aad`.
    pub async fn unwrap_data(
        &self,
        call: &Call,
        id_or_alias: &str,
        ciphertext: &[u8],
        aad: &[String],
    ) -> Result<Unwrapped, Error> {
        let _ = (call, id_or_alias, ciphertext, aad);
        todo!("keys")
    }

    /// Wraps what a ciphertext holds again under the newest version, without giving it out.
    ///
    /// # Errors
    /// As [`KeyManager::unwrap_data`].
    pub async fn rewrap_data(
        &self,
        call: &Call,
        id_or_alias: &str,
        ciphertext: &[u8],
        aad: &[String],
    ) -> Result<Rewrapped, Error> {
        let _ = (call, id_or_alias, ciphertext, aad);
        todo!("keys")
    }
}
