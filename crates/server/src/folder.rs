//! The data folder: what an installation keeps on its own disk.
//!
//! The invariant of this room: **a file in the folder is whole or absent, and only its owner can read it.** Files are written beside
//! their place, flushed, and then moved into it, so a start that is cut off at any point is taken up again by the next one.

mod error;

pub use error::Error;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The newest format of the folder that this version knows.
pub const FORMAT: u32 = 2;

/// The store's file in the folder.
pub(crate) const DATABASE: &str = "keystead.db";
/// Says that the first start came to its end, and which format it made: always written last.
const FORMAT_FILE: &str = "format";
const FORMAT_PREFIX: &str = "keystead ";
const LOCK_FILE: &str = "lock";
/// What marks a file that is being written. Leftovers are removed when the folder is opened.
const UNFINISHED: &str = ".unfinished";

/// The data folder, held for this process alone until it is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
    new: bool,
    /// An older version's, which is left behind with [`Folder::finish`].
    old: bool,
}

impl Folder {
    /// Opens the folder at `path`, makes it where it is missing, and locks it.
    ///
    /// # Errors
    /// Whatever stands in the way, with what to do about it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        make(path)?;
        check_access(path)?;
        let lock = lock(path)?;
        remove_unfinished(path)?;
        let mut folder = Folder { path: path.to_owned(), _lock: lock, new: false, old: false };
        let format = folder.read_format()?;
        (folder.new, folder.old) = (format.is_none(), format.is_some_and(|format| format < FORMAT));
        Ok(folder)
    }

    /// Whether no first start has come to its end here.
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// Whether it has an older version's format.
    pub fn is_old(&self) -> bool {
        self.old
    }

    /// Records that the first start came to its end, or that an older format was left behind: from now on an older version refuses it.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.write(FORMAT_FILE, format!("{FORMAT_PREFIX}{FORMAT}\n").as_bytes())?;
        (self.new, self.old) = (false, false);
        Ok(())
    }

    /// Where the file `name` is or would be.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.path
    }

    /// The content of the file `name`, or none where there is none.
    pub fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let path = self.path(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::read(&path, error)),
        }
    }

    /// Writes the file `name` with mode 0600. When this returns it is on stable storage; if it is cut off, the old content stays.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(name);
        let unfinished = self.path(&format!("{name}{UNFINISHED}"));
        write_new(&unfinished, bytes)
            .and_then(|()| std::fs::rename(&unfinished, &path))
            .and_then(|()| File::open(&self.path)?.sync_all())
            .map_err(|error| Error::write(&path, error))
    }

    /// Moves the file `from` to the place of `to`, at once for every onlooker, and durably when this returns.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let (from, to) = (self.path(from), self.path(to));
        let moved = std::fs::rename(from, &to).and_then(|()| File::open(&self.path)?.sync_all());
        moved.map_err(|error| Error::write(&to, error))
    }

    /// Removes the file `name`, durably when this returns; where there is none, all is well.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        match std::fs::remove_file(&path) {
            Ok(()) => {
                File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(|error| Error::write(&path, error))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::write(&path, error)),
        }
    }

    fn read_format(&self) -> Result<Option<u32>, Error> {
        let Some(bytes) = self.read(FORMAT_FILE)? else { return Ok(None) };
        let found = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.trim().strip_prefix(FORMAT_PREFIX)?.parse().ok())
            .ok_or_else(|| Error::NotOurs(self.path.clone()))?;
        match found {
            1..=FORMAT => Ok(Some(found)),
            _ => Err(Error::Newer { path: self.path.clone(), found, known: FORMAT }),
        }
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn make(path: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Error::make(path, error))
}

/// The folder must be a folder of this user (or of root's making for it), closed to everybody else.
fn check_access(path: &Path) -> Result<(), Error> {
    let metadata = std::fs::metadata(path).map_err(|error| Error::read(path, error))?;
    let user = nix::unistd::geteuid().as_raw();
    if !metadata.is_dir() {
        return Err(Error::NotAFolder(path.to_owned()));
    }
    if metadata.uid() != user {
        return Err(Error::Owner { path: path.to_owned(), owner: metadata.uid(), user });
    }
    match metadata.mode() & 0o077 {
        0 => Ok(()),
        _ => Err(Error::Open { path: path.to_owned(), mode: metadata.mode() & 0o777 }),
    }
}

fn lock(path: &Path) -> Result<File, Error> {
    let place = path.join(LOCK_FILE);
    let options = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&place);
    let file = options.map_err(|error| Error::write(&place, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse(path.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(Error::write(&place, error)),
    }
}

fn remove_unfinished(path: &Path) -> Result<(), Error> {
    let entries = std::fs::read_dir(path).map_err(|error| Error::read(path, error))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().ends_with(UNFINISHED) {
            std::fs::remove_file(entry.path()).map_err(|error| Error::write(&entry.path(), error))?;
        }
    }
    Ok(())
}
