//! Whether a certificate that another CA made can be the server's: what vCenter demands of it is asked before it is taken.

use super::facts::{CertificateFacts, check_time, describe, parse};
use super::names::{is_local, names_of};
use super::pem::{Wanted, all_der};
use super::{Error, Slot, strength, to_pem};
use crate::tls;
use kmip::Timestamp;
use x509_parser::prelude::X509Certificate;

/// Why a certificate can't be the server's.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// A private key stands among the certificates.
    #[error(
        "this holds a private key: give the certificates alone, and the key, where it is a new one, by itself (--key)"
    )]
    PrivateKey,
    /// The key can't be read.
    #[error(
        "the private key can't be read: give it as PEM without a passphrase (`openssl pkey -in FILE -out plain.key` takes one off)"
    )]
    Key,
    /// Key and certificate don't belong together.
    #[error(
        "the certificate is for another key: have one made for the server's own (`keystead tls request`), or give its key too (--key)"
    )]
    OtherKey,
    /// A sort of key that is not for servers.
    #[error(
        "its key is {0}: vCenter takes RSA, and beside it this server has one certificate with ECDSA on P-256, P-384 or P-521"
    )]
    Algorithm(String),
    /// Not valid yet.
    #[error("it is valid from {0} on: stage it then, or set the clock right")]
    NotYet(String),
    /// A CA's.
    #[error("the first certificate is a CA's: the server's own comes first, then those that signed it")]
    Authority,
    /// A wildcard.
    #[error("it is for `{0}`, and vCenter takes no wildcards: have one made with the server's full name")]
    Wildcard(String),
    /// For somebody else.
    #[error("it has none of the server's names ({wanted}) among its subject alternative names ({found})")]
    Names {
        /// What the server is called.
        wanted: String,
        /// What it is for.
        found: String,
    },
    /// RSASSA-PSS or a broken digest.
    #[error(
        "{0} is signed with {1}, which vCenter does not take: have it signed with SHA-256 and RSA (PKCS#1 v1.5) or ECDSA"
    )]
    Signature(String, &'static str),
    /// Not for servers.
    #[error("its extended key usage does not allow TLS servers: have one made with serverAuth")]
    Usage,
    /// The chain has a gap.
    #[error("{0} did not sign the certificate before it: give the server's own first, then each one's issuer")]
    Chain(String),
    /// There is nothing to put in force.
    #[error("nothing is staged: `keystead tls renew` or `keystead tls stage` first")]
    NothingStaged,
}

/// Signature algorithms that vCenter refuses in a server's certificate, and their names.
const REFUSED: [(&str, &str); 4] = [
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.10045.4.1", "SHA-1"),
];

/// A chain that was looked at, but for its key.
pub(super) struct Judged {
    pub(super) slot: Slot,
    /// The server's own certificate, DER.
    pub(super) leaf: Vec<u8>,
    pub(super) chain_pem: String,
}

/// Reads a chain, PEM or DER, the server's own certificate first, for a server that is called `names`.
pub(super) fn judge(input: &[u8], names: &[String], now: Timestamp) -> Result<Judged, Error> {
    let chain = match all_der(input, Wanted::Certificate) {
        Err(Error::PrivateKey) => return Err(Unfit::PrivateKey.into()),
        chain => chain?.into_iter().collect::<Result<Vec<_>, _>>()?,
    };
    let parsed = chain.iter().map(|der| parse(der)).collect::<Result<Vec<_>, _>>()?;
    let (leaf, own) = chain.first().zip(parsed.first()).ok_or(Error::Empty)?;
    let slot = slot(own)?;
    check_dates(&describe(leaf, own), now)?;
    check_use(own)?;
    check_names(own, names)?;
    check_chain(&parsed)?;
    let chain_pem = chain.iter().map(|der| to_pem("CERTIFICATE", der).to_string()).collect();
    Ok(Judged { slot, leaf: leaf.clone(), chain_pem })
}

fn slot(own: &X509Certificate<'_>) -> Result<Slot, Error> {
    match strength::check(own.public_key())? {
        key if key.starts_with("RSA") => Ok(Slot::Rsa),
        key if key.starts_with("ECDSA") => Ok(Slot::Ecdsa),
        other => Err(Unfit::Algorithm(other).into()),
    }
}

fn check_dates(facts: &CertificateFacts, now: Timestamp) -> Result<(), Error> {
    check_time(facts, now)?;
    match facts.not_before > now.seconds() {
        true => Err(Unfit::NotYet(crate::api::rfc3339(facts.not_before)).into()),
        false => Ok(()),
    }
}

fn check_use(own: &X509Certificate<'_>) -> Result<(), Error> {
    if own.is_ca() {
        return Err(Unfit::Authority.into());
    }
    let usage = own.extended_key_usage().map_err(|_| Error::Damaged("certificate"))?;
    match usage.is_none_or(|usage| usage.value.any || usage.value.server_auth) {
        true => Ok(()),
        false => Err(Unfit::Usage.into()),
    }
}

/// That it is called `localhost` too is no help to vCenter.
fn check_names(own: &X509Certificate<'_>, names: &[String]) -> Result<(), Error> {
    let found = names_of(own);
    if let Some(wildcard) = found.iter().find(|name| name.contains('*')) {
        return Err(Unfit::Wildcard(wildcard.clone()).into());
    }
    let known = |found: &String| names.iter().any(|name| !is_local(name) && name.eq_ignore_ascii_case(found));
    match found.iter().any(known) {
        true => Ok(()),
        false => Err(Unfit::Names { wanted: names.join(", "), found: found.join(", ") }.into()),
    }
}

/// Whether `issuer` signed `certificate`.
fn signed(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let algorithms = tls::provider().signature_verification_algorithms.all;
    let (message, signature) = (certificate.tbs_certificate.as_ref(), &certificate.signature_value.data);
    certificate.issuer().as_raw() == issuer.subject().as_raw()
        && tls::verify_signature(issuer.public_key().raw, algorithms, message, signature)
}

fn check_chain(chain: &[X509Certificate<'_>]) -> Result<(), Error> {
    for (place, certificate) in chain.iter().enumerate() {
        let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
        if let Some((_, name)) = REFUSED.iter().find(|(oid, _)| *oid == algorithm)
            // How a root signed itself is nobody's concern.
            && (place == 0 || certificate.subject().as_raw() != certificate.issuer().as_raw())
        {
            return Err(Unfit::Signature(certificate.subject().to_string(), name).into());
        }
    }
    let gap = chain.iter().zip(chain.iter().skip(1)).find(|(one, next)| !signed(one, next));
    match gap {
        Some((_, next)) => Err(Unfit::Chain(next.subject().to_string()).into()),
        None => Ok(()),
    }
}
