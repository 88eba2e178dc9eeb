//! What a certificate says of itself, and whether it may be put on a list.

use super::pem::{Wanted, all_der, single_der};
use super::{Error, strength};
use crate::tls;
use kmip::Timestamp;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What a certificate says of itself. Nothing of this decides who may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The SHA-256 of the DER.
    pub fingerprint: [u8; 32],
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The serial number, hexadecimal bytes with colons between them.
    pub serial: String,
    /// The start of its validity, in seconds since the Unix epoch.
    pub not_before: i64,
    /// The end of its validity, in seconds since the Unix epoch.
    pub not_after: i64,
    /// Algorithm and size of its public key, such as `RSA 2048`.
    pub public_key: String,
}

/// A certificate that may be put on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate.
    pub der: Vec<u8>,
    /// What it says of itself.
    pub facts: CertificateFacts,
}

/// Reads what an administrator gives as a client's certificate, PEM or DER, and checks that a handshake with it can be verified.
/// Chain, dates and extensions are not looked at: the certificate itself is the identity.
///
/// # Errors
/// What is wrong with it, in words for the administrator.
pub fn check_client_certificate(input: &[u8]) -> Result<ClientCertificate, Error> {
    usable(single_der(input, Wanted::Certificate)?)
}

/// Reads one or several client certificates: PEM with anything around and between, DER, or bare Base64. Each is checked as by
/// [`check_client_certificate`], and all are taken or none; what is there twice is taken once.
///
/// # Errors
/// What is wrong; where there are several, [`Error::Nth`] says with which.
pub fn client_certificates(input: &[u8]) -> Result<Vec<ClientCertificate>, Error> {
    let all = all_der(input, Wanted::Certificate)?;
    let several = all.len() > 1;
    let mut taken: Vec<ClientCertificate> = Vec::new();
    for (index, der) in all.into_iter().enumerate() {
        let certificate = der.map_err(|reason| (String::new(), reason)).and_then(|der| {
            let subject = facts(&der).map(|facts| facts.subject).unwrap_or_default();
            usable(der).map_err(|reason| (subject, reason))
        });
        let certificate = certificate.map_err(|(subject, reason)| match several {
            true => Error::Nth { number: index + 1, subject, reason: Box::new(reason) },
            false => reason,
        })?;
        if !taken.contains(&certificate) {
            taken.push(certificate);
        }
    }
    Ok(taken)
}

/// Reads the certificate of a CA that shall vouch for clients, PEM or DER.
///
/// # Errors
/// What is wrong with it, in words for the administrator; see [`check_authority`].
pub fn check_authority_certificate(input: &[u8], now: Timestamp) -> Result<ClientCertificate, Error> {
    let certificate = check_client_certificate(input)?;
    check_authority(&certificate, now)?;
    Ok(certificate)
}

/// Checks that a certificate may vouch for others (RFC 5280, 4.2.1.3 and 4.2.1.9): it is a CA's, its key may sign certificates, and
/// its time is not over.
///
/// # Errors
/// [`Error::NotAnAuthority`], [`Error::AuthorityUsage`], [`Error::Expired`].
pub fn check_authority(certificate: &ClientCertificate, now: Timestamp) -> Result<(), Error> {
    let parsed = parse(&certificate.der)?;
    if !parsed.basic_constraints().ok().flatten().is_some_and(|constraints| constraints.value.ca) {
        return Err(Error::NotAnAuthority);
    }
    let usage = parsed.key_usage().map_err(|_| Error::Damaged("certificate"))?;
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(Error::AuthorityUsage);
    }
    check_time(&certificate.facts, now)
}

/// Whether its time is not over.
pub(super) fn check_time(facts: &CertificateFacts, now: Timestamp) -> Result<(), Error> {
    match facts.not_after < now.seconds() {
        true => Err(Error::Expired(crate::api::rfc3339(facts.not_after))),
        false => Ok(()),
    }
}

fn usable(der: Vec<u8>) -> Result<ClientCertificate, Error> {
    let certificate = parse(&der)?;
    strength::check(certificate.public_key())?;
    tls::subject_public_key_info(&der).ok_or(Error::Damaged("certificate"))?;
    let facts = describe(&der, &certificate);
    Ok(ClientCertificate { der, facts })
}

/// What the certificate `der` says of itself, whatever its key.
///
/// # Errors
/// [`Error::Damaged`] where it can't be read.
pub fn facts(der: &[u8]) -> Result<CertificateFacts, Error> {
    Ok(describe(der, &parse(der)?))
}

pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Error> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Error::Damaged("certificate")),
    }
}

pub(super) fn describe(der: &[u8], certificate: &X509Certificate<'_>) -> CertificateFacts {
    CertificateFacts {
        fingerprint: tls::fingerprint(der),
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        serial: certificate.raw_serial_as_string(),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        public_key: strength::describe(certificate.public_key()),
    }
}

/// Bytes as upper-case hexadecimal digits, two by two with colons between: a fingerprint as vCenter shows it.
pub fn with_colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// Bytes as lower-case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that hexadecimal digits say; none where they are not that.
pub fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let byte = |pair: &[u8]| if let [high, low] = pair { Some(high << 4 | low) } else { None };
    digits.chunks(2).map(byte).collect()
}
