//! [`Origin`]: who asks, and how that stands in the audit.
//!
//! The invariant: every event names its initiator, and it is made here.

use std::net::IpAddr;

use kmip::Timestamp;
use kmip::enums::{Operation, ResultReason};
use uuid::Uuid;

use crate::audit::{Event, Host, Initiator, Reason, Target, rfc3339};
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
    /// Which.
    pub(crate) id: Uuid,
    /// Its name, if it has one.
    pub(crate) name: Option<&'a str>,
    /// What else is to be said.
    pub(crate) message: Option<&'a str>,
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
    pub(crate) fn event(
        &self,
        action: &str,
        operation: Option<Operation>,
        target: Option<Uuid>,
        now: Timestamp,
        reason: Option<ResultReason>,
    ) -> Vec<u8> {
        let id = target.map(|id| id.to_string());
        let operation = operation.map(|code| code.name().unwrap_or("unknown"));
        let event = Event {
            outcome: if reason.is_none() { "success" } else { "failure" },
            reason: reason.map(|reason| Reason { reason_type: reason.name().unwrap_or("unknown") }),
            ..self.success(action, Target { operation, ..self.target(id.as_deref(), "kms/kmip") }, now)
        };
        event.to_bytes()
    }

    /// The audit event of a change that an administrator made.
    pub(crate) fn changed(&self, change: &Change<'_>, now: Timestamp) -> Vec<u8> {
        let id = change.id.to_string();
        let target = Target { name: change.name, ..self.target(Some(&id), change.type_uri) };
        Event { message: change.message, ..self.success(change.action, target, now) }.to_bytes()
    }

    fn target<'a>(&'a self, id: Option<&'a str>, type_uri: &'a str) -> Target<'a> {
        let adapter = self.adapter();
        Target { id, name: None, type_uri, adapter: adapter.id, instance: adapter.instance, operation: None }
    }

    fn success<'a>(&'a self, action: &'a str, target: Target<'a>, now: Timestamp) -> Event<'a> {
        Event {
            event_time: rfc3339(now),
            action,
            outcome: "success",
            initiator: Initiator { id: self.initiator(), host: self.address().map(|address| Host { address }) },
            target,
            reason: None,
            message: None,
            correlation_id: self.correlation(),
        }
    }
}
