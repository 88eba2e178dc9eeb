//! Space set aside, so that what was answered can still reach the tables when the disk fills up.
//!
//! The invariant: **no group is taken into the commit log unless the space is there**; it is spent by the applier alone.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::fcntl::posix_fallocate;
use parking_lot::Mutex;

use super::fault::Place;
use crate::Error;

/// More than the pages that everything pending can touch.
const BYTES: i64 = 32 << 20;

/// A file beside the database that holds nothing but room.
pub(crate) struct Reserve {
    place: Place,
    path: PathBuf,
    held: Mutex<bool>,
}

impl Reserve {
    /// Not held until [`Reserve::hold`] succeeds.
    pub(crate) fn new(place: Place) -> Self {
        let path = place.beside("-reserve");
        Self { place, path, held: Mutex::new(false) }
    }

    /// Sets the space aside unless it is.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when there is not enough.
    pub(crate) fn hold(&self) -> Result<(), Error> {
        let mut held = self.held.lock();
        if !*held {
            self.allocate().map_err(|error| {
                let _ = std::fs::remove_file(&self.path);
                self.place.io(&error)
            })?;
            *held = true;
        }
        Ok(())
    }

    /// Gives the space up for what must be written now.
    pub(crate) fn spend<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut held = self.held.lock();
        *held = false;
        self.remove();
        write()
    }

    /// Removes the file.
    pub(crate) fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    fn allocate(&self) -> std::io::Result<()> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
        Ok(posix_fallocate(&file, 0, BYTES)?)
    }
}
