//! [`Meddler`]: a real store with somebody at its cables: it fails when told to, and gives out other records than it was given.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Batch, Change, Error, Event, Key, Page, Query, Record, Scan, Space, Store};
use tokio::sync::Notify;

type Alter = Box<dyn Fn(Record) -> Option<Record> + Send + Sync>;
type Fail = Box<dyn FnMut(&Batch) -> Option<Error> + Send>;

/// A store that can be meddled with.
pub(crate) struct Meddler {
    inner: Arc<dyn Store>,
    keys: Mutex<BTreeSet<Key>>,
    alter: Mutex<Option<Arc<Alter>>>,
    fail: Mutex<Option<Fail>>,
    gate: Mutex<Option<Arc<Gate>>>,
    scanned: Mutex<BTreeMap<Space, usize>>,
    scans: AtomicUsize,
}

/// Where a count is held up.
#[derive(Default)]
pub(crate) struct Gate {
    reached: Notify,
    open: Notify,
}

impl Gate {
    /// Waits until the count is here.
    pub(crate) async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets it go.
    pub(crate) fn open(&self) {
        self.open.notify_one();
    }
}

impl Meddler {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Meddler {
            inner,
            keys: Mutex::default(),
            alter: Mutex::default(),
            fail: Mutex::default(),
            gate: Mutex::default(),
            scanned: Mutex::default(),
            scans: AtomicUsize::new(0),
        }
    }

    /// From now on records are given out as `alter` makes them.
    pub(crate) fn alter(&self, alter: impl Fn(Record) -> Option<Record> + Send + Sync + 'static) {
        *self.alter.lock() = Some(Arc::new(Box::new(alter)));
    }

    /// From now on commits for which `fail` has an error are not made.
    pub(crate) fn fail(&self, fail: impl FnMut(&Batch) -> Option<Error> + Send + 'static) {
        *self.fail.lock() = Some(Box::new(fail));
    }

    /// Records are given out as they are, and commits are made.
    pub(crate) fn heal(&self) {
        *self.alter.lock() = None;
        *self.fail.lock() = None;
    }

    /// Every record, as it is.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let keys: Vec<Key> = self.keys.lock().iter().copied().collect();
        let mut records = Vec::new();
        for key in keys {
            records.extend(self.inner.get(&key).await.unwrap());
        }
        records
    }

    /// The next count of records waits with what it found until it is let go.
    pub(crate) fn gate(&self) -> Arc<Gate> {
        let gate = Arc::new(Gate::default());
        *self.gate.lock() = Some(Arc::clone(&gate));
        gate
    }

    /// How many records scans have read so far, in each space.
    pub(crate) fn scanned(&self) -> BTreeMap<Space, usize> {
        self.scanned.lock().clone()
    }

    /// How many scans there were so far.
    pub(crate) fn scans(&self) -> usize {
        self.scans.load(Ordering::SeqCst)
    }

    fn altered(&self, record: Record) -> Option<Record> {
        match self.alter.lock().clone() {
            Some(alter) => alter(record),
            None => Some(record),
        }
    }
}

#[async_trait::async_trait]
impl Store for Meddler {
    async fn get(&self, key: &Key) -> Result<Option<Record>, Error> {
        Ok(self.inner.get(key).await?.and_then(|record| self.altered(record)))
    }

    async fn find(&self, query: &Query) -> Result<Page, Error> {
        let page = self.inner.find(query).await?;
        let records = page.records.into_iter().filter_map(|(at, record)| Some((at, self.altered(record)?)));
        Ok(Page { records: records.collect(), more: page.more })
    }

    async fn scan(&self, scan: &Scan) -> Result<Page, Error> {
        self.scans.fetch_add(1, Ordering::SeqCst);
        let page = self.inner.scan(scan).await?;
        *self.scanned.lock().entry(scan.space).or_default() += page.records.len();
        let records = page.records.into_iter().filter_map(|(at, record)| Some((at, self.altered(record)?)));
        Ok(Page { records: records.collect(), more: page.more })
    }

    async fn count(&self, query: &Query) -> Result<u64, Error> {
        let count = self.inner.count(query).await?;
        let gate = self.gate.lock().take();
        if let Some(gate) = gate {
            gate.reached.notify_one();
            gate.open.notified().await;
        }
        Ok(count)
    }

    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        if let Some(error) = self.fail.lock().as_mut().and_then(|fail| fail(&batch)) {
            return Err(error);
        }
        let put = |change: &Change| if let Change::Put { key, .. } = change { Some(*key) } else { None };
        self.keys.lock().extend(batch.changes.iter().filter_map(put));
        self.inner.commit(batch).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, Error> {
        self.inner.events(after, limit).await
    }

    async fn snapshot(&self, path: &std::path::Path) -> Result<(), Error> {
        self.inner.snapshot(path).await
    }

    async fn scrub(&self) -> Result<(), Error> {
        self.inner.scrub().await
    }

    fn forget_events(&self, up_to: u64) {
        self.inner.forget_events(up_to);
    }

    async fn close(&self) -> Result<(), Error> {
        self.inner.close().await
    }
}
