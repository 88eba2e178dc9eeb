//! [`Origin`]: who asks, and how that stands in the audit.
//!
//! The invariant: every event names its initiator, and it is made here.

use std::net::IpAddr;

use kmip::Timestamp;
use kmip::enums::{Operation, ResultReason};
use uuid::Uuid;

use crate::audit::{
    Crn, Event, Host, Initiator, Reason, RequestData, Target, initiator_type, message, observer, severity, status,
    status_text,
};
use crate::error::Fault;
use crate::policy::{self, Permission};
use crate::registry::{Actor, Adapter, Client};
use crate::seal::AdapterKey;

/// Who asks.
pub enum Origin<'a> {
    /// A KMIP client, from an address.
    Client {
        /// The client.
        client: &'a Client,
        /// Where from.
        address: IpAddr,
    },
    /// An administrator, for an adapter.
    Administrator {
        /// The adapter.
        adapter: &'a Adapter,
        /// Who.
        by: &'a Actor,
    },
}

/// What an administrator changed, in an event's words.
pub(crate) struct Change<'a> {
    /// What was done, by IBM's names (Key Protect: activity tracking events).
    pub(crate) action: &'a str,
    /// The sort of thing that it was done to.
    pub(crate) type_uri: &'a str,
    /// The same, as names of resources have it.
    pub(crate) kind: &'a str,
    /// Which.
    pub(crate) id: Uuid,
    /// Its name, if it has one.
    pub(crate) name: Option<&'a str>,
    /// What else is to be said.
    pub(crate) message: Option<&'a str>,
}

/// What was asked over KMIP, and how it ended, in an event's words.
pub(crate) struct Deed<'a> {
    /// What was asked for, by IBM's names.
    pub(crate) action: &'a str,
    /// The operation, where there was one.
    pub(crate) operation: Option<Operation>,
    /// The object.
    pub(crate) target: Option<Uuid>,
    /// The client's version of vSphere, as far as it is known.
    pub(crate) product: Option<&'a str>,
    /// Why not.
    pub(crate) refused: Option<ResultReason>,
}

impl Origin<'_> {
    pub(crate) fn adapter(&self) -> &Adapter {
        match self {
            Origin::Client { client, .. } => client.adapter(),
            Origin::Administrator { adapter, .. } => adapter,
        }
    }

    pub(crate) fn verify(&self, key: &AdapterKey) -> Result<(), Fault> {
        match self {
            Origin::Client { client, .. } => client.verify(key),
            Origin::Administrator { .. } => Ok(()),
        }
    }

    pub(crate) fn allows(&self, permission: Permission) -> bool {
        match self {
            Origin::Client { client, .. } => policy::allows(client, permission),
            Origin::Administrator { .. } => true,
        }
    }

    /// Who asks, as events and records name them: `CertificateID-<fingerprint>`, or a principal's identifier.
    pub(crate) fn initiator(&self) -> &str {
        match self {
            Origin::Client { client, .. } => client.initiator(),
            Origin::Administrator { by, .. } => &by.id,
        }
    }

    fn address(&self) -> Option<IpAddr> {
        match self {
            Origin::Client { address, .. } => Some(*address),
            Origin::Administrator { by, .. } => by.address,
        }
    }

    fn correlation(&self) -> Option<&str> {
        match self {
            Origin::Client { .. } => None,
            Origin::Administrator { by, .. } => by.correlation.as_deref(),
        }
    }

    /// The audit event of something that was done over KMIP, or refused for a reason.
    pub(crate) fn event(&self, deed: &Deed<'_>, now: Timestamp) -> Vec<u8> {
        let operation = deed.operation.map(|code| code.name().unwrap_or("unknown"));
        let subject = Subject { kind: "kmip-object", id: deed.target, name: "", type_uri: "kms/kmip" };
        let reason = match deed.refused {
            None => succeeded(200),
            Some(reason) => {
                let name = reason.name().unwrap_or("unknown");
                Reason { reason_code: status(reason), reason_type: name, reason_for_failure: Some(name) }
            }
        };
        let mut event = self.told(deed.action, subject, reason, now);
        event.target.operation = operation;
        event.request_data = RequestData { operation, vsphere_version: deed.product, ..event.request_data };
        event.to_bytes()
    }

    /// The audit event of a change that an administrator made.
    pub(crate) fn changed(&self, change: &Change<'_>, now: Timestamp) -> Vec<u8> {
        let Change { action, type_uri, kind, id, name, message } = *change;
        let subject = Subject { kind, id: Some(id), name: name.unwrap_or_default(), type_uri };
        let status = if action.ends_with(".create") { 201 } else { 200 };
        let mut event = self.told(action, subject, succeeded(status), now);
        if let Some(message) = message {
            message.clone_into(&mut event.message);
        }
        event.to_bytes()
    }

    fn told<'a>(&'a self, action: &'a str, subject: Subject<'a>, reason: Reason<'a>, now: Timestamp) -> Event<'a> {
        let Adapter { id: adapter, instance, .. } = *self.adapter();
        let Subject { kind, id, name, type_uri } = subject;
        let succeeded = reason.reason_for_failure.is_none();
        let host = self.address().map(|address| Host { address });
        Event {
            event_time: now.rfc3339(),
            action,
            outcome: if succeeded { "success" } else { "failure" },
            message: message(action, name, succeeded),
            severity: severity(action, reason.reason_code),
            initiator: Initiator { id: self.initiator(), type_uri: initiator_type(self.initiator()), host },
            target: Target { id: Crn { instance, kind, id }, name, type_uri, adapter, instance, operation: None },
            observer: observer(),
            reason,
            request_data: RequestData { instance, adapter, operation: None, vsphere_version: None },
            correlation_id: self.correlation(),
            data_event: action.starts_with("kms."),
            log_source: Crn { instance, kind: "", id: None },
        }
    }
}

/// What an event is about.
struct Subject<'a> {
    kind: &'a str,
    id: Option<Uuid>,
    name: &'a str,
    type_uri: &'a str,
}

fn succeeded(status: u16) -> Reason<'static> {
    Reason { reason_code: status, reason_type: status_text(status), reason_for_failure: None }
}
