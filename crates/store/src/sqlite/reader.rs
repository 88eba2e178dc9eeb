//! Reads: in place on the caller's task, for they take some ten microseconds; what turns out to take long moves to a thread that
//! may block. A single record is found where it is; a search waits until the tables show all that was answered before it.
//!
//! The invariant: **a page comes from one snapshot**: while the driving statement is open, the others see what it sees.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};

use super::cache::Cache;
use super::pending::Pending;
use super::pool::Pool;
use crate::backend::Reader;
use crate::{Error, Event, Key, Page, Query, Record, Term};

/// Index entries that a read may look at in place: under a millisecond.
const BUDGET: usize = 512;

const GET: &str = "SELECT version, body FROM record WHERE space=?1 AND kind=?2 AND id=?3";
const PLACES: &str = "SELECT seq FROM term WHERE space=?1 AND kind=?2 AND term=?3 AND seq>?4 ORDER BY seq";
const BEARS: &str = "SELECT 1 FROM term WHERE space=?1 AND kind=?2 AND term=?3 AND seq=?4";
const RECORD: &str = "SELECT id, version, body FROM record WHERE seq=?1";
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
    async fn search<T: Send + 'static>(
        &self,
        query: &Query,
        search: fn(&Connection, &Query, usize) -> rusqlite::Result<Option<T>>,
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
        self.search(query, find).await
    }

    async fn count(&self, query: &Query) -> Result<u64, Error> {
        self.search(query, count).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, Error> {
        self.0.pending.settled().await?;
        self.0.pool.read(|db| events(db, after, limit))
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

/// A page, or none when the budget did not suffice.
fn find(db: &Connection, query: &Query, budget: usize) -> rusqlite::Result<Option<Page>> {
    let mut page = Page::default();
    let mut statement = db.prepare_cached(RECORD)?;
    let done = walk(db, query, query.after, budget, |place| {
        if page.records.len() == query.limit {
            page.more = true;
            return Ok(ControlFlow::Break(()));
        }
        let record = statement.query_row([place], |row| {
            let key = Key { space: query.space, kind: query.kind, id: row.get(0)? };
            Ok(Record::new(key, unsigned(row, 1)?, bytes(row, 2)?))
        })?;
        page.records.push((place.unsigned_abs(), record));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(done.then_some(page))
}

/// How many, or none when the budget did not suffice.
fn count(db: &Connection, query: &Query, budget: usize) -> rusqlite::Result<Option<u64>> {
    let mut count = 0;
    let done = walk(db, query, 0, budget, |_| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(done.then_some(count))
}

/// Visits the places after a cursor that bear all terms: the first term drives, the others are looked up. False when the budget
/// of entries did not suffice.
fn walk(
    db: &Connection,
    query: &Query,
    after: u64,
    budget: usize,
    mut visit: impl FnMut(i64) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<bool> {
    let mut driver = db.prepare_cached(PLACES)?;
    let first: &[u8] = query.terms.first().map_or(&[], |term| &term.0);
    let mut rows = driver.query((query.space.0, query.kind.0, first, signed(after)))?;
    let mut left = budget;
    while let Some(row) = rows.next()? {
        let Some(less) = left.checked_sub(1) else { return Ok(false) };
        left = less;
        let place = row.get(0)?;
        if bears(db, query, query.terms.get(1..).unwrap_or(&[]), place)? && visit(place)?.is_break() {
            break;
        }
    }
    Ok(true)
}

fn bears(db: &Connection, query: &Query, terms: &[Term], place: i64) -> rusqlite::Result<bool> {
    if terms.is_empty() {
        return Ok(true);
    }
    let mut lookup = db.prepare_cached(BEARS)?;
    for term in terms {
        if !lookup.exists((query.space.0, query.kind.0, term.0, place))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Places and sequence numbers are positive and far below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_blob()?))
}
