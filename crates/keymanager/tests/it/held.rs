//! [`Held`]: a real store whose commits wait for as long as somebody holds them, and come true whether or not their caller still waits.

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Batch, Event, Key, Page, Query, Record, Scan, Store};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};

pub(crate) struct Held {
    store: Arc<dyn Store>,
    gate: Arc<RwLock<()>>,
    begun: AtomicUsize,
}

impl Held {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Held { store, gate: Arc::default(), begun: AtomicUsize::new(0) })
    }

    /// How many commits were begun.
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    /// Holds all commits until this is dropped.
    pub(crate) async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.gate).write_owned().await
    }
}

#[async_trait]
impl Store for Held {
    async fn get(&self, key: &Key) -> Result<Option<Record>, store::Error> {
        self.store.get(key).await
    }

    async fn find(&self, query: &Query) -> Result<Page, store::Error> {
        self.store.find(query).await
    }

    async fn scan(&self, scan: &Scan) -> Result<Page, store::Error> {
        self.store.scan(scan).await
    }

    async fn count(&self, query: &Query) -> Result<u64, store::Error> {
        self.store.count(query).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), store::Error> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let (store, gate) = (Arc::clone(&self.store), Arc::clone(&self.gate));
        let task = tokio::spawn(async move {
            let _open = gate.read().await;
            store.commit(batch).await
        });
        task.await.unwrap()
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
