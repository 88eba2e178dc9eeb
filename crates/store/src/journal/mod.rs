//! A node's own append-only log of reads: hash-chained, one write into the kernel before an answer leaves.
//!
//! A read must be on record, yet must not cost a database commit. So [`Journal::append`] hands the record to the kernel, which a
//! crash of the process can't undo, and a thread flushes soon after; or [`Flush::Each`] makes every append wait for its flush.
//! The invariant: **a record follows from all records before it**, by a digest over the previous record's digest and its own
//! body, so that none can be changed, removed or put in between unseen.
//!
//! Segments of 64 MiB follow each other, `0000000000000001.journal` and so on; each says in its header which digest it goes on
//! from, so that old ones may be archived. After a power cut the last record may be there in part: it is set aside, into a file
//! named `.torn`, when the journal is opened. Behind the last record 16 MiB are set aside in the segment itself, which nobody else can
//! have: so a disk that others fill doesn't stop reads.

mod entry;
mod flush;
mod follow;
mod read;
mod segment;

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use async_trait::async_trait;
use tokio::sync::watch;

pub use self::entry::Entry;
pub use self::follow::{At, Follower, Found};
pub use self::read::{Records, read, read_files, read_from};

use self::flush::Shared;
use self::segment::{Link, Tail};
use crate::Error;
use crate::lock::Lock;

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

/// Where a journal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Whose journal it is.
    pub node: [u8; 16],
    /// The segment.
    pub segment: u64,
    /// Records in it.
    pub records: u64,
    /// The digest that all of it leads to.
    pub digest: [u8; 32],
}

/// What an answer waits for besides the journal: a collector elsewhere, say.
#[async_trait]
pub trait Witness: Send + Sync {
    /// Returns when it has all that was answered for, or what is to be done without it has been decided.
    ///
    /// # Errors
    ///
    /// The answer must not leave.
    async fn seen(&self) -> Result<(), Error>;
}

/// An open journal. Dropping it flushes it.
pub struct Journal {
    shared: Arc<Shared>,
    flush: Flush,
    digest: Digest,
    flusher: Option<JoinHandle<()>>,
    witness: OnceLock<Arc<dyn Witness>>,
    last_change: Option<u64>,
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
        let segments = segment::list(folder)?;
        let (tail, last_change) = match segments.last() {
            Some((number, path)) => read::resume(*number, path, node, digest)?,
            None => {
                let head = digest(&[b"keystead journal", &node]);
                (Tail::create(folder, Link { node, number: 1, head }, digest)?, None)
            }
        };
        // Until there was room in the segment, there was a file beside it.
        let _ = std::fs::remove_file(folder.join("reserve"));
        tail.set_aside().unwrap_or_else(|error| {
            tracing::warn!(%error, "no room is set aside for the audit journal: should the disk be full, reads may stop too");
        });
        let shared = Arc::new(Shared::new(tail));
        let flusher = Some(shared.clone().start(flush)?);
        Ok(Self { shared, flush, digest, flusher, witness: OnceLock::new(), last_change, _lock: lock })
    }

    /// From now on, events for which there is no room are counted instead of refused, and a [`Entry::Gap`] says so once there is.
    pub fn go_on_when_full(&self) {
        self.shared.lock().go_on_when_full();
    }

    /// How many events are missing for want of room, and no gap tells of them yet.
    pub fn missed(&self) -> u64 {
        self.shared.lock().missed()
    }

    /// Has answers wait for a witness too. Only the first one counts.
    pub fn require(&self, witness: Arc<dyn Witness>) {
        let _ = self.witness.set(witness);
    }

    /// Whoever has written an event waits here before the answer leaves. Without a witness that is no time at all.
    ///
    /// # Errors
    ///
    /// The answer must not leave.
    pub async fn seen(&self) -> Result<(), Error> {
        match self.witness.get() {
            Some(witness) => witness.seen().await,
            None => Ok(()),
        }
    }

    /// The sequence number of the last change that was in the journal's last segment when it was opened.
    pub fn last_change(&self) -> Option<u64> {
        self.last_change
    }

    /// Where the journal stands, and how many of its records no head covers.
    pub fn position(&self) -> (Position, u64) {
        self.shared.lock().position()
    }

    /// Where the next record will begin.
    pub fn end(&self) -> At {
        self.shared.lock().end()
    }

    /// Where the next record will begin, and how many were appended since the journal was opened.
    pub fn grown(&self) -> (At, u64) {
        self.shared.lock().grown()
    }

    /// A number that grows with each record.
    pub fn growth(&self) -> watch::Receiver<u64> {
        self.shared.growth()
    }

    /// Appends a record of at most 1 MiB. When this returns `Ok`, it is in the kernel, and with [`Flush::Each`] on stable storage.
    ///
    /// # Errors
    ///
    /// [`Error::Full`]: nothing was appended, since the room set aside is used up too, and it heals when there is space. [`Error::Failed`]: a flush failed, now or
    /// earlier, and nothing is appended any more. [`Error::Io`]: nothing was appended.
    pub fn append(&self, body: &[u8]) -> Result<(), Error> {
        let _span = tracing::info_span!(target: "keystead", "audit append").entered();
        let mut state = self.shared.lock();
        let appended = state.record(body, self.digest)?;
        self.shared.wake_flusher(&mut state);
        match self.flush {
            Flush::Soon => Ok(()),
            Flush::Each => self.shared.wait_for(state, appended),
        }
    }

    /// Appends records, without waiting for a flush.
    ///
    /// # Errors
    ///
    /// As [`Journal::append`]. Says how many were appended before.
    pub fn append_all(&self, bodies: &[Vec<u8>]) -> Result<(), (usize, Error)> {
        let mut state = self.shared.lock();
        let failed = bodies.iter().enumerate().find_map(|(count, body)| {
            let appended = state.append(body, self.digest);
            appended.err().map(|error| (count, error))
        });
        self.shared.wake_flusher(&mut state);
        failed.map_or(Ok(()), Err)
    }

    /// Appends a head: what `make` says of where the journal stands just before it.
    ///
    /// # Errors
    ///
    /// As [`Journal::append`].
    pub fn append_head(&self, make: impl FnOnce(&Position) -> Vec<u8>) -> Result<(), Error> {
        let mut state = self.shared.lock();
        state.append_head(make, self.digest)?;
        self.shared.wake_flusher(&mut state);
        Ok(())
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
