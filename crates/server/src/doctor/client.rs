//! The client certificate that vCenter would show, before it is shown: its dates and its key.
//!
//! The invariant: only what no server can take is a failure. Whether *this* server takes the certificate is seen when it is shown.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

use super::certificate::{DAY, LEAST_RSA_BITS};
use super::names::CLIENT_DATES;
use super::report::Report;
use crate::api::rfc3339;

/// vCenter's client certificates are renewed by hand: time to do so.
const SOON: i64 = 30 * DAY;

/// Judges the DER of the client certificate.
pub(super) fn judge(der: &[u8], now: i64, report: &mut Report) {
    const NAME: &str = "Client certificate";
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return report
            .noted(NAME, "it fits its key, and can't be read any further: a server that lists it may take it");
    };
    report.passed(NAME, format!("{}; the private key fits", certificate.subject()));
    dates(&certificate, now, report);
    strength(&certificate, report);
}

fn dates(certificate: &X509Certificate<'_>, now: i64, report: &mut Report) {
    const ASK: &str = "vCenter goes on showing the certificate, with an alarm; a server that judges dates hangs up, and the key server is \
         \"Not connected\". The steps below say what this server does";
    const RENEW: &str =
        "an alarm that the certificate will expire; make a new one and let the server trust both in between";
    let (from, until) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let end = rfc3339(until);
    if now < from {
        let detail = format!("valid from {} on only: a clock is wrong, here or where it was made", rfc3339(from));
        report.warning(CLIENT_DATES, detail, ASK);
    } else if now > until {
        report.warning(CLIENT_DATES, format!("expired at {end}"), ASK);
    } else if now > until - SOON {
        report.warning(CLIENT_DATES, format!("expires at {end}"), RENEW);
    } else {
        report.passed(CLIENT_DATES, format!("until {end}"));
    }
}

fn strength(certificate: &X509Certificate<'_>, report: &mut Report) {
    const NAME: &str = "Client certificate key";
    const WEAK: &str = "the key server is \"Not connected\": servers end the handshake of so short a key";
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() < LEAST_RSA_BITS => {
            report.failed_check(NAME, format!("RSA {} is too short", key.key_size()), WEAK)
        }
        Ok(PublicKey::RSA(key)) => report.passed(NAME, format!("RSA {}", key.key_size())),
        Ok(PublicKey::EC(key)) => report.passed(NAME, format!("ECDSA {}", key.key_size())),
        _ => report.noted(NAME, "neither RSA nor ECDSA, the two that vCenter makes"),
    }
}
