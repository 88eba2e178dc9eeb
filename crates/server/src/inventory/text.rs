//! Bytes to text: UTF-8, or UTF-16 as Windows PowerShell writes it.
//!
//! The invariant: no byte is guessed; what is no text is an error.

use super::Error;

pub(super) fn decode(bytes: &[u8]) -> Result<String, Error> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf_8(rest),
        bytes => utf_8(bytes),
    }
}

fn utf_8(bytes: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::NotText)?;
    // UTF-16 without a mark would be taken for text with NULs in it.
    if text.contains('\0') { Err(Error::NotText) } else { Ok(text.to_owned()) }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text = String::from_utf16(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>());
    text.ok().filter(|_| rest.is_empty()).ok_or(Error::NotText)
}
