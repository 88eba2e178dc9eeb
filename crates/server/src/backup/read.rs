//! Reading a backup: chunk by chunk, entry by entry, and at the end whether it is all that was written.
//!
//! The invariant: **what an entry's taker was given is not to be used before [`Backup::read`] has returned**: only then the manifest's
//! signature has been seen to be right.

use super::entries::Listing;
use super::kit::Kit;
use super::{CONTEXT, Error, FORMAT, HEAD, Head, MAGIC, MANIFEST, Manifest, SIGNATURE};
use crate::pki::from_hexadecimal;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use wrap::primitive::sign::PublicKey;
use wrap::recovery::{CHUNK, KEY, OVERHEAD, Opener};
use zeroize::Zeroizing;

/// The most bytes of manifest and signature.
const SHORT: u64 = 1 << 20;

/// A backup whose head was read.
pub(super) struct Backup {
    pub(super) head: Head,
    head_bytes: Vec<u8>,
    file: BufReader<File>,
    path: PathBuf,
}

/// Takes the contents of entries as they go by.
pub(super) trait Taker {
    /// An entry begins.
    fn begin(&mut self, name: &str, length: u64) -> Result<(), Error>;
    /// More of it.
    fn more(&mut self, bytes: &[u8]) -> Result<(), Error>;
    /// It ends.
    fn end(&mut self) -> Result<(), Error>;
}

impl Backup {
    /// Opens a file and reads its head, which anybody can.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let mut file = BufReader::new(File::open(path).map_err(Error::io(path))?);
        let not_ours = || Error::NotOurs(path.to_owned());
        let mut start = [0; 12];
        file.read_exact(&mut start).map_err(|_| not_ours())?;
        let (magic, length) = start.split_at(MAGIC.len());
        let length = u32::from_be_bytes(length.try_into().unwrap_or_default()) as usize;
        if magic != MAGIC || length > HEAD {
            return Err(not_ours());
        }
        let mut head_bytes = vec![0; length];
        file.read_exact(&mut head_bytes).map_err(|_| Error::damaged("it ends within its head"))?;
        let head: Head = serde_json::from_slice(&head_bytes).map_err(|_| Error::damaged("its head can't be read"))?;
        if head.format > FORMAT {
            return Err(Error::Newer(head.format, FORMAT));
        }
        Ok(Backup { head, head_bytes, file, path: path.to_owned() })
    }

    /// Reads all of it, and sees that it is whole and the installation's own.
    pub(super) fn read(self, kit: &Kit, taker: &mut impl Taker) -> Result<(), Error> {
        kit.fits(&self.head)?;
        let ephemeral: [u8; KEY] = from_hexadecimal(&self.head.ephemeral)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| Error::damaged("its head can't be read"))?;
        let opener = kit.key.open(&ephemeral, &self.head_bytes).map_err(|_| Error::damaged("its head was changed"))?;
        let mut stream =
            Stream { file: self.file, opener, chunk: Zeroizing::default(), at: 0, ended: false, path: self.path };
        let (manifest, signature, entries) = entries(&mut stream, taker)?;
        let signer = from_hexadecimal(&self.head.installation).and_then(|der| PublicKey::from_der(&der).ok());
        let signer = signer.ok_or_else(|| Error::damaged("its head can't be read"))?;
        signer
            .verify(CONTEXT, &manifest, &signature)
            .map_err(|_| Error::damaged("its signature is not the installation's"))?;
        let manifest: Manifest =
            serde_json::from_slice(&manifest).map_err(|_| Error::damaged("its manifest can't be read"))?;
        let same = manifest.entries == entries.into_entries()
            && manifest.installation == self.head.installation
            && manifest.created == self.head.created;
        if same { Ok(()) } else { Err(Error::damaged("it does not hold what its manifest lists")) }
    }
}

/// The manifest, its signature, and what the entries were.
type Whole = (Vec<u8>, Vec<u8>, Listing);

