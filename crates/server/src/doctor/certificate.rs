//! What vSphere asks of a key server's certificate: RSA of 2048 bits or more, SHA-2, no wildcard, no RSASSA-PSS, a name that fits,
//! and not expired.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::{
    OID_PKCS1_RSASSAPSS, OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA,
    OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512, Oid,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

use super::names::{CHAIN, DATES, SERVER_CERTIFICATE};
use super::report::Report;
use super::tls::{Shown, Target};
use crate::api::rfc3339;

/// In seconds.
pub(super) const DAY: i64 = 24 * 60 * 60;
/// vCenter raises its own certificate alarms this long before the end.
const SOON: i64 = 90 * DAY;
/// What VMware asks for.
pub(super) const LEAST_RSA_BITS: usize = 2048;

const REFUSED: &str = "\"Make vCenter Trust KMS\" or ESXi may refuse this certificate";

/// Judges the certificate that the server showed.
pub(super) fn judge(shown: &Shown, target: &Target, now: i64, report: &mut Report) {
    let Some(certificate) = shown.chain.first() else {
        return report.failed_check(SERVER_CERTIFICATE, "none was shown", "\"Make vCenter Trust KMS\" can't fetch it");
    };
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return report.failed_check(SERVER_CERTIFICATE, "it can't be read", "\"Make vCenter Trust KMS\" can't show it");
    };
    report.passed(SERVER_CERTIFICATE, format!("{} by {}", certificate.subject(), certificate.issuer()));
    report.facts.certificate_issuer = Some(certificate.issuer().to_string());
    validity(&certificate, now, report);
    public_key(&certificate, report);
    signature(&certificate, report);
    names(&certificate, &target.host, report);
    trust(shown, report);
}

/// Whether the DER is that of a certificate with an RSA key.
pub(super) fn is_rsa(der: &[u8]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    matches!(certificate.public_key().parsed(), Ok(PublicKey::RSA(_)))
}

fn validity(certificate: &X509Certificate<'_>, now: i64, report: &mut Report) {
    let (from, until) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let end = rfc3339(until);
    if now < from {
        let detail = format!("valid from {} on only: a clock is wrong, here or where it was made", rfc3339(from));
        report.failed_check(DATES, detail, "the key server's certificate status is not valid");
    } else if now > until {
        report.failed_check(DATES, format!("expired at {end}"), "the key server's certificate status is \"Expired\"");
    } else if now > until - SOON {
        report.warning(
            DATES,
            format!("expires at {end}"),
            "an alarm that the key server's certificate will expire soon",
        );
    } else {
        report.passed(DATES, format!("until {end}"));
    }
}

fn public_key(certificate: &X509Certificate<'_>, report: &mut Report) {
    const NAME: &str = "Certificate key";
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() >= LEAST_RSA_BITS => {
            report.passed(NAME, format!("RSA {}", key.key_size()))
        }
        Ok(PublicKey::RSA(key)) => report.failed_check(NAME, format!("RSA {} is too short", key.key_size()), REFUSED),
        _ => report.warning(NAME, "not RSA: VMware asks for RSA of 2048 bits or more", REFUSED),
    }
}

fn signature(certificate: &X509Certificate<'_>, report: &mut Report) {
    const NAME: &str = "Certificate signature";
    let algorithm = &certificate.signature_algorithm.algorithm;
    let sha2: [(Oid<'_>, &str); 6] = [
        (OID_PKCS1_SHA256WITHRSA, "RSA with SHA-256"),
        (OID_PKCS1_SHA384WITHRSA, "RSA with SHA-384"),
        (OID_PKCS1_SHA512WITHRSA, "RSA with SHA-512"),
        (OID_SIG_ECDSA_WITH_SHA256, "ECDSA with SHA-256"),
        (OID_SIG_ECDSA_WITH_SHA384, "ECDSA with SHA-384"),
        (OID_SIG_ECDSA_WITH_SHA512, "ECDSA with SHA-512"),
    ];
    match sha2.iter().find(|(oid, _)| oid == algorithm) {
        Some((_, name)) => report.passed(NAME, name),
        None if *algorithm == OID_PKCS1_RSASSAPSS => {
            report.failed_check(NAME, "RSASSA-PSS is not supported by vSphere", REFUSED)
        }
        None => report.failed_check(NAME, format!("{algorithm} is not RSA or ECDSA with SHA-2"), REFUSED),
    }
}

fn names(certificate: &X509Certificate<'_>, host: &str, report: &mut Report) {
    const NAME: &str = "Certificate names";
    const MISMATCH: &str = "vCenter trusts the certificate itself, so it connects; other KMIP clients may refuse";
    let extension = certificate.subject_alternative_name().ok().flatten();
    let names: Vec<_> = extension.iter().flat_map(|names| &names.value.general_names).filter_map(text).collect();
    let list = names.join(", ");
    if names.iter().any(|name| name.contains('*')) {
        report.failed_check(NAME, format!("{list}: vSphere takes no wildcards"), REFUSED);
    } else if names.iter().any(|name| name.eq_ignore_ascii_case(host)) {
        report.passed(NAME, list);
    } else if names.is_empty() {
        report.warning(NAME, format!("it bears no subject alternative name, so not {host}"), MISMATCH);
    } else {
        report.warning(NAME, format!("{list}: {host} is not among them"), MISMATCH);
    }
}

/// Names as an administrator types them.
fn text(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name {
        return Some((*name).to_owned());
    }
    let GeneralName::IPAddress(bytes) = name else { return None };
    let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from).ok();
    v4.or_else(|| <[u8; 16]>::try_from(*bytes).map(IpAddr::from).ok()).map(|address| address.to_string())
}

fn trust(shown: &Shown, report: &mut Report) {
    match &shown.trusted {
        None => {}
        Some(Ok(())) => report.passed(CHAIN, "leads to the given CA"),
        Some(Err(error)) => report.failed_check(
            CHAIN,
            format!("does not lead to the given CA: {error}"),
            "the key server's status is not \"Trusted\" where its CA was uploaded instead of its certificate",
        ),
    }
}
