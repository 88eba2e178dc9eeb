//! What a SQLite error means to us.
//!
//! The invariant: **a flush that failed is never taken for anything milder than [`Error::Failed`]**: the kernel may have dropped
//! the pages and would report success if asked again.

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};

use crate::Error;

/// Enough to need new blocks, so that a full disk or quota shows.
const PROBE: usize = 64 << 10;

/// The database file, which errors name.
#[derive(Clone)]
pub(crate) struct Place {
    path: Arc<Path>,
}

impl Place {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.into() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file beside it, by what its name has more.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    }

    /// An error of the file system.
    pub(crate) fn io(&self, error: &std::io::Error) -> Error {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => self.full(),
            _ => Error::Io(format!("{}: {error}", self.path.display())),
        }
    }

    /// An error in reading, or in a change that is rolled back.
    pub(crate) fn fault(&self, error: &rusqlite::Error) -> Error {
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            return self.damaged(error);
        };
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the library's list grows, and all else is an I/O error to us"
        )]
        match failure.code {
            // The last two are what our own statements meet only when the schema is not the one that we made.
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::ConstraintViolation
            | ErrorCode::Unknown => self.damaged(error),
            ErrorCode::DiskFull => self.full(),
            ErrorCode::SystemIoFailure if is_flush(failure.extended_code) => self.failed(error),
            ErrorCode::SystemIoFailure if self.has_no_room() => self.full(),
            _ => Error::Io(format!("{}: {error}", self.path.display())),
        }
    }

    /// A flush that failed.
    pub(crate) fn failed(&self, error: &dyn Display) -> Error {
        Error::Failed(format!("{}: {error}", self.path.display()))
    }

    /// What the file holds can't be right.
    pub(crate) fn damaged(&self, what: &dyn Display) -> Error {
        let path = self.path.display();
        Error::Damaged(format!("{path}: {what}: stop the server, keep a copy of {path}*, and restore the last backup"))
    }

    fn full(&self) -> Error {
        Error::Full(super::folder(&self.path).display().to_string())
    }

    /// SQLite hides which error the system gave (an exhausted quota looks like a broken disk): so write something and see.
    fn has_no_room(&self) -> bool {
        let name = self.beside(".probe");
        let probe = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&name);
        let written = probe.and_then(|mut file| file.write_all(&vec![0; PROBE]).and_then(|()| file.sync_data()));
        let _ = std::fs::remove_file(&name);
        written.is_err_and(|error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
    }
}

fn is_flush(extended: i32) -> bool {
    matches!(extended, SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC)
}
