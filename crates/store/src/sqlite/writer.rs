//! Writes: a group of batches in one transaction.
//!
//! A batch is looked at before it is carried out, so that one that conflicts leaves nothing to undo. The invariant: **the
//! database sees a batch's first change only when all its expectations hold**.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::cache::Cache;
use super::checkpoint::Checkpointer;
use super::fault::Place;
use crate::backend::{Outcome, Writer};
use crate::lock::Lock;
use crate::{Batch, Change, Error, Expect, Key, Term};

const LOOK: &str = "SELECT seq, version, terms FROM record WHERE space=?1 AND kind=?2 AND id=?3";
const INSERT: &str =
    "INSERT INTO record (seq, space, kind, id, version, terms, body) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6)";
const UPDATE: &str = "UPDATE record SET version=?2, terms=?3, body=?4 WHERE seq=?1";
const DELETE: &str = "DELETE FROM record WHERE seq=?1";
const INDEX: &str = "INSERT INTO term (space, kind, term, seq) VALUES (?1, ?2, ?3, ?4)";
const UNINDEX: &str = "DELETE FROM term WHERE space=?1 AND kind=?2 AND term=?3 AND seq=?4";
const LOG: &str = "INSERT INTO event (seq, body) VALUES (?1, ?2)";
const RAISE: &str = "UPDATE meta SET value=?1 WHERE name='high'";
const HIGHEST: &str =
    "SELECT max((SELECT value FROM meta WHERE name='high'), ifnull((SELECT max(seq) FROM record), 0)),
                              ifnull((SELECT max(seq) FROM event), 0)";

/// The term that every record bears.
const EVERY: &[u8] = &[];

/// The writing half of the back end. Fields are dropped in order: the lock last.
pub(crate) struct SqliteWriter {
    session: Session,
    cache: Arc<Cache>,
    checkpointer: Checkpointer,
    _lock: Lock,
}

/// The writing connection and where it stands.
struct Session {
    db: Connection,
    last: Last,
    place: Place,
}

/// The highest numbers given out.
#[derive(Clone, Copy)]
struct Last {
    place: i64,
    event: i64,
}

/// What stands at a key.
struct Found {
    place: i64,
    version: u64,
    terms: Vec<u8>,
}

impl SqliteWriter {
    pub(crate) fn new(
        db: Connection,
        place: Place,
        cache: Arc<Cache>,
        checkpointer: Checkpointer,
        lock: Lock,
    ) -> Result<Self, Error> {
        let last = db.query_row(HIGHEST, (), |row| Ok(Last { place: row.get(0)?, event: row.get(1)? }));
        let last = last.map_err(|error| place.fault(&error))?;
        Ok(Self { session: Session { db, last, place }, cache, checkpointer, _lock: lock })
    }
}

impl Writer for SqliteWriter {
    fn apply(&mut self, batches: &[Batch]) -> Result<Vec<Outcome>, Error> {
        let _changing = self.cache.change(batches.iter().flat_map(written).collect());
        let before = self.session.db.total_changes();
        let outcomes = {
            let _turn = self.checkpointer.turn()?;
            self.session.transact(batches)
        };
        self.checkpointer.changed(self.session.db.total_changes() - before);
        outcomes
    }

    fn close(mut self) -> Result<(), Error> {
        self.checkpointer.stop();
        let Session { db, place, .. } = self.session;
        db.close().map_err(|(_, error)| place.fault(&error))
    }
}

impl Session {
    /// Runs the group between BEGIN and COMMIT, or rolls back.
    fn transact(&mut self, batches: &[Batch]) -> Result<Vec<Outcome>, Error> {
        let t0 = std::time::Instant::now();
        self.execute("BEGIN IMMEDIATE").map_err(|error| self.place.fault(&error))?;
        let mut last = self.last;
        let t1 = std::time::Instant::now();
        let applied: rusqlite::Result<Vec<_>> = batches.iter().map(|batch| apply(&self.db, &mut last, batch)).collect();
        let t2 = std::time::Instant::now();
        let committed = applied.map_err(|error| self.place.fault(&error)).and_then(|outcomes| {
            self.execute("COMMIT").map_err(|error| self.place.commit_fault(&error))?;
            Ok(outcomes)
        });
        if std::env::var_os("GS").is_some() {
            eprintln!(
                "T {} {:?} {:?} {:?}",
                batches.len(),
                (t1 - t0).as_micros(),
                (t2 - t1).as_micros(),
                t2.elapsed().as_micros()
            );
        }
        match &committed {
            Ok(_) => self.last = last,
            Err(_) => self.roll_back()?,
        }
        committed
    }

