//! The file's format, step by step.
//!
//! `PRAGMA user_version` counts the steps that a file has been through. The invariant: **each step is one transaction that also
//! counts itself**, so that a crash leaves a file of the old format or the new one.

use std::fs::File;
use std::io::Read;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::fault::Place;
use crate::Error;

/// A database that isn't empty has a page at least.
const PAGE: u64 = 4096;

/// Marks the file as ours: "KSTD".
const APPLICATION: u32 = 0x4B53_5444;

/// A step is never changed once it was released: a new one follows it.
const STEPS: &[&str] = &[
    // Step 1.
    //
    // `record.terms` repeats a record's terms, one after the other, so that they can be found when it changes.
    // In `term` every record also stands under the empty term: "every record" is one more term. `high` is the highest
    // `record.seq` that ever was when the record that bore it is gone, for a cursor must not see a place twice; `applied` is the
    // position in the commit log up to which the tables hold everything; `identity` ties the log to this database.
    "CREATE TABLE record (
         seq INTEGER PRIMARY KEY,
         space BLOB NOT NULL,
         kind INTEGER NOT NULL,
         id BLOB NOT NULL,
         version INTEGER NOT NULL,
         terms BLOB NOT NULL,
         body BLOB NOT NULL,
         UNIQUE (space, kind, id)
     ) STRICT;
     CREATE TABLE term (
         space BLOB NOT NULL,
         kind INTEGER NOT NULL,
         term BLOB NOT NULL,
         seq INTEGER NOT NULL,
         PRIMARY KEY (space, kind, term, seq)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE event (
         seq INTEGER PRIMARY KEY,
         body BLOB NOT NULL
     ) STRICT;
     CREATE TABLE meta (
         name TEXT PRIMARY KEY,
         value INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     INSERT INTO meta VALUES ('high', 0), ('applied', 0), ('identity', random());",
];

/// What a file says of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Marks {
    application: u32,
    version: u32,
}

/// Fails with [`Error::Newer`] when the file was written by a newer version, and with [`Error::Damaged`] when it isn't ours;
/// changes neither it nor its write-ahead log.
pub(crate) fn refuse_newer(place: &Place) -> Result<(), Error> {
    check(place, marks_in_file(place)?)?;
    let log = std::fs::metadata(place.beside("-wal")).is_ok_and(|log| log.len() > 0);
    if log { check(place, marks_in_log(place)?) } else { Ok(()) }
}

fn check(place: &Place, marks: Marks) -> Result<(), Error> {
    if marks.application != APPLICATION && marks != (Marks { application: 0, version: 0 }) {
        return Err(place.damaged(&"this is another program's database"));
    }
    if marks.version > known() {
        return Err(Error::Newer { found: marks.version, known: known() });
    }
    Ok(())
}

/// From the file's header, for SQLite itself would make files beside it.
fn marks_in_file(place: &Place) -> Result<Marks, Error> {
    let mut header = Vec::new();
    let read = File::open(place.path()).and_then(|file| file.take(PAGE).read_to_end(&mut header));
    let length = read.map_err(|error| place.io(&error))? as u64;
    if (1..PAGE).contains(&length) {
        return Err(place.damaged(&"the file is cut short"));
    }
    let number =
        |at: usize| header.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |four| u32::from_be_bytes(*four));
    Ok(Marks { application: number(68), version: number(60) })
}

/// From a log that a killed process left: what it holds is newer than the file.
fn marks_in_log(place: &Place) -> Result<Marks, Error> {
    let db = super::connect(place, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .and_then(|_| Ok(Marks { application: pragma(&db, "application_id")?, version: version(&db)? }))
        .map_err(|error| place.fault(&error))
}

/// Takes the file through the steps that it hasn't seen.
pub(crate) fn run(db: &mut Connection, place: &Place) -> Result<(), Error> {
    let from = version(db).map_err(|error| place.fault(&error))?;
    for (number, step) in (1u32..).zip(STEPS).filter(|(number, _)| *number > from) {
        apply(db, number, step).map_err(|error| place.fault(&error))?;
        tracing::info!(path = %place.path().display(), format = number, "the data was brought to a new format");
    }
    Ok(())
}

fn apply(db: &mut Connection, number: u32, step: &str) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(step)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", number)?;
    transaction.commit()
}

fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

fn version(db: &Connection) -> rusqlite::Result<u32> {
    pragma(db, "user_version")
}

fn pragma(db: &Connection, name: &str) -> rusqlite::Result<u32> {
    db.pragma_query_value(None, name, |row| row.get(0))
}
