//! What a piece of DER is, by its first bytes: enough to tell an administrator what they brought instead of a certificate.

use super::Error;

/// 1.2.840.113549.1.7.2, with its tag and length.
const SIGNED_DATA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// Whether a structure of DER or BER begins here, rather than text, which may begin with the same byte, a `0`.
pub(super) fn is_binary(input: &[u8]) -> bool {
    match input {
        [0x30, 0x80..=0x84, ..] => true,
        [0x30, ..] => std::str::from_utf8(input).is_err(),
        _ => false,
    }
}

/// Refuses what is known to be something else than a certificate or a request.
pub(super) fn refuse_others(der: &[u8]) -> Result<(), Error> {
    match content(der) {
        body if body.starts_with(&SIGNED_DATA) => Err(Error::Pkcs7),
        // PFX (RFC 7292, 4): version 3, then what is sealed.
        [0x02, 0x01, 0x03, 0x30, ..] => Err(Error::Pkcs12),
        // PKCS#8, PKCS#1 and SEC 1: version 0 or 1, then an algorithm, a number or a string.
        [0x02, 0x01, 0x00 | 0x01, 0x30 | 0x02 | 0x04, ..] => Err(Error::PrivateKey),
        // Encrypted PKCS#8: an algorithm comes first.
        [0x30, 0x00..=0x7f, 0x06, ..] => Err(Error::PrivateKey),
        _ => Ok(()),
    }
}

/// What follows the outermost tag and length (X.690, 8.1.3).
fn content(der: &[u8]) -> &[u8] {
    match der {
        [0x30, 0x00..=0x80, rest @ ..] => rest,
        [0x30, 0x81, _, rest @ ..] => rest,
        [0x30, 0x82, _, _, rest @ ..] => rest,
        [0x30, 0x83, _, _, _, rest @ ..] => rest,
        [0x30, 0x84, _, _, _, _, rest @ ..] => rest,
        _ => &[],
    }
}