fn entries(stream: &mut Stream, taker: &mut impl Taker) -> Result<Whole, Error> {
    let (mut listing, mut manifest) = (Listing::default(), None);
    loop {
        let (name, length) = stream.entry_head()?;
        match (name.as_str(), manifest.take()) {
            (MANIFEST, None) => manifest = Some(stream.short(length)?),
            (SIGNATURE, Some(manifest)) => {
                let signature = stream.short(length)?;
                stream.end()?;
                return Ok((manifest, signature, listing));
            }
            (_, None) => stream.pass(&name, length, taker, &mut listing)?,
            (_, Some(_)) => return Err(Error::damaged("something follows its manifest")),
        }
    }
}

/// What was sealed, as bytes in their order.
struct Stream {
    file: BufReader<File>,
    opener: Opener,
    chunk: Zeroizing<Vec<u8>>,
    at: usize,
    ended: bool,
    path: PathBuf,
}

impl Stream {
    fn entry_head(&mut self) -> Result<(String, u64), Error> {
        let length = usize::from(self.bytes::<1>()?[0]);
        let mut name = Vec::with_capacity(length);
        for _ in 0..length {
            name.extend(self.bytes::<1>()?);
        }
        let name = String::from_utf8(name).map_err(|_| Error::damaged("a name in it is no text"))?;
        Ok((name, u64::from_be_bytes(self.bytes::<8>()?)))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        let mut filled = 0;
        while filled < N {
            let part = self.some(N - filled)?;
            let (from, count) = (part.0, part.1);
            let slice = self.chunk.get(from..from + count).unwrap_or_default();
            bytes.get_mut(filled..filled + count).unwrap_or_default().copy_from_slice(slice);
            filled += count;
        }
        Ok(bytes)
    }

    fn short(&mut self, length: u64) -> Result<Vec<u8>, Error> {
        if length > SHORT {
            return Err(Error::damaged("its manifest is too long"));
        }
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < length {
            let (from, count) = self.some(usize::try_from(length).unwrap_or(usize::MAX) - bytes.len())?;
            bytes.extend_from_slice(self.chunk.get(from..from + count).unwrap_or_default());
        }
        Ok(bytes)
    }

    fn pass(&mut self, name: &str, length: u64, taker: &mut impl Taker, listing: &mut Listing) -> Result<(), Error> {
        taker.begin(name, length)?;
        let (mut passing, mut left) = (listing.begin(name, length), length);
        while left > 0 {
            let (from, count) = self.some(usize::try_from(left).unwrap_or(usize::MAX))?;
            let bytes = self.chunk.get(from..from + count).unwrap_or_default();
            passing.update(bytes);
            taker.more(bytes)?;
            left -= count as u64;
        }
        listing.end(passing);
        taker.end()
    }

    /// At most so many of the bytes that come next: where in the chunk, and how many.
    fn some(&mut self, most: usize) -> Result<(usize, usize), Error> {
        if self.at == self.chunk.len() {
            self.next_chunk()?;
        }
        let (from, count) = (self.at, most.min(self.chunk.len() - self.at));
        self.at += count;
        if count == 0 { Err(Error::damaged("it ends too early")) } else { Ok((from, count)) }
    }

    fn next_chunk(&mut self) -> Result<(), Error> {
        if self.ended {
            return Err(Error::damaged("it ends too early"));
        }
        let mut sealed = Zeroizing::new(vec![0; CHUNK + OVERHEAD]);
        let count = fill(&mut self.file, &mut sealed).map_err(Error::io(&self.path))?;
        sealed.truncate(count);
        self.ended = count < CHUNK + OVERHEAD || at_end(&mut self.file).map_err(Error::io(&self.path))?;
        self.opener
            .open(&mut sealed, self.ended)
            .map_err(|_| Error::damaged("a part of it was changed or is missing"))?;
        (self.chunk, self.at) = (sealed, 0);
        Ok(())
    }

    fn end(&self) -> Result<(), Error> {
        let done = self.ended && self.at == self.chunk.len();
        if done { Ok(()) } else { Err(Error::damaged("something follows its end")) }
    }
}

fn fill(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn at_end(file: &mut BufReader<File>) -> std::io::Result<bool> {
    use std::io::BufRead;
    file.fill_buf().map(<[u8]>::is_empty)
}
