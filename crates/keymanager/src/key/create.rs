//! Keys made and imported.

use crate::key::RotationSetting;
use crate::{Call, Error, Key, KeyManager};
use kmip::Timestamp;
use wrap::Secret;

/// What makes a key (Key Protect API: "Create a key").
pub struct NewKey {
    /// 1 to 90 characters.
    pub name: String,
    /// 2 to 240 characters.
    pub description: Option<String>,
    /// At most 5, see `alias`.
    pub aliases: Vec<String>,
    /// At most 30 of at most 30 characters, without `< > , : & |`.
    pub tags: Vec<String>,
    /// After now.
    pub expires: Option<Timestamp>,
    /// True for a standard key, false for a root key.
    pub extractable: bool,
    /// Its key ring; none: `default`.
    pub ring: Option<String>,
    /// Material to import; generated (256 bits) where there is none.
    pub payload: Option<Payload>,
    /// Policies that override the instance's; none: the instance's policies apply.
    pub overrides: Option<Overrides>,
}

impl NewKey {
    /// A root key or standard key with a name, and all else as it comes.
    pub fn named(name: &str, extractable: bool) -> Self {
        NewKey {
            name: name.to_owned(),
            description: None,
            aliases: Vec::new(),
            tags: Vec::new(),
            expires: None,
            extractable,
            ring: None,
            payload: None,
            overrides: None,
        }
    }
}

/// Policies of a new key in the place of the instance's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides {
    /// Its rotation.
    pub rotation: Option<RotationSetting>,
    /// Whether two people are needed to delete it.
    pub dual_auth_delete: Option<bool>,
}

/// Material that is brought along.
pub enum Payload {
    /// In the clear (inside TLS): root keys 16, 24 or 32 bytes; standard keys up to 7500.
    Plain(Secret),
    /// Under the instance's import token.
    Encrypted(EncryptedPayload),
}

/// Material under the import token's public key (Key Protect: "Importing keys with an import token").
pub struct EncryptedPayload {
    /// The material by RSAES-OAEP.
    pub ciphertext: Vec<u8>,
    /// The token's nonce, encrypted under the material itself.
    pub nonce: Vec<u8>,
    /// The initialisation vector of that.
    pub iv: Vec<u8>,
    /// `RSAES_OAEP_SHA_256` or `RSAES_OAEP_SHA_1`; none: the former.
    pub algorithm: Option<String>,
}

impl KeyManager {
    /// Makes or imports a key, which is active at once.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for the ring; [`Error::NotFound`] for a ring that is not there; [`Error::Field`];
    /// [`Error::CreateImportAccess`]; [`Error::Taken`] for an alias; [`Error::RootKeyRequired`] for an import token with a standard
    /// key; [`Error::Nonce`], [`Error::NonceIv`], [`Error::ImportTokenExpired`]; [`Error::Store`].
    pub async fn create_key(&self, call: &Call, new: NewKey) -> Result<Key, Error> {
        let _ = (call, new);
        todo!("keys")
    }
}
