//! [`Follower`]: reads a journal from any record on, also while it grows.
//!
//! The invariant: **a body is given out only if it follows from the digest that stands before it**, so that a place that is no
//! record's is found out. That the chain holds from the journal's beginning is for [`super::read`] to say.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::read::damaged;
use super::segment::{DIGEST, HEADER, LONGEST, Link, list, path};
use super::{Digest, fault};
use crate::Error;

/// How much is read at once.
const CHUNK: usize = 256 << 10;

/// A place between two records. The default is the journal's beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The segment.
    pub segment: u64,
    /// Bytes from its beginning; anything within the header is the place of its first record.
    pub offset: u64,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it begins.
    pub at: At,
    /// Its body.
    pub body: Vec<u8>,
}

/// See the module.
pub struct Follower {
    folder: PathBuf,
    digest: Digest,
    at: At,
    current: Option<Current>,
}

/// The segment that is being read.
struct Current {
    path: PathBuf,
    file: File,
    head: [u8; DIGEST],
    /// Bytes of the file from `at.offset` on.
    buffer: Vec<u8>,
    used: usize,
}

impl Follower {
    /// Begins at a place. Nothing is read yet.
    pub fn new(folder: &Path, at: At, digest: Digest) -> Self {
        Self { folder: folder.to_owned(), digest, at, current: None }
    }

    /// Where the next record begins, or will.
    pub fn at(&self) -> At {
        self.at
    }

    /// The next record, or none as long as there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when what stands there follows from nothing, [`Error::Io`]. The place stays where it was.
    pub fn step(&mut self) -> Result<Option<Found>, Error> {
        loop {
            if self.current.is_none() && !self.open()? {
                return Ok(None);
            }
            // Asked before the last look: whoever begins a segment has ended the one before it.
            let ended = self.next_segment()?;
            if let Some(found) = self.record()? {
                return Ok(Some(found));
            }
            let Some(next) = ended else { return Ok(None) };
            (self.at, self.current) = (At { segment: next, offset: 0 }, None);
        }
    }

    /// Opens the segment of the place, or the first one after it that there is.
    fn open(&mut self) -> Result<bool, Error> {
        let segments = list(&self.folder)?;
        let Some((number, path)) = segments.into_iter().find(|(number, _)| *number >= self.at.segment) else {
            return Ok(false);
        };
        if number != self.at.segment {
            self.at = At { segment: number, offset: 0 };
        }
        let file = File::open(&path).map_err(|error| fault(&path, &error))?;
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).map_err(|error| fault(&path, &error))?;
        let link = Link::decode(&header, self.digest).filter(|link| link.number == number);
        let link = link.ok_or_else(|| damaged(&path, 0, "the segment's header doesn't verify"))?;
        let mut head = link.head;
        if self.at.offset > HEADER as u64 {
            let before = self.at.offset - DIGEST as u64;
            file.read_exact_at(&mut head, before).map_err(|error| self.no_place(&path, &error))?;
        }
        self.at.offset = self.at.offset.max(HEADER as u64);
        self.current = Some(Current { path, file, head, buffer: Vec::new(), used: 0 });
        Ok(true)
    }

    fn no_place(&self, path: &Path, error: &std::io::Error) -> Error {
        match error.kind() {
            ErrorKind::UnexpectedEof => damaged(path, self.at.offset, "the segment is shorter than it was"),
            _ => fault(path, error),
        }
    }

    /// The segment after the current one, where there is one.
    fn next_segment(&self) -> Result<Option<u64>, Error> {
        let buffered = self.current.as_ref().is_some_and(|current| current.used < current.buffer.len());
        if buffered || !path(&self.folder, self.at.segment + 1).exists() {
            return Ok(None);
        }
        Ok(Some(self.at.segment + 1))
    }

    fn record(&mut self) -> Result<Option<Found>, Error> {
        let (at, digest) = (self.at, self.digest);
        let Some(current) = &mut self.current else { return Ok(None) };
        let Some((body, head)) = current.record(at.offset)? else { return Ok(None) };
        if digest(&[&current.head, &body]) != head {
            // Part of it may have been cut off and written anew in between: the next look reads it again.
            current.forget();
            return Err(damaged(&current.path, at.offset, "the record doesn't verify"));
        }
        let whole = 4 + body.len() + DIGEST;
        current.head = head;
        current.used += whole;
        self.at.offset += whole as u64;
        Ok(Some(Found { at, body }))
    }
}

/// A record: its body, and the digest after it.
type Whole = (Vec<u8>, [u8; DIGEST]);

impl Current {
    fn forget(&mut self) {
        self.buffer.clear();
        self.used = 0;
    }

    /// The body and digest of the record at an offset; none: it is not there yet as a whole.
    fn record(&mut self, offset: u64) -> Result<Option<Whole>, Error> {
        if let Some(record) = self.parse(offset)? {
            return Ok(Some(record));
        }
        self.fill(offset, CHUNK)?;
        let mut record = self.parse(offset)?;
        if let Some(whole) = self.wanted().filter(|whole| record.is_none() && *whole > CHUNK) {
            self.fill(offset, whole)?;
            record = self.parse(offset)?;
        }
        if record.is_none() {
            self.forget();
        }
        Ok(record)
    }

    /// Reads so much from an offset on, or what there is.
    fn fill(&mut self, offset: u64, wanted: usize) -> Result<(), Error> {
        self.forget();
        self.buffer.resize(wanted, 0);
        let mut filled = 0;
        while filled < wanted {
            let rest = self.buffer.get_mut(filled..).unwrap_or_default();
            match self.file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(fault(&self.path, &error)),
            }
        }
        self.buffer.truncate(filled);
        Ok(())
    }

    /// How long the next record is as a whole, once its length is there.
    fn wanted(&self) -> Option<usize> {
        let (length, _) = self.buffer.get(self.used..)?.split_first_chunk::<4>()?;
        Some(4 + u32::from_be_bytes(*length) as usize + DIGEST)
    }

    fn parse(&self, offset: u64) -> Result<Option<Whole>, Error> {
        let Some(whole) = self.wanted() else { return Ok(None) };
        if whole > 4 + LONGEST + DIGEST {
            return Err(damaged(&self.path, offset, "the record is longer than any may be"));
        }
        let record = self.buffer.get(self.used + 4..self.used + whole);
        let parts = record.and_then(|record| record.split_last_chunk::<DIGEST>());
        Ok(parts.map(|(body, head)| (body.to_vec(), *head)))
    }
}
