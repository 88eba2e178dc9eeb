//! What can be wrong with the data folder, each with what to do about it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is wrong with the data folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be made.
    #[error("the data folder {} can't be made: {reason}; choose another one with --data", path.display())]
    Make {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// There is something else in its place.
    #[error("{} is not a folder; choose another place with --data", .0.display())]
    NotAFolder(PathBuf),
    /// It belongs to another user.
    #[error("the data folder {} belongs to user {owner}, and this process runs as user {user}: run it as that user, or `chown -R {user}` the folder", path.display())]
    Owner {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Others can look into it.
    #[error("the data folder {} is open to other users (mode {mode:04o}): `chmod 700 {}`", path.display(), path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another process has it.
    #[error("the data folder {} is in use by another process: stop it first, one server to a data folder", .0.display())]
    InUse(PathBuf),
    /// It was made by a newer version.
    #[error("the data folder {} has format {found}, and this version knows formats up to {known}: run the newer version, or restore a backup made before the upgrade", path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that this version knows.
        known: u32,
    },
    /// Its format file is not one of ours.
    #[error("the file `format` in {} is damaged or not Keystead's: restore the folder from a backup, or choose another one with --data", .0.display())]
    NotOurs(PathBuf),
    /// The disk or a quota is full.
    #[error("{} can't be written, since the disk or its quota is full: free space and start again", .0.display())]
    Full(PathBuf),
    /// A file can't be read.
    #[error("{} can't be read: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file can't be written.
    #[error("{} can't be written: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl Error {
    pub(super) fn make(path: &Path, error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Error::NotAFolder(path.to_owned()),
            _ => Error::Make { path: path.to_owned(), reason: error.to_string() },
        }
    }

    pub(super) fn read(path: &Path, error: std::io::Error) -> Self {
        Error::Read { path: path.to_owned(), reason: error.to_string() }
    }

    pub(super) fn write(path: &Path, error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::Full(path.to_owned()),
            _ => Error::Write { path: path.to_owned(), reason: error.to_string() },
        }
    }
}
