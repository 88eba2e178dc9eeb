//! Searches of the tables: an index drives, and what it names is looked up by place.
//!
//! A search has a budget of index entries that it may look at; none instead of an answer says that it did not suffice. The
//! invariant: **an answer comes from one snapshot**: while the driving statement is open, the others see what it sees.

mod nearest;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use rusqlite::{CachedStatement, Connection, Rows};

use self::nearest::Nearest;
use super::reader::{bytes, signed, unsigned};
use crate::{Key, Kind, Order, Page, Query, Record, Scan, Space, Term};

const LATER: &str = "SELECT seq FROM term WHERE space=?1 AND kind=?2 AND term=?3 AND seq>?4 ORDER BY seq";
const EARLIER: &str = "SELECT seq FROM term WHERE space=?1 AND kind=?2 AND term=?3 AND seq<?4 ORDER BY seq DESC";
const ABOVE: &str = "SELECT seq FROM record WHERE space=?1 AND kind=?2 AND id>?3 ORDER BY id";
const BELOW: &str = "SELECT seq FROM record WHERE space=?1 AND kind=?2 AND id<?3 ORDER BY id DESC";
const BEARS: &str = "SELECT 1 FROM term WHERE space=?1 AND kind=?2 AND term=?3 AND seq=?4";
const RECORD: &str = "SELECT id, version, body FROM record WHERE seq=?1";
const ID: &str = "SELECT id FROM record WHERE seq=?1";

/// Less and more than every identifier.
const LEAST: &[u8] = &[];
const GREATEST: &[u8] = &[0xFF; 17];

type Found<T> = rusqlite::Result<T>;
type Step = Found<ControlFlow<()>>;

/// The page that a query asks for.
pub(super) fn find(db: &Connection, query: &Query, budget: usize) -> Found<Option<Page>> {
    let mut page = Filling::new(db, query.space, query.kind, query.limit)?;
    let done = bearers_of_all(db, query, query.after, budget, |place| page.add(place))?;
    Ok(done.then_some(page.page))
}

/// How many records a query finds without its cursor and limit.
pub(super) fn count(db: &Connection, query: &Query, budget: usize) -> Found<Option<u64>> {
    let mut count = 0;
    let done = bearers_of_all(db, query, 0, budget, |_| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(done.then_some(count))
}

/// The page that a scan asks for.
pub(super) fn scan(db: &Connection, scan: &Scan, budget: usize) -> Found<Option<Page>> {
    let mut page = Filling::new(db, scan.space, scan.kind, scan.limit)?;
    let done = match (scan.order, scan.term) {
        (Order::Made { after }, _) => by_place(db, scan, after, budget, &mut page),
        (Order::Id { after }, None) => by_id(db, scan, after, budget, &mut page),
        (Order::Id { after }, Some(term)) => bearers_by_id(db, scan, term, after, budget, &mut page),
    }?;
    Ok(done.then_some(page.page))
}

fn by_place(db: &Connection, scan: &Scan, after: Option<u64>, budget: usize, page: &mut Filling<'_>) -> Found<bool> {
    let (sql, start) = if scan.descending { (EARLIER, i64::MAX) } else { (LATER, 0) };
    let mut driver = db.prepare_cached(sql)?;
    let rows = driver.query((scan.space.0, scan.kind.0, indexed(scan.term.as_ref()), after.map_or(start, signed)))?;
    walk(rows, budget, |place| page.add(place))
}

fn by_id(db: &Connection, scan: &Scan, after: Option<[u8; 16]>, budget: usize, page: &mut Filling<'_>) -> Found<bool> {
    let (sql, start) = in_order(scan, after.as_ref());
    let mut driver = db.prepare_cached(sql)?;
    let rows = driver.query((scan.space.0, scan.kind.0, start))?;
    walk(rows, budget, |place| page.add(place))
}

/// No index has the bearers of a term by identifier. Among many bearers the page is soon full when all records are passed by in
/// their order; of few bearers the nearest are soon known. An entry of each in turns, and whichever way ends first was at most
/// twice as long as the shorter one: for a page of `p` among `n` records with random identifiers, at most 2·√(p·n) entries.
fn bearers_by_id(
    db: &Connection,
    scan: &Scan,
    term: Term,
    after: Option<[u8; 16]>,
    budget: usize,
    page: &mut Filling<'_>,
) -> Found<bool> {
    let (sql, start) = in_order(scan, after.as_ref());
    let (mut all, mut bearers, mut id) = (db.prepare_cached(sql)?, db.prepare_cached(LATER)?, db.prepare_cached(ID)?);
    let mut all = all.query((scan.space.0, scan.kind.0, start))?;
    let mut bearers = bearers.query((scan.space.0, scan.kind.0, term.0, 0))?;
    let mut nearest = Nearest::new(scan, after);
    for _ in 0..budget / 2 {
        let Some(row) = all.next()? else { return Ok(true) };
        let place = row.get(0)?;
        if bears(db, scan.space, scan.kind, &[term], place)? && page.add(place)?.is_break() {
            return Ok(true);
        }
        let Some(row) = bearers.next()? else { return page.refill(nearest.places()) };
        let place = row.get(0)?;
        nearest.offer(id.query_row([place], |row| row.get(0))?, place);
    }
    Ok(false)
}

/// The statement that goes through all identifiers after one, and where it begins.
fn in_order<'a>(scan: &Scan, after: Option<&'a [u8; 16]>) -> (&'static str, &'a [u8]) {
    let (sql, start) = if scan.descending { (BELOW, GREATEST) } else { (ABOVE, LEAST) };
    (sql, after.map_or(start, |id| id))
}

