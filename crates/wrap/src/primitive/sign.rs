//! [`SigningKey`] and [`PublicKey`]: Ed25519 (RFC 8032) over statements that somebody without any secret is to check.
//!
//! What is signed is the context, a NUL, and the message. A *context* is a constant text without NUL that says what sort of
//! statement it is. The invariant: **a signature holds for its context alone**, so that one key can sign several sorts.

use crate::Error;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// Bytes of a signature.
pub const SIGNATURE: usize = 64;
/// Bytes of a public key.
const PUBLIC: usize = 32;
/// What comes before an Ed25519 key's 32 bytes in a SubjectPublicKeyInfo (RFC 8410, 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A key pair. Made by [`super::SealKey::signing_key`]; it has no Debug and no way to its secret half.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// The half that everybody may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; PUBLIC]);

impl SigningKey {
    pub(super) fn from_seed(seed: &[u8]) -> Result<Self, Error> {
        let refused = || Error::Fault("the cryptographic library refused a signing key".into());
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| refused())?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| refused())?;
        Ok(SigningKey { pair, public: PublicKey(public) })
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// The signature of `message` in `context`.
    pub fn sign(&self, context: &str, message: &[u8]) -> [u8; SIGNATURE] {
        let mut signature = [0; SIGNATURE];
        signature.copy_from_slice(self.pair.sign(&framed(context, message)).as_ref());
        signature
    }
}

impl PublicKey {
    /// The key as a SubjectPublicKeyInfo in DER: what a PEM file of it holds.
    pub fn to_der(self) -> Vec<u8> {
        [&SPKI[..], &self.0].concat()
    }

    /// Reads what [`PublicKey::to_der`] gave.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no Ed25519 key.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let key = der.strip_prefix(&SPKI).and_then(|key| key.try_into().ok());
        key.map(PublicKey).ok_or(Error::Invalid)
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not this key's signature of `message` in `context`.
    pub fn verify(&self, context: &str, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(&framed(context, message), signature).map_err(|_| Error::Invalid)
    }
}

fn framed(context: &str, message: &[u8]) -> Vec<u8> {
    [context.as_bytes(), &[0], message].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// RFC 8032, 7.1, test 3: the pair, and a signature of bytes as they are.
    #[test]
    fn the_key_is_ed25519() {
        let seed = hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
        let key = SigningKey::from_seed(&seed).unwrap();
        assert_eq!(key.public_key().0[..], hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"));
        let signature = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
        assert_eq!(key.pair.sign(&hex("af82")).as_ref(), hex(signature));
    }

    #[test]
    fn what_is_signed_is_context_nul_message() {
        let key = SigningKey::from_seed(&[7; 32]).unwrap();
        assert_eq!(key.sign("context", b"message"), key.pair.sign(b"context\0message").as_ref());
    }
}
