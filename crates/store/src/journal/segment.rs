//! A segment's form, and the end of the last one, where records are appended.
//!
//! ```text
//! header: "KSTDJRN1" | node, 16 bytes | number, 8 bytes | digest that it goes on from, 32 bytes | digest of these, 32 bytes
//! record: body's length, 4 bytes | body | digest of (previous digest, body), 32 bytes
//! ```
//!
//! Numbers are big-endian. The invariant: **a segment under its name has its whole header**, and the one before it was flushed.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{FallocateFlags, fallocate};

use super::{At, Digest, Position, fault};
use crate::Error;
use crate::reserve::has_room;

pub(super) const DIGEST: usize = 32;
pub(super) const HEADER: usize = 8 + 16 + 8 + DIGEST + DIGEST;
/// The longest body.
pub(super) const LONGEST: usize = 1 << 20;
/// A segment that would grow beyond this is followed by another.
const SEGMENT: u64 = 64 << 20;
/// What is set aside behind the last record, in bytes, for the time when the disk is full: room for some ten thousand reads.
const ASIDE: u64 = 16 << 20;
/// How much of it is used before it is filled up.
const STEP: u64 = 1 << 20;
const MAGIC: &[u8; 8] = b"KSTDJRN1";

/// What ties a segment to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) node: [u8; 16],
    pub(super) number: u64,
    pub(super) head: [u8; DIGEST],
}

impl Link {
    fn encode(&self, digest: Digest) -> Vec<u8> {
        let mut header = [&MAGIC[..], &self.node, &self.number.to_be_bytes(), &self.head].concat();
        header.extend(digest(&[&header]));
        header
    }

    /// The link in a header, unless it is not one.
    pub(super) fn decode(header: &[u8; HEADER], digest: Digest) -> Option<Self> {
        let (node, rest) = header.strip_prefix(MAGIC)?.split_first_chunk::<16>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (head, _) = rest.split_first_chunk::<DIGEST>()?;
        let link = Self { node: *node, number: u64::from_be_bytes(*number), head: *head };
        (link.encode(digest) == header).then_some(link)
    }
}

/// The segments of a folder, in order.
pub(super) fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let mut segments = Vec::new();
    for entry in folder.read_dir().map_err(|error| fault(folder, &error))? {
        let path = entry.map_err(|error| fault(folder, &error))?.path();
        if let Some(number) = number(&path) {
            segments.push((number, path));
        }
    }
    segments.sort();
    Ok(segments)
}

/// Where a segment stands.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}.journal"))
}

/// The number in a segment's name.
pub(super) fn number(path: &Path) -> Option<u64> {
    let is_segment = path.extension().is_some_and(|extension| extension == "journal");
    path.file_stem().filter(|_| is_segment)?.to_str()?.parse().ok()
}

/// The end of the last segment.
pub(super) struct Tail {
    path: PathBuf,
    file: Arc<File>,
    size: u64,
    records: u64,
    link: Link,
    buffer: Vec<u8>,
}

impl Tail {
    /// Where the journal stands.
    pub(super) fn position(&self) -> Position {
        Position { node: self.link.node, segment: self.link.number, records: self.records, digest: self.link.head }
    }

    /// A new segment: complete and flushed under another name before it gets its own.
    pub(super) fn create(folder: &Path, link: Link, digest: Digest) -> Result<Self, Error> {
        let path = path(folder, link.number);
        let made = (|| {
            let new = path.with_extension("new");
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(&link.encode(digest))?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            File::open(folder)?.sync_all()?;
            open_to_append(&path)
        })();
        let file = made.map_err(|error| fault(&path, &error))?;
        Ok(Self { path, file: Arc::new(file), size: HEADER as u64, records: 0, link, buffer: Vec::new() })
    }

    /// The end of a segment that was verified up to `size`, which is after so many records, where the chain stands at `link.head`.
    pub(super) fn resume(path: &Path, (size, records): (u64, u64), link: Link) -> Result<Self, Error> {
        let file = open_to_append(path).map_err(|error| fault(path, &error))?;
        Ok(Self { path: path.to_owned(), file: Arc::new(file), size, records, link, buffer: Vec::new() })
    }

    /// Where the next record will begin.
    pub(super) fn end(&self) -> At {
        At { segment: self.link.number, offset: self.size }
    }

    pub(super) fn file(&self) -> Arc<File> {
        self.file.clone()
    }

    /// Sets room aside behind the end, where some of it was used. The file's length is the records' alone.
    ///
    /// # Errors
    ///
    /// What the system says when there is not enough, for it and what is left beside it, or where its kind of disk can't.
    pub(super) fn set_aside(&self) -> io::Result<()> {
        let missing = ASIDE.saturating_sub(self.aside());
        if missing >= STEP {
            has_room(&self.path, missing)?;
            let (end, length) = (self.size.cast_signed(), ASIDE.cast_signed());
            fallocate(&*self.file, FallocateFlags::FALLOC_FL_KEEP_SIZE, end, length)?;
            // Some file systems say yes and keep none.
            if self.aside() < STEP {
                return Err(ErrorKind::Unsupported.into());
            }
        }
        Ok(())
    }

    /// What is set aside now.
    fn aside(&self) -> u64 {
        self.file.metadata().map_or(0, |file| (file.blocks() * 512).saturating_sub(self.size))
    }

    /// One record, one write. Nothing of it is left when that fails.
    pub(super) fn append(&mut self, body: &[u8], digest: Digest) -> Result<(), Error> {
        let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= LONGEST);
        let length =
            length.ok_or_else(|| Error::Io(format!("a journal record of {} bytes is too long", body.len())))?;
        self.make_room(body.len(), digest)?;
        let head = digest(&[&self.link.head, body]);
        self.buffer.clear();
        self.buffer.extend(length.to_be_bytes());
        self.buffer.extend(body);
        self.buffer.extend(head);
        self.write()?;
        self.size += self.buffer.len() as u64;
        self.records += 1;
        self.link.head = head;
        Ok(())
    }

    /// Begins another segment where a body of this length no longer fits into this one. On a full disk this one goes on instead: the
    /// room that is set aside is here.
    pub(super) fn make_room(&mut self, length: usize, digest: Digest) -> Result<(), Error> {
        let is_long = self.size + (4 + length + DIGEST) as u64 > SEGMENT;
        let is_full = || has_room(&self.path, ASIDE).is_err_and(|error| error.kind() == ErrorKind::StorageFull);
        if is_long && !is_full() { self.rotate(digest) } else { Ok(()) }
    }

    /// Writes the buffer, or cuts off what was written of it.
    fn write(&mut self) -> Result<(), Error> {
        let Err(error) = (&*self.file).write_all(&self.buffer) else { return Ok(()) };
        match self.file.set_len(self.size) {
            Ok(()) => Err(fault(&self.path, &error)),
            Err(worse) => Err(Error::Failed(format!("{}: {error}, then {worse}", self.path.display()))),
        }
    }

    fn rotate(&mut self, digest: Digest) -> Result<(), Error> {
        self.file.sync_data().map_err(|error| Error::Failed(format!("{}: {error}", self.path.display())))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let next = Self::create(folder, Link { number: self.link.number + 1, ..self.link }, digest)?;
        // What was set aside here is given back; where that fails, it is room that is lost and nothing else.
        let _ = self.file.set_len(self.size);
        *self = next;
        // Without it things go on; the next flush tries again.
        let _ = self.set_aside();
        Ok(())
    }
}

fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}
