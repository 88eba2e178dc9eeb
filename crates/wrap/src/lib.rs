//! Wrapping and unwrapping under root keys, and the cryptographic primitives for it.
//!
//! This is the only crate that imports a crypto library. The invariant of this room: **what comes back from an unwrap is what was
//! wrapped, under the same root key and the same additional data, or an error: never a wrong key.**

mod hex;
pub mod keys;
pub mod master;
pub mod primitive;
pub mod recovery;
mod secret;
pub mod shares;

pub use secret::Secret;

use async_trait::async_trait;
use uuid::Uuid;

/// A root key: the instance that it belongs to, and its own identifier there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyRef {
    /// The key manager instance.
    pub instance: Uuid,
    /// The root key.
    pub key: Uuid,
}

/// What a wrap gives: safe to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// Opaque to all but the key manager that made it.
    pub ciphertext: Vec<u8>,
    /// The root key's version that it is wrapped under.
    pub key_version: Uuid,
}

/// What an unwrap gives.
pub struct Unwrapped {
    /// The wrapped material.
    pub plaintext: Secret,
    /// The same material under the newest version, where what was given is under an older one.
    pub rewrapped: Option<Wrapped>,
}

/// A key manager, embedded or remote, as its users see it.
#[async_trait]
pub trait Wrapper: Send + Sync {
    /// Wraps `plaintext` under the newest version of `key`, bound to `aad`.
    async fn wrap(&self, key: &KeyRef, plaintext: &Secret, aad: &[u8]) -> Result<Wrapped, Error>;
    /// Unwraps what [`Wrapper::wrap`] gave for the same `key` and `aad`.
    async fn unwrap(&self, key: &KeyRef, wrapped: &Wrapped, aad: &[u8]) -> Result<Unwrapped, Error>;
    /// A number that moves whenever a root key may have become unusable (or usable): what was unwrapped before it moved must be
    /// unwrapped again before use. A key manager that can't tell returns a constant.
    fn epoch(&self) -> u64;
}

/// Why a key manager did not wrap or unwrap. *Denied*, *disabled* and *deleted* are answers; *unreachable* is the lack of one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller has no right to the key.
    #[error("the key manager denies the use of root key {0}")]
    Denied(Uuid),
    /// The key exists and is in a state that forbids this.
    #[error("root key {0} is disabled")]
    Disabled(Uuid),
    /// The key was deleted or never was.
    #[error("root key {0} does not exist")]
    Deleted(Uuid),
    /// No answer came.
    #[error("the key manager cannot be reached: {0}")]
    Unreachable(String),
    /// The ciphertext, its version or the additional data is not what was wrapped.
    #[error("what was to be unwrapped is damaged or belongs elsewhere")]
    Invalid,
    /// The key manager failed on its own account.
    #[error("the key manager failed: {0}")]
    Fault(String),
}
