//! What a certificate says of itself, and whether it may be put on a list.

use super::pem::{Wanted, single_der};
use super::{Error, strength};
use crate::tls;
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
    let der = single_der(input, Wanted::Certificate)?;
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

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Error> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Error::Damaged("certificate")),
    }
}

fn describe(der: &[u8], certificate: &X509Certificate<'_>) -> CertificateFacts {
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

/// Bytes as lower-case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
