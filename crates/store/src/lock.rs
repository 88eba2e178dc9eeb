//! One process to a database or a journal: an advisory lock on a file beside it.
//!
//! The invariant: **while a [`Lock`] lives, no other one for the same path does**, in this process or another. The kernel
//! releases it when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::Error;

/// Held for the store's life.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks `PATH.lock`, which stays behind: removing it would let two processes lock two files of one name.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] when it is held; [`Error::Io`] when it can't be made.
    pub(crate) fn hold(path: &Path) -> Result<Self, Error> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&name);
        let failed = |error| Error::Io(format!("{} can't be locked: {error}", path.display()));
        let file = opened.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
