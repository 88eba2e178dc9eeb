//! Why a store did not do what it was asked to, and what to do about it.
//!
//! The invariant: **only [`Error::Failed`] leaves open whether a batch was applied.** After every other error nothing of it was.

use crate::Key;

/// Why a store did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another commit came first: read again and decide again.
    #[error("the record was changed by somebody else")]
    Conflict(Key),
    /// The disk or its quota is full: changes are refused, reads go on, and it heals by itself when there is space.
    #[error("the storage is full: free space on {0}")]
    Full(String),
    /// Storage reported an error. Nothing was applied.
    #[error("the storage failed: {0}")]
    Io(String),
    /// A flush failed: what was being committed may be lost. The store takes no more changes; the process must stop.
    #[error("a flush to stable storage failed, so nothing more is written: {0}")]
    Failed(String),
    /// The data was written by a newer version.
    #[error(
        "the data has format {found}, and this version knows formats up to {known}: run the newer version, or restore a backup made before the upgrade"
    )]
    Newer {
        /// The data's format.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// Another process has the data open.
    #[error("{0} is in use by another process: stop it first, one server to a data folder")]
    Locked(String),
    /// The data is damaged.
    #[error("the data is damaged: {0}")]
    Damaged(String),
    /// The address is not one that this version can open.
    #[error("no store can be opened at `{0}`: use sqlite:PATH or memory:")]
    Address(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}
