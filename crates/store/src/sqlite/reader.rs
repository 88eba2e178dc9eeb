//! Reads: in place on the caller's task, for they take some ten microseconds; what turns out to take long moves to a thread that
//! may block.
//!
//! The invariant: **a read sees all that was answered before it began**: a single record is found where it is, and a search waits
//! until the tables show what was pending.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};

use super::cache::Cache;
use super::pending::Pending;
use super::pool::Pool;
use super::{search, snapshot};
use crate::backend::Reader;
use crate::{Error, Event, Key, Page, Query, Record, Scan};

/// Index entries that a read may look at in place: under a millisecond.
const BUDGET: usize = 512;

const GET: &str = "SELECT version, body FROM record WHERE space=?1 AND kind=?2 AND id=?3";
const EVENTS: &str = "SELECT seq, body FROM event WHERE seq>?1 ORDER BY seq LIMIT ?2";

/// The reading half of the back end.
pub(crate) struct SqliteReader(pub(super) Arc<Lookup>);

/// Where records are looked up: first among what is pending, then in the cache, then in the tables.
pub(crate) struct Lookup {
    pub(super) pending: Arc<Pending>,
    pub(super) cache: Arc<Cache>,
    pub(super) pool: Pool,
}

impl Lookup {
    /// The record as the last answered commit left it.
    pub(crate) fn get(&self, key: &Key) -> Result<Option<Record>, Error> {
        if let Some(latest) = self.pending.get(key) {
            return Ok(latest);
        }
        if let Some(record) = self.cache.get(key) {
            return Ok(Some(record));
        }
        let ticket = self.cache.ticket(key);
        let record = self.pool.read(|db| get(db, key))?;
        if let Some(record) = &record {
            self.cache.fill(ticket, record);
        }
        Ok(record)
    }

    /// Later reads fail with [`Error::Closed`].
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

impl SqliteReader {
    /// Tries in place with a budget, and without one where blocking is allowed.
    async fn search<Q: Clone + Send + Sync + 'static, T: Send + 'static>(
        &self,
        query: &Q,
        search: fn(&Connection, &Q, usize) -> rusqlite::Result<Option<T>>,
    ) -> Result<T, Error> {
        self.0.pending.settled().await?;
        if let Some(found) = self.0.pool.read(|db| search(db, query, BUDGET))? {
            return Ok(found);
        }
        let (lookup, query) = (self.0.clone(), query.clone());
        let without_budget = move || lookup.pool.read(|db| search(db, &query, usize::MAX));
        let found = match tokio::runtime::Handle::try_current() {
            Ok(runtime) => runtime.spawn_blocking(without_budget).await.unwrap_or(Err(Error::Closed)),
            Err(_) => without_budget(),
        };
        found?.ok_or(Error::Closed)
    }
}

impl Reader for SqliteReader {
    async fn get(&self, key: &Key) -> Result<Option<Record>, Error> {
        self.0.get(key)
    }

    async fn find(&self, query: &Query) -> Result<Page, Error> {
        self.search(query, search::find).await
    }

    async fn scan(&self, scan: &Scan) -> Result<Page, Error> {
        self.search(scan, search::scan).await
    }

    async fn count(&self, query: &Query) -> Result<u64, Error> {
        self.search(query, search::count).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, Error> {
        self.0.pending.settled().await?;
        self.0.pool.read(|db| events(db, after, limit))
    }

    async fn snapshot(&self, path: &Path) -> Result<(), Error> {
        self.0.pending.settled().await?;
        let (lookup, path) = (self.0.clone(), path.to_owned());
        let copied = tokio::task::spawn_blocking(move || snapshot::take(&lookup.pool, &path));
        copied.await.unwrap_or(Err(Error::Closed))
    }

    async fn written_back(&self) -> Result<(), Error> {
        self.0.pending.written_back().await
    }

    fn forget_events(&self, up_to: u64) {
        self.0.pending.forget_events(up_to);
    }
}

fn get(db: &Connection, key: &Key) -> rusqlite::Result<Option<Record>> {
    let mut statement = db.prepare_cached(GET)?;
    let found = statement
        .query_row((key.space.0, key.kind.0, key.id), |row| Ok(Record::new(*key, unsigned(row, 0)?, bytes(row, 1)?)));
    found.optional()
}

fn events(db: &Connection, after: u64, limit: usize) -> rusqlite::Result<Vec<Event>> {
    let mut statement = db.prepare_cached(EVENTS)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement
        .query_map((signed(after), limit), |row| Ok(Event { sequence: unsigned(row, 0)?, body: bytes(row, 1)? }))?;
    rows.collect()
}

/// Places and sequence numbers are positive and far below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

pub(super) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_blob()?))
}
