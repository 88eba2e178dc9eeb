//! The commit log: what makes a commit durable, in one write of its own bytes and one flush.
//!
//! A commit through SQLite's own log writes whole pages, one for each index that it touches: thirty times its bytes. So a group is
//! appended here, flushed and answered, and reaches the tables a moment later, many groups in a transaction.
//! Two files take turns: when the one in use is full and all of the other is durable in the tables, the other is written over from
//! its front, which needs no new blocks. The invariant: **every group that was answered is in the tables' stable storage or in a
//! file that is not written over**.

mod codec;
mod frame;
mod wipe;

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use self::frame::Frame;

use self::wipe::Wipe;

use super::fault::Place;
use crate::{Batch, Error};

/// A file that holds so many bytes is full.
pub(crate) const FULL: u64 = 8 << 20;

/// The two files, and where the next group goes.
pub(crate) struct CommitLog {
    place: Place,
    identity: u64,
    current: Slot,
    other: Slot,
    /// The last position given out.
    position: u64,
    /// The position up to which the tables are on stable storage.
    durable: Arc<AtomicU64>,
    buffer: Vec<u8>,
    wipe: Option<Wipe>,
}

struct Slot {
    file: File,
    end: u64,
    /// The last position in it.
    last: u64,
    /// What was written to it goes up to here, whether or not it is needed.
    used: u64,
}

impl CommitLog {
    /// Opens or makes the files; all that they hold must be durable in the tables up to `position`.
    pub(crate) fn open(place: Place, identity: u64, position: u64) -> Result<Self, Error> {
        let [current, other] = paths(&place).map(|path| {
            let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
            file.and_then(Slot::new).map_err(|error| place.io(&error))
        });
        let (current, other) = (current?, other?);
        super::sync_folder(&place).map_err(|error| place.io(&error))?;
        let durable = Arc::new(AtomicU64::new(position));
        Ok(Self { place, identity, current, other, position, durable, buffer: Vec::new(), wipe: None })
    }

    /// Where it is told that the tables are on stable storage up to a position.
    pub(crate) fn durable(&self) -> Arc<AtomicU64> {
        self.durable.clone()
    }

    /// Makes a group durable and gives its position.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] and [`Error::Io`]: it is not in the log, and the next one takes its place. [`Error::Failed`]: unknown.
    pub(crate) fn append(&mut self, batches: &[Batch]) -> Result<u64, Error> {
        self.make_room();
        let position = self.position + 1;
        frame::encode(batches, position, self.identity, &mut self.buffer);
        let Slot { file, end, last, used } = &mut self.current;
        file.write_all_at(&self.buffer, *end).map_err(|error| self.place.io(&error))?;
        file.sync_data().map_err(|error| self.place.failed(&error))?;
        *end += self.buffer.len() as u64;
        *used = (*used).max(*end);
        *last = position;
        self.position = position;
        Ok(position)
    }

    /// Turns to the other file when this one is full and the other is not needed.
    fn make_room(&mut self) {
        if self.current.end < FULL || !self.may_write_over() || self.is_being_wiped() {
            return;
        }
        self.turn();
    }

    /// Whether all that the other file holds is durable in the tables.
    fn may_write_over(&self) -> bool {
        self.other.last <= self.durable.load(Ordering::Acquire)
    }

    fn turn(&mut self) {
        std::mem::swap(&mut self.current, &mut self.other);
        self.current.end = 0;
    }
}

impl Slot {
    fn new(file: File) -> std::io::Result<Self> {
        let used = file.metadata()?.len();
        Ok(Slot { file, end: 0, last: 0, used })
    }
}

/// What a process that was killed left in the log beyond `applied`, in order.
///
/// # Errors
///
/// [`Error::Damaged`] when something is missing in between.
pub(crate) fn left(place: &Place, identity: u64, applied: u64) -> Result<Vec<Frame>, Error> {
    let mut frames = Vec::new();
    for path in paths(place) {
        let read = frame::read_all(&read(&path).map_err(|error| place.io(&error))?, identity);
        let damaged =
            |offset| place.damaged(&format!("its commit log {}, offset {offset}, is damaged", path.display()));
        frames.extend(read.map_err(damaged)?);
    }
    frames.retain(|frame| frame.position > applied);
    frames.sort_by_key(|frame| frame.position);
    match (applied + 1..).zip(&frames).find(|(due, frame)| *due != frame.position) {
        Some((due, _)) => Err(place.damaged(&format!(
            "group {due} is missing in its commit log (if the file was restored from a backup, remove what is named *-log1 and \
             *-log2 beside it)"
        ))),
        None => Ok(frames),
    }
}

/// Removes the files, once all that they hold is durable in the tables.
pub(crate) fn remove(place: &Place) {
    for path in paths(place) {
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::debug!(%error, path = %path.display(), "a file of the commit log was not removed");
        }
    }
}

fn paths(place: &Place) -> [PathBuf; 2] {
    ["-log1", "-log2"].map(|suffix| place.beside(suffix))
}

fn read(path: &PathBuf) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(bytes)
}
