//! The tables' only writing connection: groups of the commit log, many to a transaction.
//!
//! The invariant: **the tables hold exactly the groups up to `applied`**, which changes in the same transaction. These
//! commits are not flushed, for the commit log was; a checkpoint flushes.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::cache::Cache;
use super::fault::Place;
use super::log::Frame;
use super::sweep::Sweeper;
use crate::{Batch, Change, Error, Expect, Key, Term};

const FIND: &str = "SELECT seq, version, terms FROM record WHERE space=?1 AND kind=?2 AND id=?3";
const INSERT: &str =
    "INSERT INTO record (seq, space, kind, id, version, terms, body) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6)";
const UPDATE: &str = "UPDATE record SET version=?2, terms=?3, body=?4 WHERE seq=?1";
const DELETE: &str = "DELETE FROM record WHERE seq=?1";
const INDEX: &str = "INSERT INTO term (space, kind, term, seq) VALUES (?1, ?2, ?3, ?4)";
const UNINDEX: &str = "DELETE FROM term WHERE space=?1 AND kind=?2 AND term=?3 AND seq=?4";
const LOG: &str = "INSERT INTO event (seq, body) VALUES (?1, ?2)";
const SET: &str = "UPDATE meta SET value=?2 WHERE name=?1";
const IDENTITY: &str = "SELECT value FROM meta WHERE name='identity'";
const STAND: &str = "SELECT max((SELECT value FROM meta WHERE name='high'), ifnull((SELECT max(seq) FROM record), 0)),
                            ifnull((SELECT max(seq) FROM event), 0),
                            (SELECT value FROM meta WHERE name='applied'),
                            ifnull((SELECT min(seq) FROM event), 1) - 1";
const FORGET: &str = "DELETE FROM event WHERE seq<=?1";
/// At most so many events are let go in one transaction, so that none takes long.
const FORGOTTEN: i64 = 4096;

/// Pages of 4 KiB in SQLite's own log: 256 MiB.
const LONG: i64 = 65_536;

/// The term that every record bears.
const EVERY: &[u8] = &[];

/// The connection, and where the tables stand.
pub(crate) struct Session {
    db: Connection,
    stand: Stand,
    cache: Arc<Cache>,
    place: Place,
    sweeper: Sweeper,
}

/// The highest numbers in the tables.
#[derive(Clone, Copy)]
struct Stand {
    place: i64,
    event: i64,
    applied: i64,
    /// No event up to this one is there any more.
    forgotten: i64,
}

/// What a checkpoint did.
struct Copied {
    /// The pages in SQLite's own log.
    pages: i64,
    all: bool,
}

/// What stands at a key.
struct Found {
    place: i64,
    version: u64,
    terms: Vec<u8>,
}

