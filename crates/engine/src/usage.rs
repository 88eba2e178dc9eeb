//! Use of keys: when each was last handed out, to whom, from where, and how often.
//!
//! A Get must not cost a commit. So uses gather in memory ([`gather`]) and are written in batches, each key's beside its object
//! ([`record`]). The invariant: **what is kept here decides nothing that can't wait**: after a crash the uses of the last interval are
//! missing, and the journal has them.

mod gather;
mod record;

use std::net::IpAddr;

use kmip::Timestamp;
use kmip::enums::Operation;
use store::{Change, Expect};
use uuid::Uuid;

pub(crate) use gather::Place;
pub(crate) use gather::Uses;
use gather::Waiting;
pub(crate) use record::{USAGE, read_use, write_use};

use crate::Engine;
use crate::error::Fault;
use crate::manage::Error;
use crate::origin::Origin;
use crate::quarantine::Quarantine;
use crate::registry::Adapter;
use crate::seal::AdapterKey;
use crate::{beside, record as objects};

/// How long after a key was handed out somebody is warned who takes it away, in milliseconds.
pub const RECENT: i64 = 90 * 86_400_000;
/// Uses that are written in one batch.
const BATCH: usize = 64;

/// A key was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub at: Timestamp,
    /// To whom: `CertificateID-<fingerprint>`.
    pub by: String,
    /// The name of that certificate on the adapter's list, or of the authority that vouched for it, as it was then.
    pub name: String,
    /// Where from.
    pub address: Option<IpAddr>,
}

/// What is known of a key's use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// When it was last handed out; none: never, as far as is known.
    pub last: Option<Use>,
    /// How often it was handed out. It may lag.
    pub count: u64,
    /// The last operation of another sort that a client asked for on it, and when.
    pub other: Option<(Timestamp, String)>,
}

impl Usage {
    /// Whether the key was handed out so lately that taking it away deserves a warning.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        self.last.as_ref().is_some_and(|last| now.millis().saturating_sub(last.at.millis()) < RECENT)
    }

    fn add(mut self, waiting: &Waiting) -> Usage {
        self.count = self.count.saturating_add(waiting.count);
        if let Some(last) = &waiting.last {
            self.last = Some(last.to_use());
        }
        if let Some((at, operation)) = waiting.other {
            self.other = Some((at, operation.name().unwrap_or("unknown").to_owned()));
        }
        self
    }
}

impl Engine {
    /// Notes that a client's operation on an object was done.
    pub(crate) fn note_use(&self, origin: &Origin<'_>, operation: Operation, object: Option<Uuid>, now: Timestamp) {
        if let (Origin::Client { client, address }, Some(object)) = (origin, object) {
            self.uses.note(client, *address, object, operation, now);
        }
    }

    /// Notes what became of a client's operation that was done. Nothing here can fail it any more.
    pub(crate) async fn done(
        &self,
        origin: &Origin<'_>,
        operation: Operation,
        object: Option<Uuid>,
        asked: Option<Quarantine>,
        now: Timestamp,
    ) {
        if let Some(asked) = asked {
            self.quarantines.set(asked);
        }
        if let (Operation::Destroy, Some(object)) = (operation, object) {
            self.warn_of_use(origin, object, now).await;
        }
        self.note_use(origin, operation, object, now);
    }

    /// Logs that a key was destroyed which was handed out lately.
    async fn warn_of_use(&self, origin: &Origin<'_>, key: Uuid, now: Timestamp) {
        let Ok(usage) = self.usage(origin.adapter(), key).await else { return };
        if let Some(last) = usage.last.as_ref().filter(|_| usage.is_recent(now)) {
            let (at, by) = (last.at.rfc3339(), origin.initiator());
            tracing::warn!(%key, by, last_handed_out = at, to = last.name, "a key was destroyed that was handed out in the last 90 days");
        }
    }

    /// A key's use, with what is not written yet.
    ///
    /// # Errors
    /// Failures of the store. A record that is damaged is logged, and is as if it were not there.
    pub async fn usage(&self, adapter: &Adapter, object: Uuid) -> Result<Usage, Error> {
        let key = self.keyring.key(&adapter.key).await.ok();
        Ok(self.usage_under(key.as_deref(), adapter, object).await?)
    }

