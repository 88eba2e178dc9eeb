//! Key shares: a key of 32 bytes, split so that some of its holders together have it and fewer have nothing.
//!
//! Shamir's scheme ("How to share a secret", 1979) over GF(2^8) with the polynomial of AES (FIPS 197, 4.2), byte by byte; without
//! tables or branches on secret bytes. A share is one line of text:
//! `keystead-share-1: recovery set=<16 hex> share=2 of=3 threshold=2 check=<16 hex> key=<64 hex> sum=<8 hex>`.
//! The invariant of this room: **what [`join`] gives is the key that was split, or an error that says which share is to blame.**

mod field;
mod text;

pub use text::Unreadable;

use crate::Secret;
use crate::primitive::{Random, digest, equal};
use zeroize::Zeroizing;

/// Bytes of a key.
const KEY: usize = 32;
/// How many shares a key may have.
const MOST: u8 = 16;

/// What is shared. A share of one is none of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The private half of the recovery key, which opens backups.
    Recovery,
    /// The master key.
    Master,
}

/// One share. It has no Debug; its text form is what its holder keeps.
#[derive(Clone)]
pub struct Share {
    kind: Kind,
    set: [u8; 8],
    number: u8,
    of: u8,
    threshold: u8,
    /// Of the key that the set makes: tells that it was put together right.
    check: [u8; 8],
    key: Secret,
}

/// Why shares make no key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Numbers that make no sense.
    #[error("a key is split into 2 to 16 shares, of which 2 or more, and not more than there are, make the key")]
    Numbers,
    /// None was given.
    #[error("no share was given")]
    None,
    /// Not enough.
    #[error("{given} of the {threshold} shares that are needed were given: add {} more of the same set", threshold - given)]
    TooFew {
        /// Different shares that were given.
        given: u8,
        /// How many are needed.
        threshold: u8,
    },
    /// The same share, or two that claim to be the same.
    #[error("share {0} was given twice: give different ones")]
    Twice(u8),
    /// A share of another key.
    #[error("share {0} is of another set than the first one: all must come from the same splitting")]
    OtherSet(u8),
    /// A share of another sort of key.
    #[error("share {0} is none of a {wanted}", wanted = .1)]
    OtherKind(u8, &'static str),
    /// They don't make the key that was split.
    #[error("the shares don't make the key that was split: one of them was changed")]
    Wrong,
    /// No random bytes, or a key of the wrong length.
    #[error("{0}")]
    Fault(String),
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Recovery => "recovery",
            Kind::Master => "master",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Kind::Recovery => "recovery key",
            Kind::Master => "master key",
        }
    }
}

impl Share {
    /// Its number, from 1.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// How many shares its set has.
    pub fn of(&self) -> u8 {
        self.of
    }

    /// How many of them make the key.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// The set that it belongs to.
    pub fn set(&self) -> [u8; 8] {
        self.set
    }
}

/// Splits a key into `of` shares, of which any `threshold` make it again.
///
/// # Errors
/// [`Error::Numbers`], [`Error::Fault`].
pub fn split(kind: Kind, key: &Secret, threshold: u8, of: u8, random: &dyn Random) -> Result<Vec<Share>, Error> {
    if !(2..=of).contains(&threshold) || of > MOST {
        return Err(Error::Numbers);
    }
    let bytes = key.expose();
    if bytes.len() != KEY {
        return Err(Error::Fault(format!("a key has {KEY} bytes, and this one has {}", bytes.len())));
    }
    let fault = |error: crate::Error| Error::Fault(error.to_string());
    let mut set = [0; 8];
    random.fill(&mut set).map_err(fault)?;
    // The polynomial's coefficients for each byte: the key's byte, then random ones.
    let mut coefficients = Zeroizing::new(vec![0; KEY * usize::from(threshold - 1)]);
    random.fill(&mut coefficients).map_err(fault)?;
    let check = check(kind, key);
    let share = |number: u8| {
        let mut values = Zeroizing::new(vec![0; KEY]);
        for (at, (value, constant)) in values.iter_mut().zip(bytes).enumerate() {
            let higher = coefficients.iter().skip(at).step_by(KEY).rev();
            let sum = higher.fold(0, |sum, coefficient| field::add(field::multiply(sum, number), *coefficient));
            *value = field::add(field::multiply(sum, number), *constant);
        }
        Share { kind, set, number, of, threshold, check, key: Secret::new(values) }
    };
    Ok((1..=of).map(share).collect())
}

/// Puts a key together again. More shares than are needed do no harm.
///
/// # Errors
/// A variant of [`Error`] for each thing that can be wrong.
pub fn join(kind: Kind, shares: &[Share]) -> Result<Secret, Error> {
    let first = shares.first().ok_or(Error::None)?;
    check_together(kind, first, shares)?;
    let given = u8::try_from(shares.len()).unwrap_or(u8::MAX);
    if given < first.threshold {
        return Err(Error::TooFew { given, threshold: first.threshold });
    }
    // With all of them: one that was changed shows, also where it would not be needed.
    let mut key = Zeroizing::new(vec![0; KEY]);
    for share in shares {
        let weight = weight(share.number, shares);
        for (byte, value) in key.iter_mut().zip(share.key.expose()) {
            *byte = field::add(*byte, field::multiply(weight, *value));
        }
    }
    let key = Secret::new(key);
    if equal(&check(kind, &key), &first.check) { Ok(key) } else { Err(Error::Wrong) }
}

fn check_together(kind: Kind, first: &Share, shares: &[Share]) -> Result<(), Error> {
    for (at, share) in shares.iter().enumerate() {
        if share.kind != kind {
            return Err(Error::OtherKind(share.number, kind.title()));
        }
        let same = |share: &Share| (share.set, share.of, share.threshold, share.check);
        if same(share) != same(first) {
            return Err(Error::OtherSet(share.number));
        }
        if shares.iter().take(at).any(|other| other.number == share.number) {
            return Err(Error::Twice(share.number));
        }
    }
    Ok(())
}

/// Lagrange's weight of a share at 0.
fn weight(number: u8, shares: &[Share]) -> u8 {
    let others = shares.iter().map(Share::number).filter(|other| *other != number);
    others.fold(1, |weight, other| {
        field::multiply(weight, field::multiply(other, field::inverse(field::add(other, number))))
    })
}

/// The first bytes of a digest: of 32 random bytes, it tells nothing.
fn check(kind: Kind, key: &Secret) -> [u8; 8] {
    let [check @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        digest(&[b"keystead share check", &[0], kind.word().as_bytes(), &[0], key.expose()]);
    check
}
