//! [`FailStop`]: a store that calls for the end when a flush failed; and commits are counted, spans made, in passing.
//!
//! After a failed flush it is unknown what the disk holds, and a second attempt may report success without having written anything. So
//! the process stops, and the next one reads what is really there.

use crate::metrics::Storage;
use crate::telemetry::TARGET;
use async_trait::async_trait;
use std::sync::Arc;
use store::{Batch, Error, Event, Key, Page, Query, Record, Scan, Store};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{Instrument, info_span};

/// Passes everything on to the store, and remembers the first failed flush.
pub(super) struct FailStop {
    store: Arc<dyn Store>,
    failed: watch::Sender<Option<String>>,
    metrics: Arc<Storage>,
}

impl FailStop {
    pub(super) fn new(store: Arc<dyn Store>, metrics: Arc<Storage>) -> Arc<Self> {
        Arc::new(FailStop { store, failed: watch::Sender::new(None), metrics })
    }

    /// Waits for a failed flush, and says what it was.
    pub(super) async fn failed(&self) -> String {
        let mut failed = self.failed.subscribe();
        let reason = failed.wait_for(Option::is_some).await;
        reason.ok().and_then(|reason| reason.clone()).unwrap_or_default()
    }

    /// Remembers a failure that was seen elsewhere, in the journal.
    pub(super) fn fail(&self, error: &Error) {
        if let Error::Failed(_) = error {
            self.failed.send_replace(Some(error.to_string()));
        }
    }

    fn watch<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.inspect_err(|error| self.fail(error))
    }
}

#[async_trait]
impl Store for FailStop {
    async fn get(&self, key: &Key) -> Result<Option<Record>, Error> {
        self.store.get(key).instrument(info_span!(target: TARGET, "store get")).await
    }

    async fn find(&self, query: &Query) -> Result<Page, Error> {
        self.store.find(query).instrument(info_span!(target: TARGET, "store find")).await
    }

    async fn scan(&self, scan: &Scan) -> Result<Page, Error> {
        self.store.scan(scan).instrument(info_span!(target: TARGET, "store scan")).await
    }

    async fn count(&self, query: &Query) -> Result<u64, Error> {
        self.store.count(query).instrument(info_span!(target: TARGET, "store count")).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        let (_waiting, begun) = (self.metrics.commit_begins(), Instant::now());
        let commit = self.store.commit(batch).instrument(info_span!(target: TARGET, "store commit"));
        let result = self.watch(commit.await);
        self.metrics.committed(&result, begun.elapsed());
        result
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, Error> {
        self.store.events(after, limit).await
    }

    async fn snapshot(&self, path: &std::path::Path) -> Result<(), Error> {
        self.store.snapshot(path).await
    }

    async fn scrub(&self) -> Result<(), Error> {
        self.watch(self.store.scrub().await)
    }

    fn forget_events(&self, up_to: u64) {
        self.store.forget_events(up_to);
    }

    async fn close(&self) -> Result<(), Error> {
        self.watch(self.store.close().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_flush_calls_for_the_end_and_nothing_else_does() {
        let store = FailStop::new(store::open("memory:").await.unwrap(), Arc::default());
        store.fail(&Error::Full("/data".into()));
        store.fail(&Error::Io("a bad day".into()));
        assert!(store.failed.borrow().is_none());
        store.fail(&Error::Failed("fdatasync: I/O error".into()));
        assert!(store.failed().await.contains("fdatasync: I/O error"));
    }
}
