//! The public key of a certificate, cut out without reading the rest of it.
//!
//! Certificates of vCenter's making are version 1, or call themselves a CA, or bear extensions that a strict parser stops at. What the
//! handshake needs is the key alone, so that is all that is read (RFC 5280, 4.1: `SubjectPublicKeyInfo`).

use rustls_pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};

const SEQUENCE: u8 = 0x30;
const EXPLICIT_VERSION: u8 = 0xa0;

/// The DER of the `SubjectPublicKeyInfo` within a certificate's DER, or none where the structure is not a certificate's.
pub fn subject_public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    let (whole, rest) = element(certificate)?;
    if !rest.is_empty() || whole.tag != SEQUENCE {
        return None;
    }
    let (tbs, _) = element(whole.content)?;
    let (first, after) = element(tbs.content)?;
    // Version 1 certificates have no version field: the serial number comes first.
    let mut rest = if first.tag == EXPLICIT_VERSION { skip(after)? } else { after };
    for _signature_issuer_validity_subject in 0..4 {
        rest = skip(rest)?;
    }
    let (spki, _) = element(rest)?;
    (tbs.tag == SEQUENCE && spki.tag == SEQUENCE).then_some(spki.whole)
}

/// Whether `signature` over `message` verifies under the key `spki` by one of `algorithms`.
pub fn verify_signature(
    spki: &[u8],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let der = SubjectPublicKeyInfoDer::from(spki);
    let Ok(key) = webpki::RawPublicKeyEntity::try_from(&der) else { return false };
    algorithms.iter().any(|algorithm| key.verify_signature(*algorithm, message, signature).is_ok())
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

fn skip(input: &[u8]) -> Option<&[u8]> {
    element(input).map(|(_, rest)| rest)
}

/// The first element of `input`, and what follows it. Tags of more than one byte don't occur in what is walked here.
fn element(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (length, rest) = length(rest)?;
    let header = input.len() - rest.len();
    let (content, after) = rest.split_at_checked(length)?;
    Some((Element { tag, content, whole: input.get(..header + length)? }, after))
}

/// A DER length: below 128 in one byte, else up to four bytes that follow their count (X.690, 8.1.3).
fn length(input: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = input.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return None;
    }
    let (bytes, rest) = rest.split_at_checked(count)?;
    Some((bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest))
}
