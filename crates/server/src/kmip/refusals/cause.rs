//! From what the TLS library says to a [`Refusal`].
//!
//! Its errors are open sets, so each match ends in the least that is true: the handshake was malformed, or an alert came.

use super::Refusal;
use crate::tls::Offer;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};
use std::io;

/// What an error of the handshake comes to.
///
/// The library misses signature schemes first, which came with TLS 1.2, where a client speaks older versions alone; and groups, where it
/// offers none because none of its cipher suites wants one.
pub(in crate::kmip) fn cause(error: &io::Error, offer: &Offer) -> Refusal {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::PeerIncompatible(_)) if offer.is_too_old() => Refusal::Version,
        Some(Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon)) if offer.groups.is_empty() => {
            Refusal::Suites
        }
        Some(error) => of_tls(error),
        None => of_network(error.kind()),
    }
}

fn of_network(kind: io::ErrorKind) -> Refusal {
    match kind {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            Refusal::GoneWithin
        }
        // What the library gives without an error of its own: its buffer is full.
        io::ErrorKind::InvalidData => Refusal::TooLarge,
        _ => Refusal::Network,
    }
}

fn of_tls(error: &Error) -> Refusal {
    match error {
        Error::PeerIncompatible(lack) => of_lack(lack),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidCertificate(CertificateError::BadSignature)
        | Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)
        | Error::DecryptError => Refusal::ClientSignature,
        Error::InvalidCertificate(_) | Error::InvalidMessage(InvalidMessage::CertificatePayloadTooLarge) => {
            Refusal::ClientCertificate
        }
        Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::MessageTooLarge)
        | Error::PeerSentOversizedRecord => Refusal::TooLarge,
        Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => Refusal::Version,
        Error::General(_) | Error::FailedToGetRandomBytes | Error::FailedToGetCurrentTime => Refusal::Internal,
        _ => Refusal::Malformed,
    }
}

fn of_lack(lack: &PeerIncompatible) -> Refusal {
    match lack {
        PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::SupportedVersionsExtensionRequired => Refusal::Version,
        PeerIncompatible::NoCipherSuitesInCommon => Refusal::Suites,
        PeerIncompatible::NoKxGroupsInCommon
        | PeerIncompatible::NamedGroupsExtensionRequired
        | PeerIncompatible::KeyShareExtensionRequired => Refusal::Groups,
        PeerIncompatible::NoSignatureSchemesInCommon | PeerIncompatible::SignatureAlgorithmsExtensionRequired => {
            Refusal::Schemes
        }
        _ => Refusal::Incompatible,
    }
}

/// RFC 8446, 6.2.
fn of_alert(alert: AlertDescription) -> Refusal {
    match alert {
        AlertDescription::UnknownCA | AlertDescription::CertificateUnknown => Refusal::UnknownAuthority,
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::NoCertificate
        | AlertDescription::AccessDenied => Refusal::BadCertificate,
        AlertDescription::CertificateExpired => Refusal::Expired,
        AlertDescription::ProtocolVersion => Refusal::Version,
        AlertDescription::CloseNotify | AlertDescription::UserCanceled => Refusal::GoneWithin,
        _ => Refusal::ClientAlert,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_library_has_its_words() {
        let cases = [
            (PeerIncompatible::NoCipherSuitesInCommon.into(), Refusal::Suites),
            (PeerIncompatible::NoEcPointFormatsInCommon.into(), Refusal::Incompatible),
            (Error::AlertReceived(AlertDescription::UnknownCA), Refusal::UnknownAuthority),
            (Error::AlertReceived(AlertDescription::InternalError), Refusal::ClientAlert),
            (Error::InvalidCertificate(CertificateError::BadSignature), Refusal::ClientSignature),
            (Error::InvalidCertificate(CertificateError::BadEncoding), Refusal::ClientCertificate),
            (Error::General("x".into()), Refusal::Internal),
            (Error::DecryptError, Refusal::ClientSignature),
        ];
        for (error, expected) in cases {
            assert_eq!(of_tls(&error), expected, "{error:?}");
        }
    }
}
