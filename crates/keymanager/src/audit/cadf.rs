//! The shape of an event: CADF's fields and IBM's additions (Key Protect: "Activity tracking events").
//!
//! The invariant: **an event is written straight from what is borrowed**: one is made for each request, wraps and unwraps included.

use super::facts::{Severity, initiator_type, kind, severity, status_text};
use super::{Fact, Occurrence, Outcome};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::net::IpAddr;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// The usual size of an event.
const SIZE: usize = 1280;
const OBSERVER: &str = "Keystead";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'a> {
    event_time: String,
    action: &'a str,
    outcome: &'a str,
    message: String,
    severity: Severity,
    initiator: Initiator<'a>,
    target: Target<'a>,
    observer: Observer,
    reason: Reason,
    request_data: RequestData<'a>,
    #[serde(skip_serializing_if = "Facts::is_empty")]
    response_data: Facts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    data_event: bool,
    #[serde(rename = "logSourceCRN")]
    log_source: String,
}

#[derive(Serialize)]
struct Initiator<'a> {
    id: &'a str,
    #[serde(rename = "typeURI")]
    type_uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Host>,
}

#[derive(Serialize)]
struct Host {
    address: IpAddr,
}

#[derive(Serialize)]
struct Target<'a> {
    id: String,
    name: &'a str,
    #[serde(rename = "typeURI")]
    type_uri: String,
}

#[derive(Serialize)]
struct Observer {
    name: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reason {
    reason_code: u16,
    reason_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_for_failure: Option<&'static str>,
}

impl<'a> Event<'a> {
    pub(super) fn of(occurrence: &'a Occurrence<'a>) -> Self {
        let Occurrence { action, instance, outcome, .. } = *occurrence;
        let succeeded = outcome.status < 400;
        let name = occurrence.target.map_or("", |(_, name)| name);
        let host = occurrence.address.map(|address| Host { address });
        Event {
            event_time: occurrence.now.rfc3339(),
            action: action.event(),
            outcome: if succeeded { "success" } else { "failure" },
            message: message(action.event(), name, succeeded),
            severity: severity(action, outcome),
            initiator: Initiator { id: occurrence.initiator, type_uri: initiator_type(occurrence.initiator), host },
            target: Target { id: target(occurrence), name, type_uri: type_uri(action.event()) },
            observer: Observer { name: OBSERVER },
            reason: reason(outcome),
            request_data: RequestData { instance, more: occurrence.request },
            response_data: Facts(occurrence.response),
            correlation_id: occurrence.correlation,
            data_event: action.event().starts_with("kms."),
            log_source: crn(instance, "", ""),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIZE);
        match serde_json::to_writer(&mut bytes, self) {
            Ok(()) => bytes,
            // Nothing in here can fail: its keys are strings, and a vector takes what it is given.
            Err(_) => Vec::new(),
        }
    }
}

fn reason(outcome: Outcome) -> Reason {
    Reason { reason_code: outcome.status, reason_type: status_text(outcome.status), reason_for_failure: outcome.reason }
}

/// The target's CRN: an instance is named by its own place in it.
fn target(occurrence: &Occurrence<'_>) -> String {
    let (kind, id) = (kind(occurrence.action), occurrence.target.map_or("", |(id, _)| id));
    match kind {
        "" => crn(id.parse().unwrap_or(occurrence.instance), "", ""),
        _ if id.is_empty() => crn(occurrence.instance, "", ""),
        kind => crn(occurrence.instance, kind, id),
    }
}

/// See [`super::crn`].
pub(super) fn crn(instance: Uuid, kind: &str, id: &str) -> String {
    let mut hyphenated = [0; Hyphenated::LENGTH];
    let instance = if instance.is_nil() { "" } else { instance.hyphenated().encode_lower(&mut hyphenated) };
    ["crn:v1:bluemix:public:kms:local:a/local:", instance, ":", kind, ":", id].concat()
}

/// `Keystead: rotate secrets crk`, and `-failure` after what was refused.
fn message(action: &str, name: &str, succeeded: bool) -> String {
    let (rest, verb) = action.rsplit_once('.').unwrap_or(("", action));
    let noun = rest.rsplit_once('.').map_or(rest, |(_, noun)| noun);
    let space = if name.is_empty() { "" } else { " " };
    [OBSERVER, ": ", verb, " ", noun, space, name, if succeeded { "" } else { " -failure" }].concat()
}

/// `kms.secrets.wrap` is about a `kms/secrets`.
fn type_uri(action: &str) -> String {
    let (noun, _) = action.rsplit_once('.').unwrap_or((action, ""));
    noun.replacen('.', "/", 1)
}

/// The request's facts, the instance first.
struct RequestData<'a> {
    instance: Uuid,
    more: &'a [Fact],
}

impl Serialize for RequestData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const INSTANCE: &str = "instanceID";
        let mut map = serializer.serialize_map(None)?;
        if !self.instance.is_nil() {
            map.serialize_entry(INSTANCE, &self.instance)?;
        }
        for (name, value) in self.more.iter().filter(|(name, _)| *name != INSTANCE) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

struct Facts<'a>(&'a [Fact]);

impl Facts<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
