//! [`ImportKey`]: the key pair of an import token, to whose public half a client encrypts the key material that it brings (IBM Key
//! Protect, "Creating an import token"; RFC 8017, 7.1).
//!
//! The invariant: **whatever is wrong with a ciphertext, the error is the same**, so that no answer tells about its padding
//! (Manger's attack; RFC 8017, 7.1.2, note).

use super::equal;
use crate::{Error, Secret};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const BITS: usize = 4096;
/// This many bytes make a line of 64 characters (RFC 7468, 2).
const LINE: usize = 48;

/// The hash of RSAES-OAEP: for the message and for its mask (MGF1) alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OaepHash {
    /// `RSAES_OAEP_SHA_256`: Key Protect's.
    Sha256,
    /// `RSAES_OAEP_SHA_1`: Hyper Protect Crypto Services'. That SHA-1 has collisions does not weaken it here.
    Sha1,
}

impl OaepHash {
    fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            OaepHash::Sha256 => &OAEP_SHA256_MGF1SHA256,
            OaepHash::Sha1 => &OAEP_SHA1_MGF1SHA1,
        }
    }
}

/// An RSA key pair of 4096 bits that imported key material is encrypted to. It has no Debug.
pub struct ImportKey {
    pair: PrivateDecryptingKey,
    public_pem: String,
}

impl ImportKey {
    /// How many bytes every ciphertext has.
    pub const CIPHERTEXT: usize = BITS / 8;

    /// A new key pair from the crypto library's own generator: no other source can be given.
    ///
    /// The search for primes takes between half a second and some seconds of computation: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`Error::Fault`] when the crypto library fails.
    pub fn generate() -> Result<Self, Error> {
        Self::of(PrivateDecryptingKey::generate(KeySize::Rsa4096).map_err(|_| library())?)
    }

    /// The key pair that [`ImportKey::to_der`] gave.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not exactly the PKCS#8 form of a sound RSA key pair of 4096 bits.
    pub fn from_der(der: &Secret) -> Result<Self, Error> {
        let pair = PrivateDecryptingKey::from_pkcs8(der.expose()).map_err(|_| Error::Invalid)?;
        if pair.key_size_bits() != BITS {
            return Err(Error::Invalid);
        }
        let key = Self::of(pair)?;
        // The library reads over what follows the structure, and knows more than one way to write it.
        if equal(key.to_der()?.expose(), der.expose()) { Ok(key) } else { Err(Error::Invalid) }
    }

    fn of(pair: PrivateDecryptingKey) -> Result<Self, Error> {
        let public: PublicKeyX509Der = pair.public_key().as_der().map_err(|_| library())?;
        let public_pem = pem(public.as_ref());
        Ok(ImportKey { pair, public_pem })
    }

    /// Both halves as PKCS#8 (RFC 5208, version 0), DER encoded: to be sealed and stored.
    ///
    /// # Errors
    /// [`Error::Fault`] when the crypto library fails.
    pub fn to_der(&self) -> Result<Secret, Error> {
        let der: Pkcs8V1Der = self.pair.as_der().map_err(|_| library())?;
        Ok(Secret::new(Zeroizing::new(der.as_ref().to_vec())))
    }

    /// The public half as a PEM SubjectPublicKeyInfo (RFC 7468, 13): what an import token's `payload` holds in base64.
    pub fn public_pem(&self) -> String {
        self.public_pem.clone()
    }

    /// Decrypts what was encrypted to the public half, with no label. The result may have any length from zero, also one that no
    /// key has. This takes milliseconds of computation.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it was not: the length, the key, the hash, the label or a bit differs.
    pub fn decrypt(&self, padding: OaepHash, ciphertext: &[u8]) -> Result<Secret, Error> {
        if ciphertext.len() != Self::CIPHERTEXT {
            return Err(Error::Invalid);
        }
        // The clone counts a reference.
        let key = OaepPrivateDecryptingKey::new(self.pair.clone()).map_err(|_| library())?;
        let mut plaintext = Zeroizing::new(vec![0; key.min_output_size()]);
        let opened = key.decrypt(padding.algorithm(), ciphertext, &mut plaintext, None);
        let length = opened.map_err(|_| Error::Invalid)?.len();
        plaintext.truncate(length);
        Ok(Secret::new(plaintext))
    }
}

fn pem(public: &[u8]) -> String {
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    for line in public.chunks(LINE) {
        STANDARD.encode_string(line, &mut pem);
        pem.push('\n');
    }
    pem + "-----END PUBLIC KEY-----\n"
}

fn library() -> Error {
    Error::Fault("the cryptographic library refused an RSA key pair".into())
}
