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

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::{FromDer, X509Certificate};

    fn certificate() -> Vec<u8> {
        let made = rcgen::generate_simple_self_signed(["kms.example.com".to_owned()]).unwrap();
        made.cert.der().to_vec()
    }

    #[test]
    fn the_key_is_what_a_whole_parser_finds() {
        let der = certificate();
        let (_, parsed) = X509Certificate::from_der(&der).unwrap();
        assert_eq!(subject_public_key_info(&der), Some(parsed.public_key().raw));
    }

    #[test]
    fn what_is_cut_off_or_followed_by_more_has_no_key() {
        let der = certificate();
        for end in 0..der.len() {
            assert_eq!(subject_public_key_info(&der[..end]), None, "cut off at {end}");
        }
        assert_eq!(subject_public_key_info(&[&der[..], &[0]].concat()), None);
    }

    /// Whatever stands at any place, the walk ends, within the certificate.
    #[test]
    fn no_byte_leads_out_of_the_certificate() {
        let der = certificate();
        for at in 0..der.len() {
            for byte in [0x00, 0x01, 0x1f, 0x30, 0x7f, 0x80, 0x81, 0x84, 0x85, 0xa0, 0xff] {
                let mut changed = der.clone();
                changed[at] = byte;
                if let Some(spki) = subject_public_key_info(&changed) {
                    assert!(changed.windows(spki.len()).any(|window| window == spki));
                }
            }
        }
    }
}
