//! Why there are no keys: each variant says what is wrong and what to do.

use std::io;
use std::path::PathBuf;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no file.
    #[error("there is no keys file at {}: put it back, or restore the whole data folder from a backup, for nothing that is stored can be read without it", .0.display())]
    Missing(PathBuf),
    /// A file is there already.
    #[error("{} exists already, and a keys file is never replaced by another one", .0.display())]
    Exists(PathBuf),
    /// It is not a keys file.
    #[error("{} has {found} bytes, and a keys file has {expected}: put it back, or restore the whole data folder from a backup", .path.display())]
    Size {
        /// The path.
        path: PathBuf,
        /// How many bytes it has.
        found: u64,
        /// How many it must have.
        expected: u64,
    },
    /// Neither of its two halves is whole.
    #[error("{} is damaged in both of its halves: restore the whole data folder from a backup", .0.display())]
    Damaged(PathBuf),
    /// It is whole, and sealed under another master key.
    #[error(
        "{} is sealed under the master key {expected}, and the one given is {found}: give the master key that belongs to this data folder",
        .path.display()
    )]
    MasterKey {
        /// The path.
        path: PathBuf,
        /// Fingerprint of the key that it wants.
        expected: String,
        /// Fingerprint of the key that was given.
        found: String,
    },
    /// What was exported is not a set of keys.
    #[error("what was to be imported is no set of keys of this version")]
    Import,
    /// An epoch is being replaced already.
    #[error("the epoch key is being replaced already")]
    Replacing,
    /// The operating system refused.
    #[error("the keys file {} cannot be used: {source}", .path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The primitives failed.
    #[error(transparent)]
    Crypto(#[from] crate::Error),
}
