//! Changes of keys: read, decide, commit; again when somebody else was faster.
//!
//! The invariant: **a change is decided on the very version that it replaces, its event is in its batch, and when it returns the
//! epoch has moved if the key's state has.**

use crate::audit::success;
use crate::key::absent;
use crate::ledger::space;
use crate::{Call, Error, Key, KeyManager};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{Batch, Change, Expect};
use uuid::Uuid;

/// How often a change is tried before the caller hears that others are faster.
pub(crate) const ATTEMPTS: usize = 16;

/// What becomes of a key.
pub(crate) struct Decision {
    pub(crate) after: Key,
    /// Further changes of the same batch.
    pub(crate) extra: Vec<Change>,
}

impl Decision {
    pub(crate) fn to(after: Key) -> Self {
        Decision { after, extra: Vec::new() }
    }
}

impl KeyManager {
    /// Makes the change that `decide` gives for the key as it is now, where an expiry that has come is taken already: a decision that
    /// changes nothing writes that down. Whether the call reaches the key was asked when its identifier was found, and is asked again
    /// here, of the record that is changed.
    pub(crate) async fn change(
        &self,
        call: &Call,
        id: Uuid,
        decide: impl Fn(&Key) -> Result<Decision, Error> + Send + Sync,
    ) -> Result<Key, Error> {
        for _ in 0..ATTEMPTS {
            let stored = self.ledger.shared::<Key>(space(call.instance), id).await?;
            let stored = stored.ok_or_else(|| absent(call, &id.to_string()))?;
            if !call.reaches(stored.entry.extent()) {
                return Err(Error::Unauthorized);
            }
            let Decision { mut after, extra: mut changes } = decide(&Key::at(Arc::clone(&stored.entry), call.now))?;
            after.state = after.state_at(call.now);
            after.updated = Some(call.now);
            changes.push(self.ledger.put(Expect::Version(stored.version), &after));
            let batch = Batch { changes, events: vec![success(call, &after.target())] };
            match self.commit(call, batch, stored.entry.state != after.state).await {
                Err(Error::Store(store::Error::Conflict(_))) => {}
                other => return other.map(|()| after),
            }
        }
        Err(Error::Busy)
    }

    /// Commits a batch with a call's event in it. A commit that moves the epoch runs to its end even when its caller stops waiting:
    /// else the change could come true after the last look at the epoch.
    pub(crate) async fn commit(&self, call: &Call, batch: Batch, moves: bool) -> Result<(), Error> {
        if moves {
            self.commit_and_move(batch).await?;
        } else {
            self.ledger.commit(batch).await?;
        }
        call.set_recorded();
        Ok(())
    }

    async fn commit_and_move(&self, batch: Batch) -> Result<(), Error> {
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
