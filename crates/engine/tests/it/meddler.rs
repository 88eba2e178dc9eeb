//! [`Meddler`]: a real store with somebody at its cables: it fails when told to, and gives out other records than it was given.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use std::sync::Arc;
use store::{Batch, Change, Error, Event, Key, Page, Query, Record, Store};

type Alter = Box<dyn Fn(Record) -> Option<Record> + Send + Sync>;
type Fail = Box<dyn FnMut(&Batch) -> Option<Error> + Send>;

/// A store that can be meddled with.
pub(crate) struct Meddler {
    inner: Arc<dyn Store>,
    keys: Mutex<BTreeSet<Key>>,
    alter: Mutex<Option<Arc<Alter>>>,
    fail: Mutex<Option<Fail>>,
}

impl Meddler {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Meddler { inner, keys: Mutex::default(), alter: Mutex::default(), fail: Mutex::default() }
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

    /// The record as it is given out. Nobody has made anything yet of one that was meddled with.
    fn altered(&self, record: Record) -> Option<Record> {
        match self.alter.lock().clone() {
            Some(alter) => alter(record).map(|Record { key, version, body, .. }| Record::new(key, version, body)),
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

    async fn count(&self, query: &Query) -> Result<u64, Error> {
        self.inner.count(query).await
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

    async fn close(&self) -> Result<(), Error> {
        self.inner.close().await
    }
}
