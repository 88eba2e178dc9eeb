//! Audit events: who asked for what, from where, with which outcome; in the form of CADF (DSP0262), as IBM's activity events have it
//! (Key Protect: "Activity tracking events"). The key manager's events have the same shape.
//!
//! The invariant: one event a batch item, refused ones too, and never a byte of material in it.

mod facts;
mod product;

use std::fmt;
use std::net::IpAddr;

use serde::{Serialize, Serializer};
use uuid::Uuid;

pub(crate) use facts::{Severity, initiator_type, severity, status, status_text};
pub(crate) use product::Products;

/// The usual size of an event.
const SIZE: usize = 1280;
const OBSERVER: &str = "Keystead";

/// An event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event<'a> {
    /// When, in RFC 3339.
    pub(crate) event_time: String,
    /// What, by IBM's names.
    pub(crate) action: &'a str,
    /// `success` or `failure`.
    pub(crate) outcome: &'a str,
    /// What happened, for people.
    pub(crate) message: String,
    /// How much it matters.
    pub(crate) severity: Severity,
    /// Who.
    pub(crate) initiator: Initiator<'a>,
    /// To what.
    pub(crate) target: Target<'a>,
    /// Who says so.
    pub(crate) observer: Observer,
    /// How it ended.
    pub(crate) reason: Reason<'a>,
    /// What was asked.
    pub(crate) request_data: RequestData<'a>,
    /// What ties the request's answer, log lines and events together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) correlation_id: Option<&'a str>,
    /// Whether it is about what is kept, rather than about access to it.
    pub(crate) data_event: bool,
    /// The instance.
    #[serde(rename = "logSourceCRN", serialize_with = "text")]
    pub(crate) log_source: Crn<'a>,
}

/// Who did it.
#[derive(Serialize)]
pub(crate) struct Initiator<'a> {
    /// `CertificateID-<fingerprint>` of a KMIP client, or a principal's identifier.
    pub(crate) id: &'a str,
    /// The sort of principal.
    #[serde(rename = "typeURI")]
    pub(crate) type_uri: &'a str,
    /// Where from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<Host>,
}

/// Where from.
#[derive(Serialize)]
pub(crate) struct Host {
    /// The peer's address.
    pub(crate) address: IpAddr,
}

/// To what it was done.
#[derive(Serialize)]
pub(crate) struct Target<'a> {
    #[serde(serialize_with = "text")]
    pub(crate) id: Crn<'a>,
    /// Its name, if it has one.
    pub(crate) name: &'a str,
    /// The sort of target.
    #[serde(rename = "typeURI")]
    pub(crate) type_uri: &'a str,
    /// The adapter.
    pub(crate) adapter: Uuid,
    /// The instance.
    pub(crate) instance: Uuid,
    /// The KMIP operation, in the specification's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<&'a str>,
}

/// Who saw it.
#[derive(Serialize)]
pub(crate) struct Observer {
    name: &'static str,
}

/// How it ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reason<'a> {
    /// The HTTP status that says the same (RFC 9110).
    pub(crate) reason_code: u16,
    /// The KMIP result reason in the specification's words; of what succeeded, the status in words.
    pub(crate) reason_type: &'a str,
    /// The KMIP result reason once more, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason_for_failure: Option<&'a str>,
}

/// What was asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestData<'a> {
    #[serde(rename = "instanceID")]
    pub(crate) instance: Uuid,
    #[serde(rename = "adapterID")]
    pub(crate) adapter: Uuid,
    /// The KMIP operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<&'a str>,
    /// The vSphere version that the client gave last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vsphere_version: Option<&'a str>,
}

impl Event<'_> {
    /// The event as it is stored.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIZE);
        match serde_json::to_writer(&mut bytes, self) {
            Ok(()) => bytes,
            // Nothing in here can fail: its keys are strings, and a vector takes what it is given.
            Err(_) => Vec::new(),
        }
    }
}

pub(crate) fn observer() -> Observer {
    Observer { name: OBSERVER }
}

/// `Keystead: get kmip`, and `-failure` after what was refused.
pub(crate) fn message(action: &str, name: &str, succeeded: bool) -> String {
    let (rest, verb) = action.rsplit_once('.').unwrap_or(("", action));
    let noun = rest.rsplit_once('.').map_or(rest, |(_, noun)| noun);
    let (space, end) = (if name.is_empty() { "" } else { " " }, if succeeded { "" } else { " -failure" });
    format!("{OBSERVER}: {verb} {noun}{space}{name}{end}")
}

/// A cloud resource name, IBM's: `crn:v1:bluemix:public:kms:local:a/local:<instance>:kmip-object:<id>`; of the instance itself where
/// there is no identifier.
pub(crate) struct Crn<'a> {
    pub(crate) instance: Uuid,
    pub(crate) kind: &'a str,
    pub(crate) id: Option<Uuid>,
}

impl fmt::Display for Crn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "crn:v1:bluemix:public:kms:local:a/local:{}:", self.instance)?;
        match self.id {
            Some(id) => write!(f, "{}:{id}", self.kind),
            None => f.write_str(":"),
        }
    }
}

fn text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
