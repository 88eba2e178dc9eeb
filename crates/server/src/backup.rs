//! Backups: all that an installation is, in one file that only the recovery kit opens.
//!
//! A backup holds the keys file's content, a snapshot of the store, and the other files of the data folder (the server's certificates
//! and authority among them), so that what is restored is the same installation: vCenter notices nothing. The journal of reads is not in
//! it. The form:
//!
//! ```text
//! "KSTDBAK1" | length of the head, 4 bytes, big-endian | head, JSON | sealed chunks (see `wrap::recovery`)
//! what is sealed: entries: length of the name, 1 byte | name | length, 8 bytes | content
//!                 the last but one is `manifest`, JSON; the last is `signature`, over the manifest
//! ```
//!
//! The invariant of this room: **a backup that verifies restores, and one that was changed, cut off or forged does neither.**

mod entries;
mod error;
mod kit;
mod read;
pub mod restore;
mod service;
mod state;
#[cfg(test)]
mod tests;
mod told;
pub mod verify;
mod write;

pub use error::Error;
pub use kit::{Kit, KitSource};
pub use restore::NOTE;
pub use service::{Backups, Made};
pub use state::Recovery;
pub use told::{ALARM, Told};

use crate::pki::from_hexadecimal;
use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 8] = b"KSTDBAK1";
/// The newest form that this version knows.
const FORMAT: u32 = 1;
/// The longest head that is read.
const HEAD: usize = 64 * 1024;
/// What the signature of a manifest is in the context of.
const CONTEXT: &str = "keystead backup manifest 1";

/// What everybody may read of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Which form it has.
    pub format: u32,
    /// The installation: its public signing key, in hexadecimal.
    pub installation: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created: i64,
    /// The recovery key that opens it: see [`wrap::recovery::RecoveryPublic::id`].
    pub recovery_key: String,
    /// What the recovery key opens it with, in hexadecimal.
    ephemeral: String,
}

/// What a backup says of its own content, under the installation's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    created: i64,
    installation: String,
    entries: Vec<Listed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    name: String,
    length: u64,
    /// SHA-256, in hexadecimal.
    digest: String,
}

/// The entries that are no file of the data folder, or not as they are there.
const KEYS: &str = "keys";
use crate::folder::DATABASE;
const MANIFEST: &str = "manifest";
const SIGNATURE: &str = "signature";

/// A recovery key's public half from hexadecimal.
pub fn public_key(text: &str) -> Option<wrap::recovery::RecoveryPublic> {
    let key = from_hexadecimal(text).and_then(|bytes| wrap::recovery::RecoveryPublic::from_bytes(&bytes).ok())?;
    // A point of low order agrees with nobody (RFC 7748, 6.1): no backup could be sealed to it.
    key.begin().is_ok().then_some(key)
}
