//! A copy of the tables as one moment has them, in a file of its own.
//!
//! The invariant: **what is at the path when this fails is what was there before**, and a copy that can't be written is no trouble of
//! the store's own.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::pool::Pool;
use crate::Error;

/// SQLite writes into a file that has no bytes, in its own order and without what was deleted.
const COPY: &str = "VACUUM INTO ?1";

/// Takes the copy and flushes it.
pub(super) fn take(pool: &Pool, path: &Path) -> Result<(), Error> {
    let io = |error: &dyn std::fmt::Display| Error::Io(format!("{}: {error}", path.display()));
    let name = path.to_str().ok_or_else(|| io(&"the path is no text"))?;
    // Made before SQLite would, so that nobody else may read it.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| io(&error))?;
    let copied = pool.read(|db| db.execute(COPY, [name]).map(drop)).map_err(|error| match error {
        // It is the copy's flush that failed.
        Error::Failed(why) => Error::Io(why),
        other => other,
    });
    let flushed = copied.and_then(|()| File::open(path).and_then(|file| file.sync_all()).map_err(|error| io(&error)));
    if flushed.is_err() {
        let _ = std::fs::remove_file(path);
    }
    flushed
}
