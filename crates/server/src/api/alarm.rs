//! Alarms: what an operator should look into.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;

/// Something to look into: a certificate that is about to expire, or what else went wrong or may.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Alarm {
    /// `server`, `server-staged`, `server-ca`, `client` or `client-ca` for a certificate; another word for other things.
    pub kind: String,
    /// `warning` or `error`.
    pub severity: String,
    /// What, and when, in a sentence.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// Since when it stands, where it is not about a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Which client, key or part of the server it is about, where it is not about a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Of a certificate: whole days until it expires; negative afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// The threshold that it crossed: 90, 30, 14, 7, 1, or 0 once it has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold_days: Option<i64>,
    /// The end of its validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// The subject's distinguished name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// SHA-256 of the DER in lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The instance that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The adapter's name, where it is on its list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The entry's name, where it is on a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Resource for Alarm {
    const TYPE: &'static str = "application/vnd.keystead.alarm+json";
}
