//! Changes of who may do what.
//!
//! The invariant: **when a change is answered, the access epoch has moved**: what was known of principals before is not used again,
//! for tokens that are out already neither.

use crate::change::ATTEMPTS;
use crate::ledger::Stored;
use crate::record::Entry;
use crate::{Call, Error, Instance, KeyManager};
use std::sync::Arc;
use store::{Batch, Change, Expect, Key, Space};
use uuid::Uuid;

impl KeyManager {
    /// Commits a change with its call's event in it and moves the access epoch: also after an error, which may be one after which
    /// nobody knows. It runs to its end even when its caller stops waiting: else the change could come true after the last move.
    pub(crate) async fn commit_access(&self, call: &Call, batch: Batch) -> Result<(), Error> {
        let (store, moves) = (Arc::clone(self.ledger.store()), self.known.moves());
        let task = tokio::spawn(async move {
            let outcome = store.commit(batch).await;
            drop(moves);
            outcome
        });
        task.await.map_err(|_| Error::Unknown)??;
        call.set_recorded();
        Ok(())
    }

    /// The change that keeps an instance from being deleted while something of it is made; none for none.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such instance.
    pub(crate) async fn touch_instance(&self, instance: Option<Uuid>) -> Result<Option<Change>, Error> {
        let Some(id) = instance else { return Ok(None) };
        let stored = self.ledger.get::<Instance>(Space::INSTALLATION, id).await?;
        let stored = stored.ok_or_else(|| Error::NotFound { what: "instance", name: id.to_string() })?;
        Ok(Some(self.ledger.put(Expect::Version(stored.version), &stored.entry)))
    }
}

impl<T: Entry> Stored<T> {
    /// The change that removes the record, under its place: a batch names each place once.
    pub(crate) fn removal(&self) -> (Key, Change) {
        let key = self.entry.key();
        (key, Change::Delete { key, version: self.version })
    }
}

/// Makes an attempt, and another one where somebody else was faster.
pub(crate) async fn again<T, F>(attempt: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for _ in 0..ATTEMPTS {
        match attempt().await {
            Err(Error::Store(store::Error::Conflict(_))) => {}
            other => return other,
        }
    }
    Err(Error::Busy)
}