/// Why a group was not applied: SQLite's reason, or that the tables are not what the commit log was written for.
enum Trouble {
    Sqlite(rusqlite::Error),
    Unexpected,
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Session {
    pub(crate) fn new(db: Connection, cache: Arc<Cache>, place: Place) -> Result<Self, Error> {
        let stand = stand(&db).map_err(|error| place.fault(&error))?;
        let sweeper = Sweeper::open(place.path()).map_err(|error| place.io(&error))?;
        Ok(Self { db, stand, cache, place, sweeper })
    }

    /// Ties the commit log to this database.
    pub(crate) fn identity(&self) -> Result<u64, Error> {
        let identity: rusqlite::Result<i64> = self.db.query_row(IDENTITY, (), |row| row.get(0));
        identity.map(i64::cast_unsigned).map_err(|error| self.place.fault(&error))
    }

    /// The position up to which the tables hold everything.
    pub(crate) fn applied(&self) -> u64 {
        self.stand.applied.unsigned_abs()
    }

    /// Applies the groups that the tables don't hold yet, in one transaction, and lets go of events up to `forgettable`, but of the
    /// newest never.
    ///
    /// # Errors
    ///
    /// None of them was applied, and it may be tried again.
    pub(crate) fn apply(&mut self, groups: &[Frame], forgettable: u64) -> Result<(), Error> {
        let batches = groups.iter().flat_map(|group| &group.batches);
        let cache = self.cache.clone();
        let _changing = cache.change(batches.flat_map(written).collect());
        match self.transact(groups, forgettable.cast_signed()) {
            Ok(stand) => {
                self.stand = stand;
                Ok(())
            }
            Err(trouble) => {
                self.start_over()?;
                Err(match trouble {
                    Trouble::Sqlite(error) => self.place.fault(&error),
                    Trouble::Unexpected => self.place.damaged(&"a record is not what the commit log was written for"),
                })
            }
        }
    }

    /// Copies SQLite's own log back into the database and flushes both. Says whether all of it was copied: not while somebody
    /// reads what came before.
    pub(crate) fn checkpoint(&self) -> Result<bool, Error> {
        let copied = copy_back(&self.db, "PRAGMA wal_checkpoint(PASSIVE)").and_then(|copied| {
            // Readers that never pause would keep the log from starting again at its front: then they are waited for.
            if copied.pages > LONG { copy_back(&self.db, "PRAGMA wal_checkpoint(RESTART)") } else { Ok(copied) }
        });
        copied.map(|copied| copied.all).map_err(|error| self.place.fault(&error))
    }

    /// Copies SQLite's own log back into the database, flushes both, makes the log a file of no bytes, and overwrites what is left
    /// behind in the pages.
    ///
    /// # Errors
    ///
    /// Also where somebody reads what came before for longer than is waited for.
    pub(crate) fn write_back(&self) -> Result<(), Error> {
        let copied = copy_back(&self.db, "PRAGMA wal_checkpoint(TRUNCATE)");
        match copied.map_err(|error| self.place.fault(&error))?.all {
            true => self.sweep(),
            false => Err(Error::Locked(self.place.path().display().to_string())),
        }
    }

    /// The log must be empty. Pages that are kept in memory still have what was overwritten, so they are let go.
    fn sweep(&self) -> Result<(), Error> {
        let swept = self.sweeper.sweep().map_err(|error| self.place.io(&error))?;
        if swept > 0 {
            self.sweeper.flush().map_err(|error| self.place.failed(&error))?;
        }
        tracing::debug!(pages = swept, "what was left behind in the database was overwritten");
        self.db.execute_batch("PRAGMA shrink_memory").map_err(|error| self.place.fault(&error))
    }

    /// Closes the database, which copies SQLite's own log back and removes it; says whether that was done.
    pub(crate) fn close(self) -> Result<bool, Error> {
        let Self { db, place, sweeper: _sweeper, .. } = self;
        super::checkpoint_on_close(&db, true).map_err(|error| place.fault(&error))?;
        db.close().map_err(|(_, error)| place.fault(&error))?;
        Ok(!place.beside("-wal").exists())
    }

    fn transact(&self, groups: &[Frame], forgettable: i64) -> Result<Stand, Trouble> {
        let mut stand = self.stand;
        self.execute("BEGIN IMMEDIATE")?;
        for group in groups.iter().filter(|group| group.position > self.applied()) {
            group.batches.iter().try_for_each(|batch| apply(&self.db, &mut stand, batch))?;
            stand.applied = group.position.cast_signed();
        }
        self.db.prepare_cached(SET)?.execute(("applied", stand.applied))?;
        let forgotten = forgettable.min(stand.event - 1).min(stand.forgotten + FORGOTTEN);
        if forgotten > stand.forgotten {
            self.db.prepare_cached(FORGET)?.execute([forgotten])?;
            stand.forgotten = forgotten;
        }
        self.execute("COMMIT")?;
        Ok(stand)
    }

    /// Rolls back, unless SQLite has, and looks where the tables stand: a commit that failed may have been one.
    fn start_over(&mut self) -> Result<(), Error> {
        let rolled_back = if self.db.is_autocommit() { Ok(()) } else { self.execute("ROLLBACK") };
        self.stand = rolled_back.and_then(|()| stand(&self.db)).map_err(|error| self.place.fault(&error))?;
        Ok(())
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute(()).map(drop)
    }
}

fn copy_back(db: &Connection, pragma: &str) -> rusqlite::Result<Copied> {
    db.query_row(pragma, (), |row| {
        let (busy, pages, copied): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Copied { pages, all: !busy && pages == copied })
    })
}