/// Visits the places after a cursor that bear all terms of a query: the first term drives, the others are looked up.
fn bearers_of_all(
    db: &Connection,
    query: &Query,
    after: u64,
    budget: usize,
    mut visit: impl FnMut(i64) -> Step,
) -> Found<bool> {
    let mut driver = db.prepare_cached(LATER)?;
    let rows = driver.query((query.space.0, query.kind.0, indexed(query.terms.first()), signed(after)))?;
    let others = query.terms.get(1..).unwrap_or(&[]);
    walk(rows, budget, |place| {
        let bears = bears(db, query.space, query.kind, others, place)?;
        if bears { visit(place) } else { Ok(ControlFlow::Continue(())) }
    })
}

/// Visits places until there are no more or it is enough. False when the budget of entries did not suffice.
fn walk(mut places: Rows<'_>, budget: usize, mut visit: impl FnMut(i64) -> Step) -> Found<bool> {
    let mut left = budget;
    while let Some(row) = places.next()? {
        let Some(less) = left.checked_sub(1) else { return Ok(false) };
        left = less;
        if visit(row.get(0)?)?.is_break() {
            break;
        }
    }
    Ok(true)
}

fn bears(db: &Connection, space: Space, kind: Kind, terms: &[Term], place: i64) -> Found<bool> {
    if terms.is_empty() {
        return Ok(true);
    }
    let mut lookup = db.prepare_cached(BEARS)?;
    for term in terms {
        if !lookup.exists((space.0, kind.0, term.0, place))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A term as the index has it; every record stands there under the empty one too.
fn indexed(term: Option<&Term>) -> &[u8] {
    term.map_or(&[], |term| &term.0)
}

/// A page that is being filled.
struct Filling<'a> {
    record: CachedStatement<'a>,
    space: Space,
    kind: Kind,
    limit: usize,
    page: Page,
}

impl<'a> Filling<'a> {
    fn new(db: &'a Connection, space: Space, kind: Kind, limit: usize) -> Found<Self> {
        Ok(Self { record: db.prepare_cached(RECORD)?, space, kind, limit, page: Page::default() })
    }

    /// Adds the record at a place, or breaks off: the page was full before.
    fn add(&mut self, place: i64) -> Step {
        if self.page.records.len() == self.limit {
            self.page.more = true;
            return Ok(ControlFlow::Break(()));
        }
        let record = self.record.query_row([place], |row| {
            let key = Key { space: self.space, kind: self.kind, id: row.get(0)? };
            Ok(Record::new(key, unsigned(row, 1)?, bytes(row, 2)?))
        })?;
        self.page.records.push((place.unsigned_abs(), record));
        Ok(ControlFlow::Continue(()))
    }

    /// Fills the page anew. True, for it is done.
    fn refill(&mut self, places: impl Iterator<Item = i64>) -> Found<bool> {
        self.page = Page::default();
        for place in places {
            if self.add(place)?.is_break() {
                break;
            }
        }
        Ok(true)
    }
}
