//! Hexadecimal text, for keys: it leaves no copies of what it converts, and has no tables that secrets would be indices of.

use zeroize::Zeroizing;

/// The bytes in lower case.
pub(crate) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    text
}

/// The bytes that pairs of digits stand for, or the place (from 0) of what is none. An odd last digit is left out.
pub(crate) fn decode(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for (index, pair) in text.chunks_exact(2).enumerate() {
        let high = value(pair[0]).ok_or(2 * index)?;
        let low = value(pair[1]).ok_or(2 * index + 1)?;
        bytes.push(high << 4 | low);
    }
    Ok(bytes)
}

fn digit(value: u8) -> char {
    char::from(if value < 10 { b'0' + value } else { b'a' - 10 + value })
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
