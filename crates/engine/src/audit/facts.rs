//! The facts of events, as tables: severities, and the HTTP statuses that say what KMIP's result reasons do.
//!
//! The invariant: **they are IBM's** (Key Protect: "Activity tracking events"), where IBM has them: the key manager's events have the
//! same.

use kmip::enums::ResultReason;
use serde::Serialize;

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Normal,
    Warning,
    Critical,
}

/// The status of what was asked for in a way that can't be.
const REFUSED: u16 = 400;

/// Result reasons that are no 400.
const STATUSES: &[(ResultReason, u16)] = &[
    (ResultReason::ItemNotFound, 404),
    (ResultReason::ObjectArchived, 409),
    (ResultReason::ObjectAlreadyExists, 409),
    (ResultReason::ResponseTooLarge, 413),
    (ResultReason::AuthenticationNotSuccessful, 401),
    (ResultReason::PermissionDenied, 403),
    (ResultReason::Sensitive, 403),
    (ResultReason::NotExtractable, 403),
    (ResultReason::GeneralFailure, 500),
    (ResultReason::CryptographicFailure, 500),
];

/// The HTTP status (RFC 9110) that says the same as a result reason.
pub(crate) fn status(reason: ResultReason) -> u16 {
    STATUSES.iter().find(|(known, _)| *known == reason).map_or(REFUSED, |(_, status)| *status)
}

/// What succeeded, in the words of RFC 9110.
pub(crate) fn status_text(status: u16) -> &'static str {
    if status == 201 { "Created" } else { "OK" }
}

/// The worse of the action's severity and the status's.
pub(crate) fn severity(action: &str, status: u16) -> Severity {
    let of_action = match action {
        "kms.secrets.delete" | "kms.kmip.destroy" => Severity::Critical,
        "kms.secrets.restore" | "kms.kmip.revoke" => Severity::Warning,
        _ => Severity::Normal,
    };
    let of_status = match status {
        401 | 403 | 503 | 507 => Severity::Critical,
        400 | 409 | 424 | 502 | 504 | 505 => Severity::Warning,
        _ => Severity::Normal,
    };
    of_action.max(of_status)
}

/// IAM's sorts of principals; whatever has no IAM id is a part of this server, or was not recognised.
pub(crate) fn initiator_type(id: &str) -> &'static str {
    match id {
        "" => "service/security/account/unknown",
        id if id.starts_with("iam-ServiceId-") => "service/security/account/serviceid",
        id if id.starts_with("ApiKey-") => "service/security/account/apikey",
        id if id.starts_with("CertificateID-") => "service/security/account/certificate",
        _ => "service/security/account/service",
    }
}
