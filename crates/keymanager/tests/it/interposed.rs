//! [`Interposed`]: a real store, before whose next commit of some sort something else happens first.

use async_trait::async_trait;
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Batch, Change, Event, Key, Kind, Page, Query, Record, Scan, Store};

type Deed = Pin<Box<dyn Future<Output = ()> + Send>>;
type When = Box<dyn Fn(&Batch) -> bool + Send + Sync>;

pub(crate) struct Interposed {
    store: Arc<dyn Store>,
    next: Mutex<Option<(When, Deed)>>,
    broken: Mutex<Option<When>>,
    scrubs: AtomicUsize,
}

impl Interposed {
    pub(crate) fn over(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Interposed { store, next: Mutex::new(None), broken: Mutex::new(None), scrubs: AtomicUsize::new(0) })
    }

    /// Does something before the next commit that is such.
    pub(crate) fn before(
        &self,
        when: impl Fn(&Batch) -> bool + Send + Sync + 'static,
        deed: impl Future<Output = ()> + Send + 'static,
    ) {
        *self.next.lock() = Some((Box::new(when), Box::pin(deed)));
    }

    /// Whether that was done.
    pub(crate) fn is_done(&self) -> bool {
        self.next.lock().is_none()
    }

    /// How many scrubs were begun since the last look.
    pub(crate) fn scrubs(&self) -> usize {
        self.scrubs.swap(0, Ordering::SeqCst)
    }

    /// From now on, commits that are such fail.
    pub(crate) fn refuse(&self, when: impl Fn(&Batch) -> bool + Send + Sync + 'static) {
        *self.broken.lock() = Some(Box::new(when));
    }
}

/// A batch that puts a record of a kind.
pub(crate) fn puts(kind: u8) -> impl Fn(&Batch) -> bool + Copy {
    move |batch| batch.changes.iter().any(|change| matches!(change, Change::Put { key, .. } if key.kind == Kind(kind)))
}

#[async_trait]
impl Store for Interposed {
    async fn commit(&self, batch: Batch) -> Result<(), store::Error> {
        let deed = {
            let mut next = self.next.lock();
            if next.as_ref().is_some_and(|(when, _)| when(&batch)) { next.take() } else { None }
        };
        if let Some((_, deed)) = deed {
            deed.await;
        }
        if self.broken.lock().as_ref().is_some_and(|broken| broken(&batch)) {
            return Err(store::Error::Io("broken for a test".into()));
        }
        self.store.commit(batch).await
    }

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

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, store::Error> {
        self.store.events(after, limit).await
    }

    async fn snapshot(&self, path: &std::path::Path) -> Result<(), store::Error> {
        self.store.snapshot(path).await
    }

    async fn scrub(&self) -> Result<(), store::Error> {
        self.scrubs.fetch_add(1, Ordering::SeqCst);
        self.store.scrub().await
    }

    fn forget_events(&self, up_to: u64) {
        self.store.forget_events(up_to);
    }

    async fn close(&self) -> Result<(), store::Error> {
        self.store.close().await
    }
}
