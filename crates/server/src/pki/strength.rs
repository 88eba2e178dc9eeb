//! Which public keys are taken. A weak key would fail in the handshake too, but with an error that misleads.

use super::Error;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
const ED25519: &str = "1.3.101.112";
const CURVES: [(&str, &str); 3] =
    [("1.2.840.10045.3.1.7", "ECDSA P-256"), ("1.3.132.0.34", "ECDSA P-384"), ("1.3.132.0.35", "ECDSA P-521")];

/// The algorithm and size of a key in words such as `RSA 2048`.
///
/// # Errors
/// [`Error::Weak`], [`Error::Long`] or [`Error::Algorithm`] where a handshake could not be verified with it.
pub(super) fn check(key: &SubjectPublicKeyInfo<'_>) -> Result<String, Error> {
    match (key.algorithm.algorithm.to_id_string().as_str(), key.parsed()) {
        (RSA, Ok(PublicKey::RSA(rsa))) => rsa_bits(rsa.modulus),
        (EC, _) => curve(key),
        (ED25519, _) => Ok("Ed25519".into()),
        (other, _) => Err(Error::Algorithm(other.into())),
    }
}

/// As [`check`], for keys that are on a list already: those that would not be taken today are described all the same.
pub(super) fn describe(key: &SubjectPublicKeyInfo<'_>) -> String {
    match check(key) {
        Ok(words) => words,
        Err(Error::Weak(bits) | Error::Long(bits)) => format!("RSA {bits}"),
        Err(_) => key.algorithm.algorithm.to_id_string(),
    }
}

fn rsa_bits(modulus: &[u8]) -> Result<String, Error> {
    let significant = modulus.iter().position(|byte| *byte != 0).map_or(&[][..], |start| &modulus[start..]);
    let bits = significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize);
    match bits {
        bits if bits < *RSA_BITS.start() => Err(Error::Weak(bits)),
        bits if bits > *RSA_BITS.end() => Err(Error::Long(bits)),
        bits => Ok(format!("RSA {bits}")),
    }
}

fn curve(key: &SubjectPublicKeyInfo<'_>) -> Result<String, Error> {
    let parameters = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    let curve = parameters.map_or_else(|| EC.to_owned(), |oid| oid.to_id_string());
    let known = CURVES.iter().find(|(oid, _)| curve == *oid);
    known.map(|(_, words)| (*words).to_owned()).ok_or(Error::Algorithm(curve))
}
