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
        session.apply(&left)?;
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
    db.execute_batch(WRITING).map_err(|error| place.fault(&error))?;
    migrate::run(&mut db, place)?;
    Ok(db)
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
