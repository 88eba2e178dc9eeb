//! [`Counting`]: a real store that counts the records that it gives out.

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Batch, Event, Key, Page, Query, Record, Scan, Store};

pub(crate) struct Counting {
    store: Arc<dyn Store>,
    records: AtomicUsize,
    calls: AtomicUsize,
}

impl Counting {
    pub(crate) fn over(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Counting { store, records: AtomicUsize::new(0), calls: AtomicUsize::new(0) })
    }

    /// How many records were given out since the last time, and in how many calls.
    pub(crate) fn taken(&self) -> (usize, usize) {
        (self.records.swap(0, Ordering::SeqCst), self.calls.swap(0, Ordering::SeqCst))
    }

    fn count(&self, records: usize) {
        self.records.fetch_add(records, Ordering::SeqCst);
        self.calls.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for Counting {
    async fn get(&self, key: &Key) -> Result<Option<Record>, store::Error> {
        self.count(1);
        self.store.get(key).await
    }

    async fn find(&self, query: &Query) -> Result<Page, store::Error> {
        let page = self.store.find(query).await?;
        self.count(page.records.len());
        Ok(page)
    }

    async fn scan(&self, scan: &Scan) -> Result<Page, store::Error> {
        let page = self.store.scan(scan).await?;
        self.count(page.records.len());
        Ok(page)
    }

    async fn count(&self, query: &Query) -> Result<u64, store::Error> {
        self.count(0);
        self.store.count(query).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), store::Error> {
        self.store.commit(batch).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, store::Error> {
        self.store.events(after, limit).await
    }

    async fn snapshot(&self, path: &std::path::Path) -> Result<(), store::Error> {
        self.store.snapshot(path).await
    }

    async fn scrub(&self) -> Result<(), store::Error> {
        self.store.scrub().await
    }

    fn forget_events(&self, up_to: u64) {
        self.store.forget_events(up_to);
    }

    async fn close(&self) -> Result<(), store::Error> {
        self.store.close().await
    }
}
