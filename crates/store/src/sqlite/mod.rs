//! The embedded back end: a commit log in front of one SQLite file in write-ahead mode.
//!
//! The way of a commit: `writer` checks it, `log` makes it durable, `pending` shows it to readers, the answer leaves; then `applier`
//! brings it into the tables through `session`, the only connection that writes, and checkpoints. `reader` serves reads in place from
//! `pending`, `cache` and the connections of `pool`; `search` is how pages are found in the tables; `sweep` overwrites what SQLite leaves behind. The invariants: **one process to a file**, and **a file of a newer format is
//! left as it was, byte for byte**.

mod applier;
mod cache;
mod fault;
mod log;
mod migrate;
mod pending;
mod pool;
mod reader;
mod search;
mod session;
mod snapshot;
mod sweep;
mod writer;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Connection, OpenFlags};

pub(crate) use self::reader::SqliteReader;
pub(crate) use self::writer::SqliteWriter;

use self::applier::Applier;
use self::cache::Cache;
use self::fault::Place;
use self::log::CommitLog;
use self::pending::Pending;
use self::pool::Pool;
use self::reader::Lookup;
use self::session::Session;
use crate::Error;
use crate::reserve::Reserve;

/// What is set aside before a group is taken into the commit log, for the applier: more than the pages that everything pending can
/// touch.
const RESERVE: i64 = 32 << 20;
use crate::lock::Lock;

/// How long a connection waits for another's lock before it gives up: only a program from outside can hold one that long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What every connection is set to: nothing in the file is trusted to call a function, and pages are checked as they are read.
const EVERY: &str =
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;";

/// Deleted bytes are overwritten; what is flushed, and when, is for `session` to say.
const WRITING: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON; \
                       PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-16384;";

/// Opens or makes the database at `path`, and brings it up to what was answered last.
pub(crate) fn open(path: &Path) -> Result<(SqliteReader, SqliteWriter), Error> {
    let place = Place::new(path);
    let lock = Lock::hold(path)?;
    create(&place).map_err(|error| place.io(&error))?;
    migrate::refuse_newer(&place)?;
    let cache = Arc::new(Cache::new());
    let mut session = Session::new(connect_to_write(&place)?, cache.clone(), place.clone())?;
    let reserve = Arc::new(Reserve::new(place.beside("-reserve"), RESERVE));
    let log = match recover(&mut session, &place) {
        Err(Error::Full(_)) => reserve.spend(|| recover(&mut session, &place)),
        done => done,
    }?;
    let pending = Arc::new(Pending::new(session.applied()));
    let lookup = Arc::new(Lookup { pending: pending.clone(), cache, pool: Pool::new(place.clone()) });
    let applier = Applier::start(session, pending.clone(), reserve.clone(), log.durable())?;
    let writer = SqliteWriter { applier, log, lookup: lookup.clone(), pending, reserve, place, _lock: lock };
    Ok((SqliteReader(lookup), writer))
}

/// Applies what a process that was killed left in the commit log, and begins it anew.
fn recover(session: &mut Session, place: &Place) -> Result<CommitLog, Error> {
    let identity = session.identity()?;
    let left = log::left(place, identity, session.applied())?;
    if !left.is_empty() {
        tracing::info!(
            groups = left.len(),
            "commits of a process that did not close the store are brought into the tables"
        );
        session.apply(&left, 0)?;
    }
    if !session.checkpoint()? {
        return Err(Error::Locked(place.path().display().to_string()));
    }
    CommitLog::open(place.clone(), identity, session.applied())
}

/// Makes the file before SQLite would, so that nobody else may read it; its log and index inherit the mode.
fn create(place: &Place) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(place.path()) {
        Ok(_) => sync_folder(place),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Flushes the names of files that were made.
fn sync_folder(place: &Place) -> std::io::Result<()> {
    File::open(folder(place.path()))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn connect_to_write(place: &Place) -> Result<Connection, Error> {
    let mut db = connect(place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    checkpoint_on_close(&db, false).and_then(|()| run_to_the_end(&db, WRITING)).map_err(|error| place.fault(&error))?;
    check_mode(&db, place)?;
    migrate::run(&mut db, place)?;
    Ok(db)
}

/// `execute_batch` stops at a statement's first row, and what fails after it is never heard of: the change to write-ahead mode answers
/// with a row, and then commits.
fn run_to_the_end(db: &Connection, statements: &str) -> rusqlite::Result<()> {
    let mut batch = rusqlite::Batch::new(db, statements);
    while let Some(mut statement) = batch.next()? {
        let mut rows = statement.query(())?;
        while rows.next()?.is_some() {}
    }
    Ok(())
}

/// Where a file can't be in write-ahead mode, SQLite reports no error: it says which mode it is in, and stays in the old one.
fn check_mode(db: &Connection, place: &Place) -> Result<(), Error> {
    let mode: String =
        db.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(|error| place.fault(&error))?;
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    let path = place.path().display();
    Err(Error::Io(format!(
        "{path}: it can't be used in write-ahead mode (it is in mode {mode}): look for disk errors in the kernel's log, and keep the \
         data on a local disk"
    )))
}

/// A connection that is dropped after an error must not checkpoint: it would flush again what could not be flushed, be told that all
/// is well, and remove SQLite's own log. Only a store that is closed in order does.
fn checkpoint_on_close(db: &Connection, wanted: bool) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !wanted).map(drop)
}

fn connect(place: &Place, access: OpenFlags) -> Result<Connection, Error> {
    let connected =
        Connection::open_with_flags(place.path(), access | OpenFlags::SQLITE_OPEN_NO_MUTEX).and_then(|db| {
            db.busy_timeout(PATIENCE)?;
            db.set_prepared_statement_cache_capacity(32);
            // Else a statement is planned anew, at the cost of a third of a search, whenever it is given other values.
            db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            db.execute_batch(EVERY)?;
            Ok(db)
        });
    connected.map_err(|error| place.fault(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes something and drops the connection; says whether SQLite's own log was left as it was.
    fn check(in_order: bool) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(&folder.path().join("store.db"));
        create(&place).unwrap();
        let db = connect_to_write(&place).unwrap();
        db.execute_batch("CREATE TABLE more (x)").unwrap();
        checkpoint_on_close(&db, in_order).unwrap();
        drop(db);
        place.beside("-wal").exists()
    }

    #[test]
    fn only_a_connection_that_is_closed_in_order_checkpoints() {
        assert!(check(false));
        assert!(!check(true));
    }

    #[test]
    fn what_fails_after_a_first_row_is_heard_of() {
        let db = Connection::open_in_memory().unwrap();
        let rows_then_fault =
            "SELECT CASE x WHEN 2 THEN abs(-9223372036854775808) ELSE x END FROM (SELECT 1 AS x UNION ALL SELECT 2);";
        assert!(db.execute_batch(rows_then_fault).is_ok(), "as SQLite's wrapper has it");
        assert!(run_to_the_end(&db, rows_then_fault).is_err());
    }
}
