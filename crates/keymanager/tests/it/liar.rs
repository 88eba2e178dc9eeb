//! [`Liar`]: a real store, which counts its look-ups, and whose answers to them pass through a lie.

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Batch, Event, Key, Page, Query, Record, Scan, Store};

type Lie = Box<dyn Fn(&Key, Record) -> Record + Send + Sync>;

/// A store that lies when it is told to.
pub(crate) struct Liar {
    honest: Arc<dyn Store>,
    lie: Mutex<Lie>,
    looks: AtomicUsize,
}

impl Liar {
    pub(crate) fn new(honest: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Liar { honest, lie: Mutex::new(Box::new(|_, record| record)), looks: AtomicUsize::new(0) })
    }

    pub(crate) fn honest(&self) -> &Arc<dyn Store> {
        &self.honest
    }

    pub(crate) fn lie(&self, lie: impl Fn(&Key, Record) -> Record + Send + Sync + 'static) {
        *self.lie.lock() = Box::new(lie);
    }

    /// How often it was looked into since the last time that this was asked.
    pub(crate) fn looks(&self) -> usize {
        self.looks.swap(0, Ordering::SeqCst)
    }
}

/// The record with another body, as one who writes to the store could make it.
pub(crate) fn with(record: Record, change: impl Fn(&mut Vec<u8>)) -> Record {
    let mut body = record.body.to_vec();
    change(&mut body);
    Record::new(record.key, record.version, Bytes::from(body))
}

#[async_trait]
impl Store for Liar {
    async fn get(&self, key: &Key) -> Result<Option<Record>, store::Error> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let record = self.honest.get(key).await?;
        Ok(record.map(|record| self.lie.lock()(key, record)))
    }

    async fn find(&self, query: &Query) -> Result<Page, store::Error> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let mut page = self.honest.find(query).await?;
        let lie = self.lie.lock();
        page.records =
            page.records.into_iter().map(|(cursor, record)| (cursor, lie(&record.key.clone(), record))).collect();
        Ok(page)
    }

    async fn scan(&self, scan: &Scan) -> Result<Page, store::Error> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.honest.scan(scan).await
    }

    async fn count(&self, query: &Query) -> Result<u64, store::Error> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.honest.count(query).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), store::Error> {
        self.honest.commit(batch).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, store::Error> {
        self.honest.events(after, limit).await
    }

    async fn snapshot(&self, path: &std::path::Path) -> Result<(), store::Error> {
        self.honest.snapshot(path).await
    }

    async fn scrub(&self) -> Result<(), store::Error> {
        self.honest.scrub().await
    }

    fn forget_events(&self, up_to: u64) {
        self.honest.forget_events(up_to);
    }

    async fn close(&self) -> Result<(), store::Error> {
        self.honest.close().await
    }
}
