//! What the keys file holds, in the clear: the installation key, and one epoch key or two.
//!
//! The invariant: **the encoding has one length, whatever it holds**, so that what is written over something covers all of it.

use super::{Epoch, Epochs, Error};
use crate::Secret;
use crate::primitive::{Random, SealKey, random_secret};
use std::sync::Arc;
use zeroize::Zeroizing;

const KEY: usize = 32;
const NUMBER: usize = 8;
/// The encoding's own version.
const VERSION: u8 = 1;
/// Bytes of an encoded content: version, sequence, installation key, how many epochs, two epochs.
pub(super) const LENGTH: usize = 1 + NUMBER + KEY + 1 + 2 * (NUMBER + KEY);

/// An epoch's number and key.
struct Numbered {
    number: u64,
    key: Secret,
}

/// The keys themselves.
pub(super) struct Content {
    /// Counts the changes of the file: of two contents the one with the higher number holds.
    pub(super) sequence: u64,
    installation: Secret,
    newest: Numbered,
    /// The one that is being replaced.
    older: Option<Numbered>,
}

impl Content {
    /// A new installation's.
    pub(super) fn new(random: &dyn Random) -> Result<Self, Error> {
        let (installation, key) = (random_secret(random, KEY)?, random_secret(random, KEY)?);
        Ok(Content { sequence: 1, installation, newest: Numbered { number: 1, key }, older: None })
    }

    /// An older installation's: all that there is hangs on its master key, root keys too, which makes that epoch 0.
    pub(super) fn adopted(master: &Secret) -> Self {
        let newest = Numbered { number: 0, key: master.clone() };
        Content { sequence: 1, installation: master.clone(), newest, older: None }
    }

    /// The same with a new epoch beside the one that was newest.
    pub(super) fn with_epoch(&self, random: &dyn Random) -> Result<Self, Error> {
        if self.older.is_some() {
            return Err(Error::Replacing);
        }
        let newest = Numbered { number: self.newest.number.saturating_add(1), key: random_secret(random, KEY)? };
        Ok(Content { newest, older: Some(self.newest.copy()), ..self.next() })
    }

    /// The same without the epoch that was being replaced.
    pub(super) fn without_older(&self) -> Self {
        Content { older: None, ..self.next() }
    }

    /// The same again, one number on.
    pub(super) fn next(&self) -> Self {
        Content {
            sequence: self.sequence.saturating_add(1),
            installation: self.installation.clone(),
            newest: self.newest.copy(),
            older: self.older.as_ref().map(Numbered::copy),
        }
    }

    pub(super) fn is_replacing(&self) -> bool {
        self.older.is_some()
    }

    pub(super) fn installation(&self) -> Result<SealKey, Error> {
        Ok(SealKey::new(&self.installation)?)
    }

    /// The epochs' keys.
    pub(super) fn epochs(&self) -> Result<Epochs, Error> {
        let epoch = |each: &Numbered| -> Result<Epoch, Error> {
            Ok(Epoch { number: each.number, key: Arc::new(SealKey::new(&each.key)?) })
        };
        Ok(Epochs { newest: epoch(&self.newest)?, older: self.older.as_ref().map(epoch).transpose()? })
    }

    pub(super) fn encode(&self) -> Secret {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(self.installation.expose());
        bytes.push(1 + u8::from(self.is_replacing()));
        for epoch in [Some(&self.newest), self.older.as_ref()].into_iter().flatten() {
            bytes.extend_from_slice(&epoch.number.to_be_bytes());
            bytes.extend_from_slice(epoch.key.expose());
        }
        bytes.resize(LENGTH, 0);
        Secret::new(bytes)
    }

    pub(super) fn decode(content: &Secret) -> Option<Self> {
        let bytes = content.expose();
        if bytes.len() != LENGTH {
            return None;
        }
        let (version, rest) = bytes.split_first()?;
        let (sequence, rest) = number(rest)?;
        let (installation, rest) = key(rest)?;
        let (epochs, rest) = rest.split_first()?;
        let (newest, rest) = numbered(rest)?;
        let older = match (version, epochs) {
            (&VERSION, 1) => None,
            (&VERSION, 2) => Some(numbered(rest)?.0),
            _ => return None,
        };
        Some(Content { sequence, installation, newest, older })
    }
}

impl Numbered {
    fn copy(&self) -> Self {
        Numbered { number: self.number, key: self.key.clone() }
    }
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}

fn key(bytes: &[u8]) -> Option<(Secret, &[u8])> {
    let (key, rest) = bytes.split_first_chunk::<KEY>()?;
    Some((Secret::new(Zeroizing::new(key.to_vec())), rest))
}

fn numbered(bytes: &[u8]) -> Option<(Numbered, &[u8])> {
    let (number, rest) = number(bytes)?;
    let (key, rest) = key(rest)?;
    Some((Numbered { number, key }, rest))
}
