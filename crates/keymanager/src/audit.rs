//! Audit events in the form of CADF (DSP0262) as IBM's activity events have it: one for each call, refused ones too. A change's rides
//! in the change's own batch; of every other call whoever answers it writes one before the answer.
//!
//! The invariant: **never a byte of key material, of a payload or of an API key in one.**

mod cadf;
mod facts;

use crate::{Action, Call};
use kmip::Timestamp;
use serde_json::Value;
use std::net::IpAddr;
use uuid::Uuid;

/// What a change was made to.
pub(crate) struct Target<'a> {
    pub(crate) id: String,
    pub(crate) name: &'a str,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The HTTP status.
    pub status: u16,
    /// Why it was refused, in the error codes of the API.
    pub reason: Option<&'static str>,
}

/// What an event is about.
#[derive(Clone, Debug)]
pub struct Occurrence<'a> {
    /// What was asked for.
    pub action: Action,
    /// The instance, as the request named it; nil for none.
    pub instance: Uuid,
    /// Who asked: an IAM id, or nothing where nobody was recognised.
    pub initiator: &'a str,
    /// Where from.
    pub address: Option<IpAddr>,
    /// The correlation id.
    pub correlation: Option<&'a str>,
    /// When.
    pub now: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// The target's identifier and name.
    pub target: Option<(&'a str, &'a str)>,
    /// Further facts of the request: `requestURI`, `keyType`, ... No payload, no plaintext, no ciphertext.
    pub request: &'a [Fact],
    /// Facts of the answer: `keyState`, `totalResources`, ...
    pub response: &'a [Fact],
}

/// A fact under CADF's name in IBM's events.
pub type Fact = (&'static str, Value);

/// An event as it is stored.
pub fn event(occurrence: &Occurrence<'_>) -> Vec<u8> {
    cadf::Event::of(occurrence).to_bytes()
}

/// The event of a call that made a change. It rides with the change, before anybody has answered, so its status is what such a
/// change is answered with: 201 for what was made, else 200.
pub(crate) fn success(call: &Call, target: &Target<'_>) -> Vec<u8> {
    let status = if call.action.event().ends_with(".create") { 201 } else { 200 };
    event(&Occurrence {
        action: call.action,
        instance: call.instance,
        initiator: &call.actor,
        address: call.origin.address,
        correlation: call.origin.correlation.as_deref(),
        now: call.now,
        outcome: Outcome { status, reason: None },
        target: Some((&target.id, target.name)),
        request: &[],
        response: &[],
    })
}

/// The CRN (cloud resource name, IBM's) of a resource in an instance; of the instance itself where kind and identifier are empty, and
/// of what belongs to no instance where that is nil: `crn:v1:bluemix:public:kms:local:a/local:<instance>:key:<id>`. Region and account
/// are both `local`; all else is as Key Protect has it, since clients take it apart.
pub fn crn(instance: Uuid, kind: &str, id: &str) -> String {
    cadf::crn(instance, kind, id)
}
