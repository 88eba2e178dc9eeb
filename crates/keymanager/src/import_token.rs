//! The import token: a key pair of an instance under which customers send their material.

use crate::{Call, EncryptedPayload, Error, KeyManager};
use kmip::Timestamp;
use wrap::Secret;

/// An import token, without its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportToken {
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// How often it can be had.
    pub max_retrievals: u32,
    /// How often still.
    pub remaining_retrievals: u32,
}

/// What an importer needs.
pub struct ImportKit {
    /// The token, after this retrieval.
    pub token: ImportToken,
    /// The public key: PEM of an RSA-4096 SubjectPublicKeyInfo.
    pub public_key: String,
    /// 12 bytes, to be sent back under the material.
    pub nonce: [u8; 12],
}

impl KeyManager {
    /// The material in what an importer sent, once the nonce was found right.
    ///
    /// # Errors
    /// [`Error::ImportTokenExpired`], [`Error::NotFound`], [`Error::Nonce`], [`Error::NonceIv`], [`Error::Field`].
    pub(crate) async fn open_payload(&self, call: &Call, payload: &EncryptedPayload) -> Result<Secret, Error> {
        let _ = (call, payload);
        todo!("policies")
    }

    /// Makes an import token in the place of the one that was: `expiration` 300 to 86,400 seconds (600), `retrievals` 1 to 500 (1).
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Field`], [`Error::Store`].
    pub async fn create_import_token(
        &self,
        call: &Call,
        expiration: Option<i64>,
        retrievals: Option<i64>,
    ) -> Result<ImportToken, Error> {
        let _ = (call, expiration, retrievals);
        todo!("policies")
    }

    /// The public key and nonce, which takes one of the retrievals.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, [`Error::ImportTokenExpired`] when it is over or used up.
    pub async fn import_token(&self, call: &Call) -> Result<ImportKit, Error> {
        let _ = call;
        todo!("policies")
    }
}
