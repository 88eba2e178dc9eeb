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

    /// The audit event of something that was done, or refused for a reason.
    pub(crate) fn event(
        &self,
        action: &str,
        operation: Option<Operation>,
        target: Option<Uuid>,
        now: Timestamp,
        reason: Option<ResultReason>,
    ) -> Vec<u8> {
        let (id, host) = match self {
            Origin::Client { client, address } => (client.initiator(), Some(Host { address: *address })),
            Origin::Administrator { by, .. } => (by.id.as_str(), None),
        };
        let adapter = self.adapter();
        let target = target.map(|id| id.to_string());
        let event = Event {
            event_time: rfc3339(now),
            action,
            outcome: if reason.is_none() { "success" } else { "failure" },
            initiator: Initiator { id, host },
            target: Target {
                id: target.as_deref(),
                type_uri: "kms/kmip",
                adapter: adapter.id,
                instance: adapter.instance,
                operation: operation.map(|code| code.name().unwrap_or("unknown")),
            },
            reason: reason.map(|reason| Reason { reason_type: reason.name().unwrap_or("unknown") }),
        };
        event.to_bytes()
    }
}
