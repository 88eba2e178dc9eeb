//! Wrap, unwrap and rewrap as the REST API has them: with additional authenticated data in strings, and opaque ciphertexts.
//!
//! The invariant: **what comes back is what was wrapped, under the same key and the same data, or an error**; and what was wrapped for
//! the engine is not unwrapped here, nor the other way round ([`Use`]). Each costs one look into the store for the key.

use crate::key::material::check_plaintext;
use crate::wrapper::Use;
use crate::{Call, Error, Event, Key, KeyManager};
use std::sync::Arc;
use uuid::Uuid;
use wrap::Secret;

/// The most strings of additional authenticated data (Key Protect API, `aad`).
const STRINGS: usize = 126;
/// The most characters of each (Key Protect API, `aad`).
const CHARACTERS: usize = 255;

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
    /// Wraps a plaintext of 1 to 4096 bytes under a root key, or 32 random bytes where there is none.
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
        let root = self.root_for(call, id_or_alias, Event::Wrap).await?;
        let aad = joined(aad)?;
        let is_given = plaintext.is_some();
        let plaintext = plaintext.map_or_else(|| self.generated(), Ok)?;
        check_plaintext(&plaintext)?;
        let ciphertext = self.seal_under(&root, Use::Api, &plaintext, &aad).await?;
        Ok(Wrapped { ciphertext, key_version: root.version, generated: (!is_given).then_some(plaintext) })
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
        let root = self.root_for(call, id_or_alias, Event::Unwrap).await?;
        let aad = joined(aad)?;
        let (key_version, plaintext) = self.open_under(&root, Use::Api, ciphertext, &aad).await?;
        let rewrapped = if key_version == root.version {
            None
        } else {
            let ciphertext = self.seal_under(&root, Use::Api, &plaintext, &aad).await?;
            Some(Rewrapped { ciphertext, key_version, rewrapped_key_version: root.version })
        };
        Ok(Unwrapped { plaintext, key_version, rewrapped })
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
        let root = self.root_for(call, id_or_alias, Event::Unwrap).await?;
        let aad = joined(aad)?;
        let (key_version, plaintext) = self.open_under(&root, Use::Api, ciphertext, &aad).await?;
        let ciphertext = self.seal_under(&root, Use::Api, &plaintext, &aad).await?;
        Ok(Rewrapped { ciphertext, key_version, rewrapped_key_version: root.version })
    }

    async fn root_for(&self, call: &Call, id_or_alias: &str, event: Event) -> Result<Arc<Key>, Error> {
        let root = self.find(call, id_or_alias, None).await?.root()?;
        root.after(event)?;
        Ok(root)
    }
}

/// Additional authenticated data in one piece: how many strings, then each with its length in bytes before it, so that no two lists
/// are the same bytes. Numbers have 4 bytes, big-endian: part of the data format.
fn joined(aad: &[String]) -> Result<Vec<u8>, Error> {
    if aad.len() > STRINGS {
        return Err(wrong(format!("has {} strings: give {STRINGS} or fewer", aad.len())));
    }
    let mut joined = number(aad.len()).to_vec();
    for text in aad {
        let count = text.chars().count();
        if count > CHARACTERS {
            return Err(wrong(format!("has a string of {count} characters: give {CHARACTERS} or fewer")));
        }
        joined.extend(number(text.len()));
        joined.extend_from_slice(text.as_bytes());
    }
    Ok(joined)
}

/// Both numbers are far below what 4 bytes hold.
fn number(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

fn wrong(reason: String) -> Error {
    Error::Field { field: "aad", reason }
}
