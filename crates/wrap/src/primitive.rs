//! The cryptographic primitives that the rest of Keystead builds with: randomness, digest, comparison, [`SealKey`], [`TagKey`],
//! [`TokenKey`], [`sign`]; and [`ImportKey`] and [`open_nonce`] for what importers encrypt in IBM's ways.
//!
//! The invariant of this room: **where Keystead encrypts or signs, no caller chooses a nonce, a data key or an algorithm**, so none
//! can choose wrongly. What others encrypted is only ever opened.

mod import_key;
mod nonce;
mod seal;
pub mod sign;
mod tag;
mod token;

pub use import_key::{ImportKey, OaepHash};
pub use nonce::{open_nonce, open_nonce_cbc};
pub use seal::SealKey;
pub use tag::TagKey;
pub use token::TokenKey;

use crate::{Error, Secret};
use aws_lc_rs::{constant_time, digest as sha, rand};
use zeroize::Zeroizing;

/// A source of random bytes fit for keys.
pub trait Random: Send + Sync {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// [`Error::Fault`] when the source fails; `bytes` must not be used then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error>;
}

/// The crypto library's generator, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        rand::fill(bytes).map_err(|_| Error::Fault("the system gives no random bytes".into()))
    }
}

/// A new secret of `length` random bytes.
///
/// # Errors
/// As [`Random::fill`].
pub fn random_secret(random: &dyn Random, length: usize) -> Result<Secret, Error> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    random.fill(&mut bytes)?;
    Ok(Secret::new(bytes))
}

/// SHA-256 over the parts one after another, without separators: where their borders matter, the caller marks them.
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish()
}

/// SHA-256 of what comes in parts.
pub struct Hasher(sha::Context);

impl Hasher {
    /// Of nothing yet.
    #[allow(clippy::new_without_default, reason = "an empty digest is no value that anybody has by default")]
    pub fn new() -> Self {
        Hasher(sha::Context::new(&sha::SHA256))
    }

    /// More of it.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest.
    pub fn finish(self) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.0.finish().as_ref());
        digest
    }
}

/// SHA-1 of a certificate: the thumbprint that vCenter shows beside, or in place of, the SHA-256. Nothing is trusted by it.
pub fn thumbprint(certificate: &[u8]) -> [u8; 20] {
    let mut thumbprint = [0; 20];
    thumbprint.copy_from_slice(sha::digest(&sha::SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref());
    thumbprint
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}