fn stand(db: &Connection) -> rusqlite::Result<Stand> {
    db.query_row(STAND, (), |row| {
        Ok(Stand { place: row.get(0)?, event: row.get(1)?, applied: row.get(2)?, forgotten: row.get(3)? })
    })
}

/// The keys that a batch writes.
fn written(batch: &Batch) -> impl Iterator<Item = Key> {
    batch.changes.iter().filter(|change| !matches!(change, Change::Check { .. })).map(|change| *change.key())
}

fn apply(db: &Connection, stand: &mut Stand, batch: &Batch) -> Result<(), Trouble> {
    batch.changes.iter().try_for_each(|change| carry_out(db, stand, change))?;
    for event in &batch.events {
        stand.event += 1;
        db.prepare_cached(LOG)?.execute((stand.event, event))?;
    }
    Ok(())
}

fn carry_out(db: &Connection, stand: &mut Stand, change: &Change) -> Result<(), Trouble> {
    match change {
        Change::Put { key, expect: Expect::Absent, body, terms } => insert(db, stand, key, body, terms)?,
        Change::Put { key, expect: Expect::Version(version), body, terms } => {
            update(db, key, &find(db, key, *version)?, body, terms)?;
        }
        Change::Delete { key, version } => delete(db, stand, key, &find(db, key, *version)?)?,
        Change::Check { .. } => {}
    }
    Ok(())
}

fn find(db: &Connection, key: &Key, version: u64) -> Result<Found, Trouble> {
    let found = db.prepare_cached(FIND)?.query_row((key.space.0, key.kind.0, key.id), |row| {
        let version: i64 = row.get(1)?;
        Ok(Found { place: row.get(0)?, version: version.cast_unsigned(), terms: row.get(2)? })
    });
    found.optional()?.filter(|found| found.version == version).ok_or(Trouble::Unexpected)
}

fn insert(db: &Connection, stand: &mut Stand, key: &Key, body: &[u8], terms: &[Term]) -> rusqlite::Result<()> {
    stand.place += 1;
    let new = distinct(terms);
    db.prepare_cached(INSERT)?.execute((stand.place, key.space.0, key.kind.0, key.id, new.as_flattened(), body))?;
    index(db, INDEX, key, stand.place, new.iter().map(<[u8; 16]>::as_slice).chain([EVERY]))
}

fn update(db: &Connection, key: &Key, old: &Found, body: &[u8], terms: &[Term]) -> rusqlite::Result<()> {
    let new = distinct(terms);
    let version = (old.version + 1).cast_signed();
    db.prepare_cached(UPDATE)?.execute((old.place, version, new.as_flattened(), body))?;
    let (before, _) = old.terms.as_chunks::<16>();
    let gone = before.iter().filter(|term| !new.contains(term)).map(<[u8; 16]>::as_slice);
    index(db, UNINDEX, key, old.place, gone)?;
    index(db, INDEX, key, old.place, new.iter().filter(|term| !before.contains(term)).map(<[u8; 16]>::as_slice))
}

/// The place of the last record stays taken, also for the next process: a cursor must not meet it twice.
fn delete(db: &Connection, stand: &Stand, key: &Key, old: &Found) -> rusqlite::Result<()> {
    if old.place == stand.place {
        db.prepare_cached(SET)?.execute(("high", stand.place))?;
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
