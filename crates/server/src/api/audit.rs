//! The audit: events, signed heads, the sinks that hand them on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;

/// An event of the audit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditEvent {
    /// The record's own identifier: the same wherever it is handed on to.
    pub id: String,
    /// The event, in the form of CADF as IBM's activity events have it.
    #[schema(value_type = Object)]
    pub event: serde_json::Value,
}

/// A signed statement of where the audit's journal stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditHead {
    /// Whose journal it is: the node's identifier.
    pub node: String,
    /// The segment.
    pub segment: u64,
    /// Records in it, before the head's own.
    pub records: u64,
    /// The digest that all records up to there lead to, SHA-256, in hexadecimal.
    pub digest: String,
    /// When it was signed, in RFC 3339.
    pub time: String,
    /// Ed25519 over `keystead audit head 1`, a NUL, and the fields above with a line feed after each; in base64.
    pub signature: String,
}

/// The public key that heads are verified with.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditKey {
    /// Ed25519, as a PEM file.
    pub public_key: String,
}

/// A sink that hands the audit on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditSink {
    /// `file`, `syslog` or `otlp`.
    pub name: String,
    /// Where to.
    pub destination: String,
    /// `ok`, `behind`, `failing`.
    pub state: String,
    /// Records that it does not have yet; where there are very many, at least so many.
    pub lag_records: u64,
    /// How old the oldest of them is, in seconds.
    pub lag_seconds: u64,
    /// Whether it lags more than a minute: somebody should look.
    pub alarm: bool,
    /// Whether answers wait for it.
    pub required: bool,
    /// Answers that left without it although they should wait for it, since the start.
    pub passed_over: u64,
    /// Records that were handed on since the start.
    pub delivered: u64,
    /// What went wrong last, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_error: Option<String>,
    /// When, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_error_at: Option<String>,
}

impl Resource for AuditEvent {
    const TYPE: &'static str = "application/vnd.keystead.audit-event+json";
}

impl Resource for AuditHead {
    const TYPE: &'static str = "application/vnd.keystead.audit-head+json";
}

impl Resource for AuditKey {
    const TYPE: &'static str = "application/vnd.keystead.audit-key+json";
}

impl Resource for AuditSink {
    const TYPE: &'static str = "application/vnd.keystead.audit-sink+json";
}
