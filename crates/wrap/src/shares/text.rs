//! The text form of a share, which people print, type in, and keep in a safe.
//!
//! The invariant: **a slip of the pen is found before the share is used**: the last field is a checksum over all that comes before.

use super::{KEY, Kind, MOST, Share};
use crate::primitive::digest;
use crate::{Secret, hex};
use std::fmt::Write;
use zeroize::Zeroizing;

const PREFIX: &str = "keystead-share-1:";

/// Why a text is no share.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unreadable {
    /// It is something else.
    #[error("this is no key share: one is a line that begins with `{PREFIX}`")]
    Form,
    /// A letter is wrong, or some are missing.
    #[error("the share is not as it was made: a letter is wrong or missing (its checksum does not hold)")]
    Sum,
}

impl Share {
    /// The share as a line of text.
    pub fn to_text(&self) -> Zeroizing<String> {
        let Share { kind, set, number, of, threshold, check, key } = self;
        let mut text = Zeroizing::new(String::with_capacity(256));
        // Writing to a String can't fail.
        let _ = write!(text, "{PREFIX} {} set={} share={number} of={of}", kind.word(), *hex::encode(set));
        let _ = write!(text, " threshold={threshold} check={} key={}", *hex::encode(check), *hex::encode(key.expose()));
        let sum = sum(&text);
        let _ = write!(text, " sum={sum}");
        text
    }

    /// Reads a line of text; blanks and letters' case are forgiven.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_text(text: &str) -> Result<Self, Unreadable> {
        let lower = Zeroizing::new(text.trim().to_ascii_lowercase());
        let words: Vec<&str> = lower.split_whitespace().collect();
        let [PREFIX, kind, set, number, of, threshold, check, key, given] = words[..] else {
            return Err(Unreadable::Form);
        };
        let before = Zeroizing::new([PREFIX, kind, set, number, of, threshold, check, key].join(" "));
        if given.strip_prefix("sum=") != Some(sum(&before).as_str()) {
            return Err(Unreadable::Sum);
        }
        let kind = [Kind::Recovery, Kind::Master].into_iter().find(|known| known.word() == kind);
        let number = |word: &str, name: &str| field(word, name)?.parse::<u8>().ok().filter(|number| *number > 0);
        let read = || {
            let (number, of) = (number(words.get(3)?, "share=")?, number(of, "of=")?);
            let threshold = self::number(threshold)?;
            if number > of || threshold > of || of > MOST {
                return None;
            }
            let set = bytes(field(set, "set=")?)?.as_slice().try_into().ok()?;
            let check = bytes(field(check, "check=")?)?.as_slice().try_into().ok()?;
            let key = bytes(field(key, "key=")?).filter(|key| key.len() == KEY)?;
            Some(Share { kind: kind?, set, number, of, threshold, check, key: Secret::new(key) })
        };
        read().ok_or(Unreadable::Form)
    }
}

fn number(threshold: &str) -> Option<u8> {
    field(threshold, "threshold=")?.parse().ok().filter(|number| *number > 1)
}

fn field<'a>(word: &'a str, name: &str) -> Option<&'a str> {
    word.strip_prefix(name)
}

/// The first four bytes of a digest of the text.
fn sum(text: &str) -> String {
    let [a, b, c, d, ..] = digest(&[b"keystead share sum", &[0], text.as_bytes()]);
    hex::encode(&[a, b, c, d]).to_string()
}

fn bytes(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    hex::decode(text.as_bytes()).ok().filter(|bytes| 2 * bytes.len() == text.len())
}
