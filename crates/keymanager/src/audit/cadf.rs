//! The shape of an event: CADF's fields and IBM's additions (Key Protect: "Activity tracking events").
//!
//! The invariant: **an event is written straight from what is borrowed**: one is made for each request, wraps and unwraps included.

use super::facts::{Severity, initiator_type, kind, severity, status_text};
use super::{Occurrence, Outcome};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use std::fmt;
use std::net::IpAddr;
use uuid::Uuid;

/// The usual size of an event.
const SIZE: usize = 1280;
const OBSERVER: &str = "Keystead";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'a> {
    event_time: String,
    action: &'a str,
    outcome: &'a str,
    #[serde(serialize_with = "text")]
    message: Message<'a>,
    severity: Severity,
    initiator: Initiator<'a>,
    target: Target<'a>,
    observer: Observer,
    reason: Reason,
    request_data: RequestData<'a>,
    #[serde(skip_serializing_if = "Value::is_null")]
    response_data: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    data_event: bool,
    #[serde(rename = "logSourceCRN", serialize_with = "text")]
    log_source: Crn<'a>,
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
    #[serde(serialize_with = "text")]
    id: Crn<'a>,
    name: &'a str,
    #[serde(rename = "typeURI", serialize_with = "text")]
    type_uri: TypeUri<'a>,
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
            message: Message { action: action.event(), name, succeeded },
            severity: severity(action, outcome),
            initiator: Initiator { id: occurrence.initiator, type_uri: initiator_type(occurrence.initiator), host },
            target: Target { id: target(occurrence), name, type_uri: TypeUri(action.event()) },
            observer: Observer { name: OBSERVER },
            reason: reason(outcome),
            request_data: RequestData { instance, more: &occurrence.request },
            response_data: &occurrence.response,
            correlation_id: occurrence.correlation,
            data_event: action.event().starts_with("kms."),
            log_source: Crn { instance, kind: "", id: "" },
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
fn target<'a>(occurrence: &'a Occurrence<'a>) -> Crn<'a> {
    let (kind, id) = (kind(occurrence.action), occurrence.target.map_or("", |(id, _)| id));
    match kind {
        "" => Crn { instance: id.parse().unwrap_or(occurrence.instance), kind: "", id: "" },
        _ if id.is_empty() => Crn { instance: occurrence.instance, kind: "", id: "" },
        kind => Crn { instance: occurrence.instance, kind, id },
    }
}

/// See [`super::crn`].
pub(super) struct Crn<'a> {
    pub(super) instance: Uuid,
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
}

impl fmt::Display for Crn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("crn:v1:bluemix:public:kms:local:a/local:")?;
        if !self.instance.is_nil() {
            self.instance.fmt(f)?;
        }
        write!(f, ":{}:{}", self.kind, self.id)
    }
}

/// `Keystead: rotate secrets crk`, and `-failure` after what was refused.
struct Message<'a> {
    action: &'a str,
    name: &'a str,
    succeeded: bool,
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rest, verb) = self.action.rsplit_once('.').unwrap_or(("", self.action));
        let noun = rest.rsplit_once('.').map_or(rest, |(_, noun)| noun);
        write!(f, "{OBSERVER}: {verb} {noun}")?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        if self.succeeded { Ok(()) } else { f.write_str(" -failure") }
    }
}

/// `kms.secrets.wrap` is about a `kms/secrets`.
struct TypeUri<'a>(&'a str);

impl fmt::Display for TypeUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, _) = self.0.rsplit_once('.').unwrap_or((self.0, ""));
        let (service, thing) = noun.split_once('.').unwrap_or((noun, ""));
        write!(f, "{service}/{thing}")
    }
}

/// The request's facts, the instance first.
struct RequestData<'a> {
    instance: Uuid,
    more: &'a Value,
}

impl Serialize for RequestData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const INSTANCE: &str = "instanceID";
        let mut map = serializer.serialize_map(None)?;
        if !self.instance.is_nil() {
            map.serialize_entry(INSTANCE, &self.instance)?;
        }
        let more = self.more.as_object().into_iter().flatten();
        for (name, value) in more.filter(|(name, _)| *name != INSTANCE) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
