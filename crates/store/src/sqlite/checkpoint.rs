//! Copies the write-ahead log back into the database, on a thread of its own.
//!
//! A passive checkpoint runs beside readers and the writer, but while commits go on it never reaches the log's end, so the log
//! would grow for ever: past a size, the writer is held for one that does, after which the log starts again from its front and
//! keeps its blocks. The invariant: **the commits' way holds no checkpoint but that one**.

use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex, MutexGuard};
use rusqlite::Connection;

use super::fault::Place;
use crate::Error;

/// Changed rows after which it is worth a passive checkpoint: at most a page or two each, so about 32 MiB of log.
const ROWS: u64 = 4096;
/// Pages (of 4 KiB) in the log after which it must start again: 256 MiB.
const PAGES: i64 = 65_536;

/// The writer's side of the thread.
pub(crate) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    todo: Mutex<Todo>,
    woken: Condvar,
    /// Held by whoever writes to the log: a group's transaction, or a checkpoint that must reach the end.
    turn: Mutex<()>,
    failed: OnceLock<Error>,
}

#[derive(Default)]
struct Todo {
    rows: u64,
    stop: bool,
}

impl Checkpointer {
    pub(crate) fn start(db: Connection, place: Place) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            todo: Mutex::default(),
            woken: Condvar::new(),
            turn: Mutex::default(),
            failed: OnceLock::new(),
        });
        let theirs = shared.clone();
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || theirs.run(&db, &place))
            .map_err(|error| Error::Io(format!("the checkpoint thread can't be started: {error}")))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The right to write to the log.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] once a checkpoint's flush failed.
    pub(crate) fn turn(&self) -> Result<MutexGuard<'_, ()>, Error> {
        let turn = self.shared.turn.lock();
        self.shared.failed.get().map_or(Ok(turn), |failed| Err(failed.clone()))
    }

    /// Counts the rows that a group changed.
    pub(crate) fn changed(&self, rows: u64) {
        let mut todo = self.shared.todo.lock();
        todo.rows += rows;
        if todo.rows >= ROWS {
            self.shared.woken.notify_one();
        }
    }

    /// Ends the thread and its connection.
    pub(crate) fn stop(&mut self) {
        self.shared.todo.lock().stop = true;
        self.shared.woken.notify_one();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the checkpoint thread ended in a panic");
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn run(&self, db: &Connection, place: &Place) {
        while self.wait() {
            if let Err(error) = self.checkpoint(db) {
                let error = place.fault(&error);
                tracing::warn!(%error, "a checkpoint was not finished; it is tried again after further changes");
                if matches!(error, Error::Failed(_)) {
                    let _ = self.failed.set(error);
                    return;
                }
            }
        }
    }

    /// Sleeps until there is something to do; false: stop.
    fn wait(&self) -> bool {
        let mut todo = self.todo.lock();
        while todo.rows < ROWS && !todo.stop {
            self.woken.wait(&mut todo);
        }
        todo.rows = 0;
        !todo.stop
    }

    fn checkpoint(&self, db: &Connection) -> rusqlite::Result<()> {
        let pages = run(db, "PRAGMA wal_checkpoint(PASSIVE)")?;
        if pages > PAGES {
            let _turn = self.turn.lock();
            run(db, "PRAGMA wal_checkpoint(RESTART)")?;
        }
        Ok(())
    }
}

/// How many pages the log holds.
fn run(db: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    db.query_row(pragma, (), |row| row.get(1))
}
