//! The facts of events, as tables: severities, the sorts of targets and of initiators, the words for statuses.
//!
//! The invariant: **they are IBM's** (Key Protect: "Activity tracking events"), where IBM has them.

use super::Outcome;
use crate::Action;
use serde::Serialize;

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Normal,
    Warning,
    Critical,
}

/// A severity is the worse of the action's and the status's.
pub(super) fn severity(action: Action, outcome: Outcome) -> Severity {
    let of_action = match action.event() {
        "kms.secrets.delete" | "kms.registrations.delete" | "keystead.erasure.create" => Severity::Critical,
        "kms.secrets.rotate"
        | "kms.secrets.restore"
        | "kms.secrets.enable"
        | "kms.secrets.disable"
        | "kms.secrets.setkeyfordeletion"
        | "kms.secrets.unsetkeyfordeletion"
        | "kms.policies.write"
        | "kms.instance-policies.write" => Severity::Warning,
        _ => Severity::Normal,
    };
    let of_status = match outcome.status {
        401 | 403 | 503 | 507 => Severity::Critical,
        400 | 409 | 424 | 502 | 504 | 505 => Severity::Warning,
        _ => Severity::Normal,
    };
    of_action.max(of_status)
}

/// RFC 9110, section 15; RFC 6585.
pub(super) fn status_text(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        507 => "Insufficient Storage",
        _ => "",
    }
}

/// IAM's sorts of principals; whatever has no IAM id is a part of this server, or was not recognised.
pub(super) fn initiator_type(id: &str) -> &'static str {
    match id {
        "" => "service/security/account/unknown",
        id if id.starts_with("iam-ServiceId-") => "service/security/account/serviceid",
        id if id.starts_with("ApiKey-") => "service/security/account/apikey",
        id if id.starts_with("CertificateID-") => "service/security/account/certificate",
        _ => "service/security/account/service",
    }
}

/// The sort of resource that an action is about, as CRNs name it; empty for an instance.
pub(super) fn kind(action: Action) -> &'static str {
    match action {
        Action::HeadKeys
        | Action::ListKeys
        | Action::ReadKeyMetadata
        | Action::ListKeyVersions
        | Action::ReadKey
        | Action::CreateKey
        | Action::CreateKeyWithOverrides
        | Action::PatchKey
        | Action::DeleteKey
        | Action::RestoreKey
        | Action::PurgeKey
        | Action::AskForErasure
        | Action::ReadErasure
        | Action::ForgoErasure
        | Action::ExpireKey
        | Action::WrapKey
        | Action::UnwrapKey
        | Action::RewrapKey
        | Action::RotateKey
        | Action::EnableKey
        | Action::DisableKey
        | Action::SetKeyForDeletion
        | Action::UnsetKeyForDeletion
        | Action::SyncKey
        | Action::ReadKeyPolicies
        | Action::WriteKeyPolicies
        | Action::ListRegistrations
        | Action::CreateAlias
        | Action::DeleteAlias => "key",
        Action::ReadRotation
        | Action::ListRotations
        | Action::FinishRotation
        | Action::ListVersionUse
        | Action::RetireKeyVersion
        | Action::UnretireKeyVersion
        | Action::EraseKeyVersion
        | Action::ReadImpact => "key",
        Action::ListKeyRings | Action::CreateKeyRing | Action::DeleteKeyRing => "key-ring",
        Action::ListAdapters
        | Action::CreateAdapter
        | Action::ReadAdapter
        | Action::UpdateAdapter
        | Action::DeleteAdapter => "kmip-adapter",
        Action::ListCertificates | Action::AddCertificate | Action::ReadCertificate | Action::DeleteCertificate => {
            "kmip-client-certificate"
        }
        Action::ListKmipObjects | Action::ReadKmipObject | Action::DeleteKmipObject | Action::ReactivateKmipObject => {
            "kmip-object"
        }
        Action::QuarantineKmipObject | Action::ReleaseKmipObject => "kmip-object",
        Action::ReadServerCertificate | Action::UpdateServerCertificate => "server-certificate",
        Action::ListDestructions | Action::ReadDestruction => "destruction",
        Action::ListAuditEvents | Action::ReadAuditState => "audit",
        Action::ReadBackups | Action::CreateBackup | Action::UpdateRecoveryKey => "backup",
        Action::ListServiceIds | Action::ReadServiceId | Action::CreateServiceId | Action::DeleteServiceId => {
            "serviceid"
        }
        Action::ListApiKeys | Action::ReadApiKey | Action::CreateApiKey | Action::DeleteApiKey => "apikey",
        Action::ListGrants | Action::CreateGrant | Action::DeleteGrant => "policy",
        Action::ListAuthorizations | Action::CreateAuthorization | Action::DeleteAuthorization => "authorization",
        Action::ReadInstancePolicies
        | Action::WriteInstancePolicies
        | Action::ReadAllowedIpPort
        | Action::CreateImportToken
        | Action::ReadImportToken
        | Action::ListInstances
        | Action::ReadInstance
        | Action::CreateInstance
        | Action::UpdateInstance
        | Action::DeleteInstance
        | Action::ReadMetrics
        | Action::ReadInstallationMetrics
        | Action::ReadSigningKey
        | Action::ChangeMasterKey
        | Action::ReadRoles => "",
    }
}
