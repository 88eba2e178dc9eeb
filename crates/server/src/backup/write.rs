//! Writing a backup: entries go in at one end, sealed chunks come out at the other.
//!
//! The invariant: **never more than a chunk is held**, whatever the size of the store.

use super::entries::{Entry, Listing};
use super::{CONTEXT, Error, FORMAT, Head, KEYS, MAGIC, MANIFEST, Manifest, SIGNATURE};
use crate::pki::hexadecimal;
use std::io::{Read, Write};
use std::path::Path;
use wrap::Secret;
use wrap::primitive::sign::SigningKey;
use wrap::recovery::{CHUNK, RecoveryPublic, Sealer};
use zeroize::Zeroizing;

/// A backup that is being written.
pub(super) struct Writer<W: Write> {
    out: W,
    sealer: Sealer,
    chunk: Vec<u8>,
    listing: Listing,
    installation: String,
    created: i64,
    path: std::path::PathBuf,
}

impl<W: Write> Writer<W> {
    /// Begins a backup: writes its head.
    pub(super) fn begin(
        mut out: W,
        path: &Path,
        recovery: &RecoveryPublic,
        signing: &SigningKey,
        created: i64,
    ) -> Result<Self, Error> {
        let begun = recovery.begin()?;
        let installation = hexadecimal(&signing.public_key().to_der());
        let head = Head {
            format: FORMAT,
            installation: installation.clone(),
            created,
            recovery_key: hexadecimal(&recovery.id()),
            ephemeral: hexadecimal(begun.ephemeral()),
        };
        let head = serde_json::to_vec(&head).map_err(|error| Error::damaged(error.to_string()))?;
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes();
        let written = out.write_all(MAGIC).and_then(|()| out.write_all(&length)).and_then(|()| out.write_all(&head));
        written.map_err(Error::io(path))?;
        let (sealer, chunk, path) = (begun.with_head(&head), Vec::with_capacity(CHUNK + 64), path.to_owned());
        Ok(Writer { out, sealer, chunk, listing: Listing::default(), installation, created, path })
    }

    /// Writes the keys.
    pub(super) fn keys(&mut self, keys: &Secret) -> Result<(), Error> {
        let bytes = keys.expose();
        self.entry(KEYS, bytes.len() as u64, bytes)
    }

    /// Writes an entry of so many bytes.
    pub(super) fn entry(&mut self, name: &str, length: u64, mut content: impl Read) -> Result<(), Error> {
        self.put(&Entry::head(name, length))?;
        let mut listed = self.listing.begin(name, length);
        let mut buffer = Zeroizing::new(vec![0; CHUNK]);
        let mut left = length;
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK);
            let place = buffer.get_mut(..want).unwrap_or_default();
            content.read_exact(place).map_err(Error::io(Path::new(name)))?;
            listed.update(place);
            self.put(buffer.get(..want).unwrap_or_default())?;
            left -= want as u64;
        }
        self.listing.end(listed);
        Ok(())
    }

    /// Writes the manifest, its signature and the last chunk.
    pub(super) fn finish(mut self, signing: &SigningKey) -> Result<W, Error> {
        let entries = std::mem::take(&mut self.listing).into_entries();
        let manifest = Manifest { created: self.created, installation: self.installation.clone(), entries };
        let manifest = serde_json::to_vec(&manifest).map_err(|error| Error::damaged(error.to_string()))?;
        let signature = signing.sign(CONTEXT, &manifest);
        for (name, content) in [(MANIFEST, &manifest[..]), (SIGNATURE, &signature[..])] {
            self.put(&Entry::head(name, content.len() as u64))?;
            self.put(content)?;
        }
        self.seal(true)?;
        self.out.flush().map_err(Error::io(&self.path))?;
        Ok(self.out)
    }

    fn put(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            // A full chunk is kept until more comes, for the last one is sealed as the last.
            if self.chunk.len() == CHUNK {
                self.seal(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn seal(&mut self, is_last: bool) -> Result<(), Error> {
        self.sealer.seal(&mut self.chunk, is_last)?;
        self.out.write_all(&self.chunk).map_err(Error::io(&self.path))?;
        self.chunk.clear();
        Ok(())
    }
}
