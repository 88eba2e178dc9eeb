//! The keys file on the disk: two slots of 4 KiB, each a whole copy of the content under the master key.
//!
//! A slot is a magic line, the fingerprint of the master key, the seal, and a SHA-256 of these; zeros follow. The invariant: **a write
//! that is cut off at any byte leaves one whole slot, and when a write has returned, what was there before is nowhere in the file**:
//! it is overwritten in place, one slot and then the other, each flushed before the next; one that is not whole comes first.

use super::content::{self, Content};
use super::{Error, Master};
use crate::hex;
use crate::primitive::{Random, SealKey, digest, equal};
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const PURPOSE: &str = "keystead keys file";
const MAGIC: &[u8; 16] = b"keystead keys 1\n";
/// Bytes of a master key's fingerprint.
pub(super) const FINGERPRINT: usize = 8;
const SEALED: usize = SealKey::OVERHEAD + content::LENGTH;
const DIGEST: usize = 32;
/// A block of the file system, so that what tears one slot leaves the other alone.
const SLOT: usize = 4096;
const FILE: u64 = 2 * SLOT as u64;

type Slot = [u8; SLOT];

/// What a whole slot says.
struct Whole<'a> {
    fingerprint: &'a [u8],
    sealed: &'a [u8],
}

/// Makes the file. It is made beside its place and moved there, so that a start that is cut off leaves no half of one.
pub(super) fn create(path: &Path, master: &Master, content: &Content, random: &dyn Random) -> Result<(), Error> {
    if path.exists() {
        return Err(Error::Exists(path.to_owned()));
    }
    let slot = sealed(master, content, random)?;
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    make(path, &PathBuf::from(unfinished), &slot).map_err(|source| io_error(path, source))
}

/// Reads the content that holds, and finishes what a write that was cut off left.
pub(super) fn open(path: &Path, master: &Master) -> Result<Content, Error> {
    let file = at(path)?;
    let [first, second] = slots(&file).map_err(|source| io_error(path, source))?;
    let opened = [opened(&first, master), opened(&second, master)];
    let (content, from, to) = match opened {
        [Some(a), Some(b)] if b.sequence > a.sequence => (b, &second, 0),
        [Some(a), _] => (a, &first, 1),
        [None, Some(b)] => (b, &second, 0),
        [None, None] => return Err(refusal(path, master, [&first, &second])),
    };
    if first != second {
        write(&file, to, from).map_err(|source| io_error(path, source))?;
    }
    Ok(content)
}

/// Puts the content in place of what is there: into one slot, flushed, then into the other, flushed.
pub(super) fn replace(path: &Path, master: &Master, content: &Content, random: &dyn Random) -> Result<(), Error> {
    let (file, slot) = (at(path)?, sealed(master, content, random)?);
    let written = slots(&file).and_then(|there| write_both(&there, |index| write(&file, index, &slot)));
    written.map_err(|source| io_error(path, source))
}

/// One slot and then the other. An earlier write that failed may have torn the second one: then the first holds until that is whole.
fn write_both([_, second]: &[Slot; 2], write: impl Fn(u64) -> io::Result<()>) -> io::Result<()> {
    let [first, then] = if whole(second).is_some() { [0, 1] } else { [1, 0] };
    write(first).and_then(|()| write(then))
}

fn make(path: &Path, unfinished: &Path, slot: &Slot) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(unfinished)?;
    write(&file, 0, slot)?;
    write(&file, 1, slot)?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The file itself, and no other that a link leads to.
fn at(path: &Path) -> Result<File, Error> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(path);
    let file = file.map_err(|source| match source.kind() {
        ErrorKind::NotFound => Error::Missing(path.to_owned()),
        _ => io_error(path, source),
    })?;
    let found = file.metadata().map_err(|source| io_error(path, source))?.len();
    if found == FILE { Ok(file) } else { Err(Error::Size { path: path.to_owned(), found, expected: FILE }) }
}

fn slots(file: &File) -> io::Result<[Slot; 2]> {
    Ok([read(file, 0)?, read(file, 1)?])
}

fn read(file: &File, index: u64) -> io::Result<Slot> {
    let mut slot = [0; SLOT];
    file.read_exact_at(&mut slot, index * SLOT as u64)?;
    Ok(slot)
}

fn write(file: &File, index: u64, slot: &Slot) -> io::Result<()> {
    file.write_all_at(slot, index * SLOT as u64)?;
    file.sync_data()
}

fn sealed(master: &Master, content: &Content, random: &dyn Random) -> Result<Slot, Error> {
    let seal = master.seal.seal(PURPOSE, &[], content.encode().expose(), random)?;
    let head = [&MAGIC[..], &master.fingerprint, &seal].concat();
    let bytes = [&head[..], &digest(&[&head])].concat();
    let mut slot = [0; SLOT];
    slot.iter_mut().zip(&bytes).for_each(|(place, byte)| *place = *byte);
    Ok(slot)
}

fn opened(slot: &Slot, master: &Master) -> Option<Content> {
    let whole = whole(slot).filter(|whole| equal(whole.fingerprint, &master.fingerprint))?;
    Content::decode(&master.seal.open(PURPOSE, &[], whole.sealed).ok()?)
}

fn whole(slot: &Slot) -> Option<Whole<'_>> {
    let (head, rest) = slot.split_at(MAGIC.len() + FINGERPRINT + SEALED);
    let (sum, zeros) = rest.split_at(DIGEST);
    let is_whole = equal(&digest(&[head]), sum) && zeros.iter().all(|byte| *byte == 0);
    let fields = head.strip_prefix(MAGIC).filter(|_| is_whole)?;
    let (fingerprint, sealed) = fields.split_at(FINGERPRINT);
    Some(Whole { fingerprint, sealed })
}

/// Why neither slot opens.
fn refusal(path: &Path, master: &Master, slots: [&Slot; 2]) -> Error {
    let other = slots.into_iter().filter_map(whole).find(|whole| !equal(whole.fingerprint, &master.fingerprint));
    match other {
        Some(whole) => Error::MasterKey {
            path: path.to_owned(),
            expected: hex::encode(whole.fingerprint).to_string(),
            found: hex::encode(&master.fingerprint).to_string(),
        },
        None => Error::Damaged(path.to_owned()),
    }
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::SystemRandom;
    use std::cell::RefCell;

    /// A write tears the slot and fails, then the next attempt does so too, at any of the two writes of each.
    #[test]
    fn two_writes_that_fail_leave_one_whole_slot() {
        let key = SealKey::new(&crate::primitive::random_secret(&SystemRandom, 32).unwrap()).unwrap();
        let master = Master { seal: key, fingerprint: [1; FINGERPRINT] };
        let content = Content::new(&SystemRandom).unwrap();
        let slot = || sealed(&master, &content, &SystemRandom).unwrap();
        for failing in [[0, 0], [0, 1], [1, 0], [1, 1]] {
            let there = RefCell::new([slot(), slot()]);
            for failing in failing {
                let (before, new, count) = (*there.borrow(), slot(), RefCell::new(0));
                let write = |index| {
                    let tears = count.replace_with(|count| *count + 1) == failing;
                    there.borrow_mut()[usize::from(index != 0)] = if tears { [7; SLOT] } else { new };
                    if tears { Err(io::Error::other("torn")) } else { Ok(()) }
                };
                assert!(write_both(&before, write).is_err());
                assert!(there.borrow().iter().any(|slot| opened(slot, &master).is_some()), "{failing:?}");
            }
        }
    }
}
