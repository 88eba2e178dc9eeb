//! Entries, and the listing of them that a manifest holds.

use super::Listed;
use crate::pki::hexadecimal;
use wrap::primitive::Hasher;

/// The longest name.
const NAME: usize = 255;

/// An entry's head.
pub(super) struct Entry;

impl Entry {
    /// The bytes before an entry's content.
    pub(super) fn head(name: &str, length: u64) -> Vec<u8> {
        let name = name.as_bytes().get(..name.len().min(NAME)).unwrap_or_default();
        let short = u8::try_from(name.len()).unwrap_or(u8::MAX);
        [&[short], name, &length.to_be_bytes()].concat()
    }
}

/// What was written or read so far.
#[derive(Default)]
pub(super) struct Listing(Vec<Listed>);

/// An entry whose content goes by.
pub(super) struct Passing {
    name: String,
    length: u64,
    hasher: Hasher,
}

impl Listing {
    pub(super) fn begin(&self, name: &str, length: u64) -> Passing {
        Passing { name: name.to_owned(), length, hasher: Hasher::new() }
    }

    pub(super) fn end(&mut self, passed: Passing) {
        let Passing { name, length, hasher } = passed;
        self.0.push(Listed { name, length, digest: hexadecimal(&hasher.finish()) });
    }

    pub(super) fn into_entries(self) -> Vec<Listed> {
        self.0
    }
}

impl Passing {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }
}
