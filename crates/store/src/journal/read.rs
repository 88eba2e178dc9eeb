//! Reading a journal, record by record, each verified.
//!
//! The invariant: **a body is given out only if the chain holds up to it.** What is incomplete at the very end is where the last
//! append is, or was when the power went, and ends the reading; anything else that doesn't verify is damage.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::segment::{DIGEST, HEADER, LONGEST, Link, Tail, list};
use super::{Digest, Entry, Position, fault};
use crate::Error;

/// The bodies of the journal in `folder`, oldest first. It may be open and growing.
///
/// # Errors
///
/// [`Error::Io`] when the folder can't be read; the iterator's items are [`Error::Damaged`] with the segment and offset of the
/// first record that doesn't verify, or [`Error::Io`], and then it ends.
pub fn read(folder: &Path, digest: Digest) -> Result<Records, Error> {
    let mut segments = list(folder)?;
    segments.reverse();
    Ok(Records { left: segments, current: None, last: None, before: None, digest })
}

/// As [`read`], from a segment on, the journal's earlier ones being somebody else's matter.
///
/// # Errors
///
/// As [`read`].
pub fn read_from(folder: &Path, segment: u64, digest: Digest) -> Result<Records, Error> {
    let mut records = read(folder, digest)?;
    records.left.retain(|(number, _)| *number >= segment);
    Ok(records)
}

/// As [`read`], of segments that may be anywhere; they are put into the order of their names.
///
/// # Errors
///
/// [`Error::Io`] when one is not named as a segment is.
pub fn read_files(files: &[PathBuf], digest: Digest) -> Result<Records, Error> {
    let named = files.iter().map(|path| match super::segment::number(path) {
        Some(number) => Ok((number, path.clone())),
        None => Err(Error::Io(format!("{}: a segment is named like 0000000000000001.journal", path.display()))),
    });
    let mut left = named.collect::<Result<Vec<_>, _>>()?;
    left.sort();
    left.reverse();
    Ok(Records { left, current: None, last: None, before: None, digest })
}

/// Iterator over verified bodies; see [`read`].
pub struct Records {
    /// Segments not begun, the next one last.
    left: Vec<(u64, PathBuf)>,
    current: Option<Segment>,
    /// The segment at whose end the reading ended, or whose record did not verify.
    last: Option<Segment>,
    before: Option<Position>,
    digest: Digest,
}

impl Iterator for Records {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance();
        if next.is_err() {
            self.left.clear();
            self.last = self.current.take().or(self.last.take());
        }
        next.transpose()
    }
}

impl Records {
    /// Where the reading stands: after the record that came last. None before the first segment was opened.
    pub fn position(&self) -> Option<Position> {
        self.current.as_ref().or(self.last.as_ref()).map(Segment::position)
    }

    /// Where it stood before the record that came last.
    pub fn before(&self) -> Option<Position> {
        self.before
    }

    /// The bytes at the end of the last segment that are no whole record: 0 after a clean end, or the last append in the act.
    pub fn left_over(&self) -> u64 {
        self.last.as_ref().map_or(0, |segment| segment.size - segment.offset)
    }

    fn advance(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let Some(segment) = &mut self.current else {
                match self.left.pop() {
                    Some((number, path)) => self.current = Some(Segment::open(number, &path, self.digest)?),
                    None => return Ok(None),
                }
                continue;
            };
            let before = segment.position();
            match segment.advance()? {
                Step::Record => {
                    self.before = Some(before);
                    return Ok(Some(segment.body.clone()));
                }
                Step::Torn if !self.left.is_empty() => {
                    return Err(segment.damaged("the segment ends in part of a record"));
                }
                Step::Torn | Step::End => match self.left.pop() {
                    Some((number, path)) => self.current = Some(segment.follow(number, &path, self.digest)?),
                    None => {
                        self.last = self.current.take();
                        return Ok(None);
                    }
                },
            }
        }
    }
}

/// Verifies the last segment and makes it ready to be appended to; what is torn at its end is set aside. Also: the last change's
/// sequence number in it.
pub(super) fn resume(number: u64, path: &Path, node: [u8; 16], digest: Digest) -> Result<(Tail, Option<u64>), Error> {
    let mut segment = Segment::open(number, path, digest)?;
    if segment.link.node != node {
        return Err(segment.damaged("this is another node's journal: give this node a folder of its own"));
    }
    let change = segment.last_change()?;
    if segment.offset < segment.size {
        segment.set_tail_aside().map_err(|error| fault(path, &error))?;
    }
    Ok((Tail::resume(path, (segment.offset, segment.records), segment.link)?, change))
}

