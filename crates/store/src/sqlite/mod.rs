//! The embedded back end: one SQLite file in write-ahead mode.
//!
//! One connection writes, on the committer's thread; a few read-only ones serve reads in place; one copies the write-ahead log
//! back into the database, out of the commits' way. The invariants: **one process to a file**, and **a file of a newer format is
//! left as it was, byte for byte**.

mod cache;
mod checkpoint;
mod fault;
mod migrate;
mod pool;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

pub(crate) use self::reader::SqliteReader;
pub(crate) use self::writer::SqliteWriter;

use self::cache::Cache;
use self::checkpoint::Checkpointer;
use self::fault::Place;
use self::pool::Pool;
use crate::Error;
use crate::lock::Lock;

/// How long a connection waits for another's lock before it gives up: only a program from outside can hold one that long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What every connection is set to: nothing in the file is trusted to call a function, and pages are checked as they are read.
const EVERY: &str =
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;";

/// Durable commits, deleted bytes overwritten, checkpoints left to their own thread, and room for the inner index pages.
const WRITING: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; \
                       PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-16384;";

/// Opens or makes the database at `path`.
pub(crate) fn open(path: &Path) -> Result<(SqliteReader, SqliteWriter), Error> {
    let place = Place::new(path);
    let lock = Lock::hold(path)?;
    create(path).map_err(|error| place.io(&error))?;
    migrate::refuse_newer(&place)?;
    let mut db = connect_to_write(&place)?;
    migrate::run(&mut db, &place)?;
    let cache = Arc::new(Cache::new());
    let checkpointer = Checkpointer::start(connect_to_write(&place)?, place.clone())?;
    let reader = SqliteReader::new(Pool::new(place.clone()), cache.clone());
    Ok((reader, SqliteWriter::new(db, place, cache, checkpointer, lock)?))
}

/// Makes the file before SQLite would, so that nobody else may read it; its log and index inherit the mode.
fn create(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => File::open(folder(path))?.sync_all(),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn connect_to_write(place: &Place) -> Result<Connection, Error> {
    let db = connect(place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.execute_batch(WRITING).map_err(|error| place.fault(&error))?;
    Ok(db)
}

fn connect(place: &Place, access: OpenFlags) -> Result<Connection, Error> {
    let connected =
        Connection::open_with_flags(place.path(), access | OpenFlags::SQLITE_OPEN_NO_MUTEX).and_then(|db| {
            db.busy_timeout(PATIENCE)?;
            db.set_prepared_statement_cache_capacity(32);
            db.execute_batch(EVERY)?;
            Ok(db)
        });
    connected.map_err(|error| place.fault(&error))
}