    /// As [`Engine::usage`], of many keys, in their order.
    ///
    /// # Errors
    /// As there.
    pub async fn usages(&self, adapter: &Adapter, objects: &[Uuid]) -> Result<Vec<Usage>, Error> {
        let key = self.keyring.key(&adapter.key).await.ok();
        let mut usages = Vec::with_capacity(objects.len());
        for object in objects {
            usages.push(self.usage_under(key.as_deref(), adapter, *object).await?);
        }
        Ok(usages)
    }

    async fn usage_under(&self, key: Option<&AdapterKey>, adapter: &Adapter, object: Uuid) -> Result<Usage, Fault> {
        let (_, kept) = self.kept_usage(key, adapter, object).await?;
        Ok(match self.uses.waiting(&Place { adapter: adapter.id, object }) {
            Some(waiting) => kept.add(&waiting),
            None => kept,
        })
    }

    /// What is written, and the version of its record (0: there is none).
    async fn kept_usage(
        &self,
        key: Option<&AdapterKey>,
        adapter: &Adapter,
        object: Uuid,
    ) -> Result<(u64, Usage), Fault> {
        let Some(record) = self.store.get(&beside::place(adapter, USAGE, object)).await? else {
            return Ok((0, Usage::default()));
        };
        let usage = record::read(key, &record).inspect_err(|fault| {
            tracing::error!(%object, %fault, "the record of a key's use is damaged, and is begun anew");
        });
        Ok((record.version, usage.unwrap_or_default()))
    }

    /// Returns when so many uses have gathered that they should be written before their time.
    pub async fn uses_press(&self) {
        self.uses.press().await;
    }

    /// Writes what has gathered. Returns of how many keys. What can't be written now stays, to be tried again.
    ///
    /// # Errors
    /// A store that fails or takes no changes.
    pub async fn write_uses(&self) -> Result<usize, Fault> {
        let mut written = 0;
        for (adapter, waiting) in self.uses.by_adapter() {
            let Ok(adapter) = self.registry.current(adapter) else {
                waiting.iter().for_each(|(place, _)| self.uses.forget(place));
                continue;
            };
            // With the root key out of use nothing can be signed; what has gathered waits.
            let Ok(key) = self.keyring.key(&adapter.key).await else { continue };
            for batch in waiting.chunks(BATCH) {
                written += self.write_batch(&key, &adapter, batch).await?;
            }
        }
        Ok(written)
    }

    /// A batch at once; where something else changes one of its objects at that moment, each by itself.
    async fn write_batch(
        &self,
        key: &AdapterKey,
        adapter: &Adapter,
        batch: &[(Place, Waiting)],
    ) -> Result<usize, Fault> {
        match self.write_together(key, adapter, batch).await {
            Err(Fault::Store(store::Error::Conflict(_))) => {}
            outcome => return outcome,
        }
        let mut written = 0;
        for one in batch {
            match self.write_together(key, adapter, std::slice::from_ref(one)).await {
                Err(Fault::Store(store::Error::Conflict(_))) => {}
                outcome => written += outcome?,
            }
        }
        Ok(written)
    }

    async fn write_together(
        &self,
        key: &AdapterKey,
        adapter: &Adapter,
        batch: &[(Place, Waiting)],
    ) -> Result<usize, Fault> {
        let Some(_held) = self.registry.hold(adapter.id).await else { return Ok(0) };
        let mut changes = Vec::with_capacity(2 * batch.len());
        for (Place { object, .. }, waiting) in batch {
            let there = self.store.get(&objects::place(adapter, *object)).await?;
            let Some(there) = there else { continue };
            // Nothing is written beside an object that is purged at this moment.
            changes.push(Change::Check { key: there.key, expect: Expect::Version(there.version) });
            let (version, kept) = self.kept_usage(Some(key), adapter, *object).await?;
            changes.push(record::put(key, beside::place(adapter, USAGE, *object), version, &kept.add(waiting)));
        }
        let written = changes.len() / 2;
        if written > 0 {
            self.store.commit(store::Batch { changes, events: Vec::new() }).await?;
        }
        batch.iter().for_each(|(place, waiting)| self.uses.settle(place, waiting));
        Ok(written)
    }
}