enum Step {
    /// `Segment::body` holds the next record.
    Record,
    /// The segment ends here.
    End,
    /// The segment ends in what was never completely written.
    Torn,
}

/// A segment that is being read. `link.head` moves on with the records.
struct Segment {
    path: PathBuf,
    file: BufReader<File>,
    size: u64,
    offset: u64,
    /// Records before `offset`.
    records: u64,
    link: Link,
    body: Vec<u8>,
    digest: Digest,
}

impl Segment {
    fn open(number: u64, path: &Path, digest: Digest) -> Result<Self, Error> {
        let failed = |error| fault(path, &error);
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut file = BufReader::with_capacity(64 << 10, file);
        let mut header = [0; HEADER];
        let link = match file.read_exact(&mut header) {
            Ok(()) => Link::decode(&header, digest),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
            Err(error) => return Err(failed(error)),
        };
        let link = link.filter(|link| link.number == number);
        let link =
            link.ok_or_else(|| damaged(path, 0, "the segment's header doesn't verify, or isn't this segment's"))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            offset: HEADER as u64,
            records: 0,
            link,
            body: Vec::new(),
            digest,
        })
    }

    /// Opens the segment that must go on from this one.
    fn follow(&self, number: u64, path: &Path, digest: Digest) -> Result<Self, Error> {
        let next = Self::open(number, path, digest)?;
        if next.link == (Link { number: self.link.number + 1, ..self.link }) {
            Ok(next)
        } else {
            Err(next.damaged("the segment doesn't go on from the one before it"))
        }
    }

    fn position(&self) -> Position {
        let Link { node, number, head } = self.link;
        Position { node, segment: number, records: self.records, digest: head }
    }

    /// Reads to the end.
    fn last_change(&mut self) -> Result<Option<u64>, Error> {
        let mut last = None;
        while let Step::Record = self.advance()? {
            if let Entry::Change { sequence, .. } = Entry::decode(&self.body) {
                last = Some(sequence);
            }
        }
        Ok(last)
    }

    fn advance(&mut self) -> Result<Step, Error> {
        self.read_record()
            .map_err(|error| fault(&self.path, &error))
            .and_then(|step| step.ok_or_else(|| self.damaged("the record doesn't verify")))
    }

    /// The next step; none is damage.
    fn read_record(&mut self) -> std::io::Result<Option<Step>> {
        let left = self.size - self.offset;
        if left == 0 {
            return Ok(Some(Step::End));
        }
        if left < (4 + DIGEST) as u64 {
            return Ok(Some(Step::Torn));
        }
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        let whole = (4 + length + DIGEST) as u64;
        if length > LONGEST || whole > left {
            return Ok((length <= LONGEST).then_some(Step::Torn));
        }
        self.body.resize(length, 0);
        self.file.read_exact(&mut self.body)?;
        let mut head = [0; DIGEST];
        self.file.read_exact(&mut head)?;
        if (self.digest)(&[&self.link.head, &self.body]) != head {
            return Ok((head == [0; DIGEST] && self.rest_is_zero()?).then_some(Step::Torn));
        }
        (self.link.head, self.offset, self.records) = (head, self.offset + whole, self.records + 1);
        Ok(Some(Step::Record))
    }

    /// A file system may have made the file longer before it wrote what belongs there.
    fn rest_is_zero(&mut self) -> std::io::Result<bool> {
        let mut rest = Vec::new();
        self.file.read_to_end(&mut rest)?;
        Ok(rest.iter().all(|&byte| byte == 0))
    }

    /// Copies what follows the last whole record to a file beside the segment, then cuts it off.
    fn set_tail_aside(&mut self) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        let aside = self.path.with_extension(format!("{}.torn", self.offset));
        let mut copy = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        let bytes = std::io::copy(&mut self.file, &mut copy)?;
        copy.sync_all()?;
        let segment = OpenOptions::new().write(true).open(&self.path)?;
        segment.set_len(self.offset)?;
        segment.sync_all()?;
        tracing::warn!(bytes, aside = %aside.display(), "the journal ended in part of a record, which was set aside");
        Ok(())
    }

    fn damaged(&self, what: &str) -> Error {
        damaged(&self.path, self.offset, what)
    }
}

pub(super) fn damaged(path: &Path, offset: u64, what: &str) -> Error {
    let path = path.display();
    Error::Damaged(format!(
        "{path}, offset {offset}: {what}: keep the journal's folder as evidence, and start with an empty one"
    ))
}
