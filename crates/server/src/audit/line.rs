//! [`Line`]: a record of the journal as a collector gets it: one JSON object with an identifier of its own.
//!
//! The invariant: **the same record has the same identifier each time it is handed on**, so that a collector that gets it twice can
//! tell.

use kmip::Timestamp;
use serde_json::{Map, Value, json};
use store::journal::{At, Entry, Found};
use uuid::Uuid;

use crate::api::moment;

/// The action of what is said of events that are missing.
pub(super) const GAP: &str = "keystead.audit.gap";
/// The action of a signed head.
pub(super) const HEAD: &str = "keystead.audit.head";

/// See the module.
pub(super) struct Line {
    /// Where the record begins.
    pub(super) at: At,
    /// When, in milliseconds, as the record says; none where it doesn't.
    pub(super) millis: Option<i64>,
    /// What, by IBM's names.
    pub(super) action: String,
    /// `normal`, `warning` or `critical`.
    pub(super) severity: String,
    /// The whole event.
    pub(super) event: Value,
}

/// The identifier of a record: whose journal, which segment, where in it.
pub(super) fn id(node: &Uuid, at: At) -> String {
    format!("{node}:{}:{}", at.segment, at.offset)
}

impl Line {
    pub(super) fn of(found: &Found, node: &Uuid) -> Self {
        let mut event = match Entry::decode(&found.body) {
            Entry::Event(event) | Entry::Change { event, .. } => parsed(event),
            Entry::Head(head) => signed(head),
            Entry::Gap { missed, first, last } => gap(missed, first, last),
        };
        let (at, text) =
            (found.at, |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned());
        let (action, severity) = (text("action"), text("severity"));
        let millis = millis(&text("eventTime"));
        event.insert("id".to_owned(), Value::from(id(node, at)));
        Line { at, millis, action, severity, event: Value::Object(event) }
    }
}

/// What is no JSON object is handed on as it is, in one.
fn parsed(event: &[u8]) -> Map<String, Value> {
    match serde_json::from_slice(event) {
        Ok(Value::Object(event)) => event,
        Ok(_) | Err(_) => object(json!({ "action": "", "message": String::from_utf8_lossy(event) })),
    }
}

fn signed(head: &[u8]) -> Map<String, Value> {
    let head = parsed(head);
    let time = head.get("time").cloned();
    object(json!({
        "eventTime": time,
        "action": HEAD,
        "outcome": "success",
        "severity": "normal",
        "observer": { "name": "Keystead" },
        "head": head,
    }))
}

fn gap(missed: u64, first: &[u8], last: &[u8]) -> Map<String, Value> {
    let (first, last) = (parsed(first), parsed(last));
    object(json!({
        "eventTime": last.get("eventTime"),
        "action": GAP,
        "outcome": "failure",
        "severity": "critical",
        "message": format!("Keystead: there was no room for the events of {missed} answers; the first and the last of them are here"),
        "observer": { "name": "Keystead" },
        "missed": missed,
        "first": first,
        "last": last,
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// The time in an event, as [`Timestamp::rfc3339`] writes it, in milliseconds since the Unix epoch.
fn millis(text: &str) -> Option<i64> {
    match text.strip_prefix('@') {
        Some(number) => number.parse().ok(),
        None => moment(text).map(Timestamp::millis),
    }
}
