//! Read-only connections, lent to whoever reads.
//!
//! The last one given back is the next one lent, so that its pages are warm. The invariant: **a connection lent is used by one
//! task, and none outlives a closed pool's next return**.

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};

use super::fault::Place;
use crate::Error;

/// So many are kept when nobody reads.
const KEPT: usize = 8;

/// The connections that are not lent, or none when the pool is closed.
pub(crate) struct Pool {
    place: Place,
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Pool {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, idle: Mutex::new(Some(Vec::new())) }
    }

    /// Reads with a connection of the pool, or with a new one when all are lent.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let idle = self.idle.lock().as_mut().ok_or(Error::Closed)?.pop();
        let db = match idle {
            Some(db) => db,
            None => self.connect()?,
        };
        let done = work(&db).map_err(|error| self.place.fault(&error));
        self.give_back(db);
        done
    }

    pub(crate) fn close(&self) {
        *self.idle.lock() = None;
    }

    fn connect(&self) -> Result<Connection, Error> {
        let db = super::connect(&self.place, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.execute_batch("PRAGMA cache_size=-4096;").map_err(|error| self.place.fault(&error))?;
        Ok(db)
    }

    fn give_back(&self, db: Connection) {
        if let Some(idle) = self.idle.lock().as_mut().filter(|idle| idle.len() < KEPT) {
            idle.push(db);
        }
    }
}
