//! What an importer sent is opened: the key material under the token's public key, the nonce under the key material.
//!
//! The invariant: **an importer learns whether what they sent was right, and of a payload that was not, nothing more** (Manger's
//! attack on RSAES-OAEP lives on finer answers; RFC 8017, 7.1.2, note).

use crate::import_token::{SealedToken, absent};
use crate::{Call, EncryptedPayload, Error, KeyManager};
use wrap::Secret;
use wrap::primitive::{ImportKey, OaepHash, equal, open_nonce, open_nonce_cbc};
use zeroize::Zeroizing;

/// The ways of RSAES-OAEP by the API's names (Key Protect API, `encryptionAlgorithm`), the default first.
const ALGORITHMS: [(&str, OaepHash); 2] =
    [("RSAES_OAEP_SHA_256", OaepHash::Sha256), ("RSAES_OAEP_SHA_1", OaepHash::Sha1)];
/// The lengths of a root key.
const MATERIAL: [usize; 3] = [16, 24, 32];

/// How the nonce is encrypted.
#[derive(Clone, Copy)]
enum NonceCipher {
    /// AES-GCM: Key Protect.
    Gcm,
    /// AES-CBC: Hyper Protect Crypto Services, whose payloads are under SHA-1.
    Cbc,
}

impl KeyManager {
    /// The material in what an importer sent, once the nonce was found right. Importing takes no retrieval: a token that is used up
    /// is good until its time is over.
    ///
    /// # Errors
    /// [`Error::ImportTokenExpired`], [`Error::NotFound`], [`Error::Nonce`], [`Error::NonceIv`], [`Error::Field`].
    pub(crate) async fn open_payload(&self, call: &Call, payload: &EncryptedPayload) -> Result<Secret, Error> {
        let padding = padding(payload.algorithm.as_deref())?;
        let cipher = NonceCipher::of(padding, payload.iv.len())?;
        let token = self.token(call.instance).await?.ok_or_else(|| absent(call))?.entry;
        token.check_time(call.now)?;
        let material = self.decrypt(&token, padding, payload.ciphertext.clone()).await?;
        let nonce = cipher.open(&material, payload)?;
        if equal(&nonce, &token.nonce) { Ok(material) } else { Err(Error::Nonce) }
    }

    async fn decrypt(&self, token: &SealedToken, padding: OaepHash, ciphertext: Vec<u8>) -> Result<Secret, Error> {
        let (private, id) = (self.private_key(token)?, token.id);
        let decrypt = move || {
            let pair = ImportKey::from_der(&private).map_err(|_| Error::Damaged { what: "import token", id })?;
            pair.decrypt(padding, &ciphertext).map_err(|_| undecryptable())
        };
        let material = tokio::task::spawn_blocking(decrypt).await.map_err(|_| Error::Unknown)??;
        if MATERIAL.contains(&material.expose().len()) { Ok(material) } else { Err(undecryptable()) }
    }
}

impl NonceCipher {
    fn of(padding: OaepHash, iv: usize) -> Result<Self, Error> {
        match (iv, padding) {
            (12, OaepHash::Sha256 | OaepHash::Sha1) => Ok(NonceCipher::Gcm),
            (16, OaepHash::Sha1) => Ok(NonceCipher::Cbc),
            (_, OaepHash::Sha256 | OaepHash::Sha1) => Err(Error::NonceIv),
        }
    }

    /// The nonce. GCM tells what was not encrypted so; CBC does as good as not, so that there it is the wrong nonce in any case.
    fn open(self, material: &Secret, payload: &EncryptedPayload) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self {
            NonceCipher::Gcm => open_nonce(material, &payload.iv, &payload.nonce).map_err(|_| Error::NonceIv),
            NonceCipher::Cbc => open_nonce_cbc(material, &payload.iv, &payload.nonce).map_err(|_| Error::Nonce),
        }
    }
}

fn padding(algorithm: Option<&str>) -> Result<OaepHash, Error> {
    let [(default, _), ..] = ALGORITHMS;
    let name = algorithm.unwrap_or(default);
    let known = ALGORITHMS.into_iter().find(|(known, _)| *known == name).map(|(_, padding)| padding);
    known.ok_or_else(|| Error::Field {
        field: "encryptionAlgorithm",
        reason: "is not known: use RSAES_OAEP_SHA_256, or RSAES_OAEP_SHA_1".to_owned(),
    })
}

fn undecryptable() -> Error {
    let reason =
        "is not a key of 16, 24 or 32 bytes under the import token's public key: get the token again, encrypt anew";
    Error::Field { field: "payload", reason: reason.to_owned() }
}