    /// SQLite may have rolled back by itself.
    fn roll_back(&self) -> Result<(), Error> {
        if self.db.is_autocommit() {
            return Ok(());
        }
        self.execute("ROLLBACK").map_err(|error| self.place.failed(&error))
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute(()).map(drop)
    }
}

/// The keys that a batch writes if it is carried out.
fn written(batch: &Batch) -> impl Iterator<Item = Key> {
    batch.changes.iter().filter(|change| !matches!(change, Change::Check { .. })).map(|change| *change.key())
}

/// One batch: first every look, then every change.
fn apply(db: &Connection, last: &mut Last, batch: &Batch) -> rusqlite::Result<Outcome> {
    let mut found = Vec::with_capacity(batch.changes.len());
    for change in &batch.changes {
        match expected(change, look(db, change.key())?) {
            Ok(there) => found.push(there),
            Err(conflict) => return Ok(Err(conflict)),
        }
    }
    for (change, there) in batch.changes.iter().zip(found) {
        carry_out(db, last, change, there)?;
    }
    for event in &batch.events {
        last.event += 1;
        db.prepare_cached(LOG)?.execute((last.event, event))?;
    }
    Ok(Ok(()))
}

fn look(db: &Connection, key: &Key) -> rusqlite::Result<Option<Found>> {
    let found = db.prepare_cached(LOOK)?.query_row((key.space.0, key.kind.0, key.id), |row| {
        let version: i64 = row.get(1)?;
        Ok(Found { place: row.get(0)?, version: version.unsigned_abs(), terms: row.get(2)? })
    });
    found.optional()
}

/// What stands at the key, if that is what the change expects.
fn expected(change: &Change, found: Option<Found>) -> Result<Option<Found>, Error> {
    match (change.expect(), found) {
        (Expect::Absent, None) => Ok(None),
        (Expect::Version(version), Some(found)) if version == found.version => Ok(Some(found)),
        (Expect::Absent | Expect::Version(_), _) => Err(Error::Conflict(*change.key())),
    }
}

fn carry_out(db: &Connection, last: &mut Last, change: &Change, there: Option<Found>) -> rusqlite::Result<()> {
    match (change, there) {
        (Change::Put { key, body, terms, .. }, None) => insert(db, last, key, body, terms),
        (Change::Put { key, body, terms, .. }, Some(old)) => update(db, key, &old, body, terms),
        (Change::Delete { key, .. }, Some(old)) => delete(db, last, key, &old),
        (Change::Delete { .. }, None) | (Change::Check { .. }, _) => Ok(()),
    }
}

fn insert(db: &Connection, last: &mut Last, key: &Key, body: &[u8], terms: &[Term]) -> rusqlite::Result<()> {
    last.place += 1;
    let new = distinct(terms);
    db.prepare_cached(INSERT)?.execute((last.place, key.space.0, key.kind.0, key.id, new.as_flattened(), body))?;
    index(db, INDEX, key, last.place, new.iter().map(<[u8; 16]>::as_slice).chain([EVERY]))
}

fn update(db: &Connection, key: &Key, old: &Found, body: &[u8], terms: &[Term]) -> rusqlite::Result<()> {
    let new = distinct(terms);
    let version = i64::try_from(old.version + 1).unwrap_or(i64::MAX);
    db.prepare_cached(UPDATE)?.execute((old.place, version, new.as_flattened(), body))?;
    let (before, _) = old.terms.as_chunks::<16>();
    let gone = before.iter().filter(|term| !new.contains(term)).map(<[u8; 16]>::as_slice);
    index(db, UNINDEX, key, old.place, gone)?;
    index(db, INDEX, key, old.place, new.iter().filter(|term| !before.contains(term)).map(<[u8; 16]>::as_slice))
}

/// The place of the last record stays taken, also for the next process: a cursor must not meet it twice.
fn delete(db: &Connection, last: &Last, key: &Key, old: &Found) -> rusqlite::Result<()> {
    if old.place == last.place {
        db.prepare_cached(RAISE)?.execute([last.place])?;
    }
    let (terms, _) = old.terms.as_chunks::<16>();
    index(db, UNINDEX, key, old.place, terms.iter().map(<[u8; 16]>::as_slice).chain([EVERY]))?;
    db.prepare_cached(DELETE)?.execute([old.place]).map(drop)
}

fn index<'a>(
    db: &Connection,
    sql: &str,
    key: &Key,
    place: i64,
    terms: impl Iterator<Item = &'a [u8]>,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(sql)?;
    for term in terms {
        statement.execute((key.space.0, key.kind.0, term, place))?;
    }
    Ok(())
}

/// The terms in order, each once.
fn distinct(terms: &[Term]) -> Vec<[u8; 16]> {
    let mut terms: Vec<_> = terms.iter().map(|term| term.0).collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}
