//! Why a backup was not made, verified or restored, and what to do about it.

use std::path::{Path, PathBuf};

/// Why a backup was not made, verified or restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nobody who could open it.
    #[error("there is no recovery kit yet, so nobody could open a backup: make one with `keystead recovery create`")]
    NoKit,
    /// It is something else.
    #[error("{0} is no backup of Keystead's")]
    NotOurs(PathBuf),
    /// It is from a newer version.
    #[error("the backup has form {0}, and this version knows {1}: use the version that made it, or a newer one")]
    Newer(u32, u32),
    /// It was changed, cut off or forged.
    #[error("the backup is damaged: {0}. Take another copy of it, or another backup")]
    Damaged(String),
    /// Another kit opens it.
    #[error("the backup was made for recovery key {wanted}, and the kit is of {given}: take the kit of that time")]
    OtherKit {
        /// The backup's.
        wanted: String,
        /// The kit's.
        given: String,
    },
    /// It is another installation's.
    #[error("the backup is of another installation ({0}) than the kit was made for: take the kit that belongs to it")]
    OtherInstallation(String),
    /// A kit can't be read.
    #[error("the recovery kit can't be used: {0}")]
    Kit(String),
    /// Shares don't make the key.
    #[error(transparent)]
    Shares(#[from] wrap::shares::Error),
    /// The target is in use.
    #[error("{0} is not empty: a backup is restored into a folder that is empty or not there")]
    NotEmpty(PathBuf),
    /// A newer one is at hand.
    #[error("{newer} is a newer backup of the same installation: restore that one, or insist with --older")]
    Older {
        /// Which.
        newer: PathBuf,
    },
    /// Nothing that tells of destructions.
    #[error("{0} is no data folder: give the old data folder or a newer backup, which know what was destroyed")]
    NoTombstones(PathBuf),
    /// A file.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is in it can't be opened.
    #[error("what the backup holds can't be opened: {0}")]
    Content(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] wrap::keys::Error),
    /// The master key.
    #[error(transparent)]
    Master(#[from] wrap::master::Error),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] wrap::Error),
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] crate::folder::Error),
}

impl Error {
    pub(super) fn io(path: &Path) -> impl Fn(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { path: path.clone(), source }
    }

    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Error::Damaged(what.into())
    }
}
