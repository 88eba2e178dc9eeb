//! Audit events: one JSON object for each change, in the fields of Key Protect's events (CADF), in the change's own batch.

use kmip::Timestamp;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// Who does something, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What identifies them: an API key's id, a client certificate's fingerprint, or the name of a part of the server.
    pub id: String,
}

impl Actor {
    /// An actor.
    pub fn new(id: impl Into<String>) -> Self {
        Actor { id: id.into() }
    }
}

/// Whom something was done by, and when.
#[derive(Clone, Copy)]
pub(crate) struct Occasion<'a> {
    pub(crate) by: &'a Actor,
    pub(crate) now: Timestamp,
}

/// What something was done to.
pub(crate) struct Target<'a> {
    pub(crate) instance: Uuid,
    pub(crate) id: Uuid,
    pub(crate) name: &'a str,
}

/// The event of a change that was made.
pub(crate) fn event(action: &str, target: &Target<'_>, on: Occasion<'_>) -> Vec<u8> {
    json!({
        "eventTime": rfc3339(on.now),
        "action": action,
        "outcome": "success",
        "initiator": { "id": on.by.id },
        "target": { "id": target.id, "name": target.name },
        "requestData": { "instanceID": target.instance },
    })
    .to_string()
    .into_bytes()
}

/// The calendar of RFC 3339 ends with the year 9999: a clock beyond it must not stop the change, so its number is written.
fn rfc3339(now: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(now.millis()) * 1_000_000)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("@{}", now.millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (1_767_323_045_000, "2026-01-02T03:04:05Z"),
            (1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MAX, "@9223372036854775807"),
        ];
        for (millis, text) in cases {
            assert_eq!(rfc3339(Timestamp::from_millis(millis)), text);
        }
    }
}
