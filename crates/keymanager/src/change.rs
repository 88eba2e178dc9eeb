//! Changes of root keys: read, decide, commit; again when somebody else was faster.
//!
//! The invariant: **a change is decided on the very version that it replaces, its event is in its batch, and when it returns the
//! epoch has moved if the key's state has.**

use crate::audit::{Occasion, event};
use crate::ledger::space;
use crate::{Error, KeyManager, RootKey};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{Batch, Change, Expect};
use uuid::Uuid;

/// How often a change is tried before the caller hears that others are faster.
const ATTEMPTS: usize = 16;

/// What becomes of a root key.
pub(crate) struct Decision {
    pub(crate) after: RootKey,
    /// Further changes of the same batch.
    pub(crate) extra: Vec<Change>,
}

impl Decision {
    pub(crate) fn to(after: RootKey) -> Self {
        Decision { after, extra: Vec::new() }
    }
}

impl KeyManager {
    /// Makes the change that `decide` gives for the key as it is now.
    pub(crate) async fn change(
        &self,
        instance: Uuid,
        id: Uuid,
        action: &str,
        on: Occasion<'_>,
        decide: impl Fn(&RootKey) -> Result<Decision, Error> + Send + Sync,
    ) -> Result<RootKey, Error> {
        for _ in 0..ATTEMPTS {
            let stored = self.ledger.get::<RootKey>(space(instance), id).await?;
            let stored = stored.ok_or_else(|| Error::NotFound { what: "root key", name: id.to_string() })?;
            let Decision { mut after, extra: mut changes } = decide(&stored.entry)?;
            after.updated = Some(on.now);
            changes.push(self.ledger.put(Expect::Version(stored.version), &after));
            let batch = Batch { changes, events: vec![event(action, &after.target(), on)] };
            match self.commit(batch, stored.entry.state != after.state).await {
                Err(Error::Store(store::Error::Conflict(_))) => {}
                other => return other.map(|()| after),
            }
        }
        Err(Error::Busy)
    }

    /// A commit that moves the epoch runs to its end even when its caller stops waiting: else the change could come true after
    /// the last look at the epoch.
    async fn commit(&self, batch: Batch, moves: bool) -> Result<(), Error> {
        if !moves {
            return Ok(self.ledger.commit(batch).await?);
        }
        let (store, epoch) = (Arc::clone(self.ledger.store()), Arc::clone(&self.epoch));
        let task = tokio::spawn(async move {
            let outcome = store.commit(batch).await;
            // Also after an error: it may be one after which nobody knows.
            epoch.fetch_add(1, Ordering::SeqCst);
            outcome
        });
        let outcome = task.await.map_err(|_| Error::Unknown)?;
        self.opened.turn_to(self.epoch.load(Ordering::SeqCst));
        Ok(outcome?)
    }
}
