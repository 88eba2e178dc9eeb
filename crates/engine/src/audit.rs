//! Audit events: who asked for what, from where, with which outcome.
//!
//! The invariant: one event a batch item, refused ones too, and never a byte of material in it.

use std::net::IpAddr;

use kmip::Timestamp;
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// An event in the form of CADF (DSP0262), as IBM's activity events have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    /// When, in RFC 3339.
    pub event_time: String,
    /// What, by IBM's names.
    pub action: &'a str,
    /// `success` or `failure`.
    pub outcome: &'a str,
    /// Who.
    pub initiator: Initiator<'a>,
    /// To what.
    pub target: Target<'a>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason<'a>>,
    /// What else is to be said, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'a str>,
    /// What ties the request's answer, log lines and events together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<&'a str>,
}

/// Who did it.
#[derive(Serialize)]
pub struct Initiator<'a> {
    /// `CertificateID-<fingerprint>` of a KMIP client, or a principal's identifier.
    pub id: &'a str,
    /// Where from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
}

/// Where from.
#[derive(Serialize)]
pub struct Host {
    /// The peer's address.
    pub address: IpAddr,
}

/// To what it was done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target<'a> {
    /// The object's Unique Identifier, or what else it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// Its name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// The sort of target.
    #[serde(rename = "typeURI")]
    pub type_uri: &'a str,
    /// The adapter.
    pub adapter: Uuid,
    /// The instance.
    pub instance: Uuid,
    /// The KMIP operation, in the specification's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<&'a str>,
}

/// Why it was refused.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason<'a> {
    /// The KMIP result reason, in the specification's words.
    pub reason_type: &'a str,
}

impl Event<'_> {
    /// The event as it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A point in time in RFC 3339, UTC, with milliseconds.
pub fn rfc3339(now: Timestamp) -> String {
    let nanoseconds = i128::from(now.millis()) * 1_000_000;
    let time = time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}
