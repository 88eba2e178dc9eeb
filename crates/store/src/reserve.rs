//! Space set aside, so that what must be written still can be when the disk fills up.
//!
//! The invariant: a reserve that is held is room on the disk; it is given up at one moment, for one write.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::posix_fallocate;
use nix::sys::statvfs::statvfs;
use parking_lot::Mutex;

/// What must be left beside a reserve, in bytes: room for the audit events of reads, which go on when changes are refused.
const BESIDE: u64 = 8 << 20;

/// A file that holds nothing but room.
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: i64,
    held: Mutex<bool>,
}

impl Reserve {
    /// Not held until [`Reserve::hold`] succeeds.
    pub(crate) fn new(path: PathBuf, bytes: i64) -> Self {
        Self { path, bytes, held: Mutex::new(false) }
    }

    /// Sets the space aside unless it is.
    ///
    /// # Errors
    ///
    /// What the system says when there is not enough, for it and 8 MiB beside it; then nothing is held.
    pub(crate) fn hold(&self) -> io::Result<()> {
        let mut held = self.held.lock();
        if !*held {
            self.allocate().inspect_err(|_| self.remove())?;
            *held = true;
        }
        Ok(())
    }

    /// Whether there are still 8 MiB beside what is held.
    ///
    /// # Errors
    ///
    /// What the system says when there is not enough.
    pub(crate) fn leaves_room(&self) -> io::Result<()> {
        has_room(&self.path, 0)
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

    /// An attempt that fails takes, while it lasts, the last of the room from whoever writes: so it is made only where it would do.
    fn allocate(&self) -> io::Result<()> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
        let missing = self.bytes.unsigned_abs().saturating_sub(file.metadata()?.blocks() * 512);
        has_room(&self.path, missing)?;
        Ok(posix_fallocate(&file, 0, self.bytes)?)
    }
}

/// Whether so many bytes can be taken on a file's disk, and others go on.
///
/// # Errors
///
/// What the system says when they can't.
pub(crate) fn has_room(file: &Path, missing: u64) -> io::Result<()> {
    let folder = file.parent().filter(|folder| *folder != "").unwrap_or(Path::new("."));
    let disk = statvfs(folder)?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    if free < missing.saturating_add(BESIDE) { Err(Errno::ENOSPC.into()) } else { Ok(()) }
}
