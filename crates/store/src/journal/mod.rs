//! A node's own append-only log of reads: hash-chained, one write into the kernel before an answer leaves.
//!
//! A read must be on record, yet must not cost a database commit. So [`Journal::append`] hands the record to the kernel, which a
//! crash of the process can't undo, and a thread flushes soon after; or [`Flush::Each`] makes every append wait for its flush.
//! The invariant: **a record follows from all records before it**, by a digest over the previous record's digest and its own
//! body, so that none can be changed, removed or put in between unseen.
//!
//! Segments of 64 MiB follow each other, `0000000000000001.journal` and so on; each says in its header which digest it goes on
//! from, so that old ones may be archived. After a power cut the last record may be there in part: it is set aside, into a file
//! named `.torn`, when the journal is opened. A file `reserve` holds room, so that a disk that others fill doesn't stop reads.

mod flush;
mod read;
mod segment;

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

pub use self::read::{Records, read};

use self::flush::Shared;
use self::segment::{Link, Tail};
use crate::Error;
use crate::lock::Lock;
use crate::reserve::Reserve;

/// What is set aside for the time when the disk is full: room for some tens of thousands of reads.
const RESERVE: i64 = 16 << 20;

/// SHA-256 of the parts one after the other, or another collision-resistant function of 32 bytes.
pub type Digest = fn(&[&[u8]]) -> [u8; 32];

/// When an append is on stable storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// At most 100 ms after it returned: a crash of the process loses nothing, a power cut may lose those.
    Soon,
    /// Before it returns; appends that come together share a flush. It blocks the calling thread for that long.
    Each,
}

/// An open journal. Dropping it flushes it.
pub struct Journal {
    shared: Arc<Shared>,
    flush: Flush,
    digest: Digest,
    flusher: Option<JoinHandle<()>>,
    _lock: Lock,
}

impl Journal {
    /// Opens the journal in `folder` (made with mode 0700 when it is not there), after checking its last segment.
    ///
    /// `node` names whose journal it is and is part of the chain's beginning.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] when it is open already; [`Error::Damaged`] when the last segment doesn't verify or is another node's;
    /// [`Error::Full`] or [`Error::Io`].
    pub fn open(folder: &Path, node: [u8; 16], digest: Digest, flush: Flush) -> Result<Self, Error> {
        make(folder).map_err(|error| fault(folder, &error))?;
        let lock = Lock::hold(&folder.join("journal"))?;
        let tail = match segment::list(folder)?.last() {
            Some((number, path)) => read::resume(*number, path, node, digest)?,
            None => {
                let head = digest(&[b"keystead journal", &node]);
                Tail::create(folder, Link { node, number: 1, head }, digest)?
            }
        };
        let reserve = Reserve::new(folder.join("reserve"), RESERVE);
        let shared = Arc::new(Shared::new(tail, reserve));
        let flusher = shared.clone().start(flush)?;
        Ok(Self { shared, flush, digest, flusher: Some(flusher), _lock: lock })
    }

    /// Appends a record of at most 1 MiB. When this returns `Ok`, it is in the kernel, and with [`Flush::Each`] on stable storage.
    ///
    /// # Errors
    ///
    /// [`Error::Full`]: nothing was appended, since the room set aside is used up too, and it heals when there is space. [`Error::Failed`]: a flush failed, now or
    /// earlier, and nothing is appended any more. [`Error::Io`]: nothing was appended.
    pub fn append(&self, body: &[u8]) -> Result<(), Error> {
        let mut state = self.shared.lock();
        let appended = state.append(body, self.digest)?;
        self.shared.wake_flusher(&mut state);
        match self.flush {
            Flush::Soon => Ok(()),
            Flush::Each => self.shared.wait_for(state, appended),
        }
    }

    /// Waits until everything appended so far is on stable storage.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when a flush failed.
    pub fn flush(&self) -> Result<(), Error> {
        let mut state = self.shared.lock();
        let appended = state.hurry();
        self.shared.wake_flusher(&mut state);
        self.shared.wait_for(state, appended)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.stop();
        if self.flusher.take().is_some_and(|flusher| flusher.join().is_err()) {
            tracing::error!("the journal's flusher ended in a panic");
        }
    }
}

fn make(folder: &Path) -> std::io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn fault(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Error::Full(path.parent().map_or_else(PathBuf::new, Path::to_path_buf).display().to_string())
        }
        _ => Error::Io(format!("{}: {error}", path.display())),
    }
}
