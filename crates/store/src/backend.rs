//! The joint between the group committer and a back end.
//!
//! A back end is a [`Reader`], shared by all tasks, and a [`Writer`], owned by one thread. The invariant: **what
//! [`Writer::apply`] answered with `Ok` is on stable storage, and every read that starts afterwards sees it.**

use std::future::Future;
use std::path::Path;

use crate::{Batch, Error, Event, Key, Page, Query, Record, Scan};

/// Reads, from any task.
pub(crate) trait Reader: Send + Sync + 'static {
    /// See [`crate::Store::get`].
    fn get(&self, key: &Key) -> impl Future<Output = Result<Option<Record>, Error>> + Send;
    /// See [`crate::Store::find`].
    fn find(&self, query: &Query) -> impl Future<Output = Result<Page, Error>> + Send;
    /// See [`crate::Store::scan`].
    fn scan(&self, scan: &Scan) -> impl Future<Output = Result<Page, Error>> + Send;
    /// See [`crate::Store::count`].
    fn count(&self, query: &Query) -> impl Future<Output = Result<u64, Error>> + Send;
    /// See [`crate::Store::snapshot`].
    fn snapshot(&self, path: &Path) -> impl Future<Output = Result<(), Error>> + Send;
    /// See [`crate::Store::events`].
    fn events(&self, after: u64, limit: usize) -> impl Future<Output = Result<Vec<Event>, Error>> + Send;
    /// Waits until everything that was committed before is in its last place, and no log of the back end's own holds it any more.
    fn written_back(&self) -> impl Future<Output = Result<(), Error>> + Send;
    /// See [`crate::Store::forget_events`].
    fn forget_events(&self, up_to: u64);
}

/// Whether a batch of a group was applied, or which of its expectations did not hold.
pub(crate) type Outcome = Result<(), Error>;

/// How far the writer has come in overwriting what is no longer needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wiped {
    /// There is more to do.
    Part,
    /// What follows must be written back first: see [`Reader::written_back`].
    Blocked,
    /// All that was there when it began.
    All,
}

/// Writes, from one thread.
pub(crate) trait Writer: Send + 'static {
    /// Applies the batches in order, each wholly or not at all, in one transaction and one flush. A batch whose expectations do
    /// not hold gets [`Error::Conflict`] as its outcome, and the others go through. No batch names a key twice.
    ///
    /// # Errors
    ///
    /// None of the batches was applied; or it is unknown, which is [`Error::Failed`] and final.
    fn apply(&mut self, batches: Vec<Batch>) -> Result<Vec<Outcome>, Error>;

    /// Takes a step of overwriting what is no longer needed. A step is short: commits come between two. The first one begins anew,
    /// whatever somebody else left half-way.
    fn wipe(&mut self, first: bool) -> Result<Wiped, Error>;

    /// Writes back what can be, and releases the storage, also what is held for reading.
    fn close(self) -> Result<(), Error>;
}
