//! Records, index terms and audit events behind one trait, [`Store`].
//!
//! This is the only crate that imports a database. What enters a record is opaque here: callers seal and encode it.
//! The invariant of this room: **a batch is all or nothing, and a commit that was answered is on stable storage.**
//!
//! The rooms, from the top: `group` puts whatever is queued into one flush, above every back end; `backend` is the joint below
//! it; `sqlite` and `memory` are the back ends, private behind [`open`]. [`journal`] stands beside them: a node's own
//! append-only log of reads, which must not cost a database commit.

mod backend;
mod error;
mod group;
pub mod journal;
mod lock;
mod memory;
mod query;
mod record;
mod reserve;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

pub use error::Error;
pub use query::{Order, Page, Query, Scan};
pub use record::{Batch, Change, Event, Expect, Key, Kind, Record, Space, Term};

/// The waist between what Keystead means and where it is kept.
#[async_trait]
pub trait Store: Send + Sync {
    /// The record at `key`, or none.
    async fn get(&self, key: &Key) -> Result<Option<Record>, Error>;
    /// A page of records.
    async fn find(&self, query: &Query) -> Result<Page, Error>;
    /// A page of a kind's records in an order of their own, from a cursor on.
    async fn scan(&self, scan: &Scan) -> Result<Page, Error>;
    /// How many records a query without its cursor and limit would find.
    async fn count(&self, query: &Query) -> Result<u64, Error>;
    /// Commits a batch. When this returns `Ok`, the batch is on stable storage; on any error nothing of it was applied,
    /// except for [`Error::Failed`], after which it is unknown.
    async fn commit(&self, batch: Batch) -> Result<(), Error>;
    /// The events after a sequence number, in order.
    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, Error>;
    /// Makes what was deleted or replaced before this call unrecoverable from the storage's own files: logs are written back and then
    /// overwritten in place, freed room is overwritten. Commits go on meanwhile. What a file system or a disk keeps of what was
    /// overwritten is beyond this.
    ///
    /// # Errors
    /// It may have been done in part; it can be done again.
    async fn scrub(&self) -> Result<(), Error>;
    /// Lets go of the events up to a sequence number, in the background, with the next change. The newest always stays, for the numbers
    /// go on from it. What a crash keeps from being let go is there again after it.
    fn forget_events(&self, up_to: u64);
    /// Copies all that was answered before this call, as one moment has it, into a new file at `path` (mode 0600) that [`open`] takes
    /// after `sqlite:`. Commits go on meanwhile.
    ///
    /// # Errors
    /// [`Error::Full`] or [`Error::Io`], also where something is at `path`, or the store is in memory; what was written is then removed.
    async fn snapshot(&self, path: &Path) -> Result<(), Error>;
    /// Waits for what is queued, writes back what can be, and releases the storage. Later calls fail with [`Error::Closed`].
    async fn close(&self) -> Result<(), Error>;
}

/// Opens the store at an address: `sqlite:PATH`, or `memory:` for tests and experiments.
///
/// `sqlite:PATH` is made when it is not there (mode 0600; its folder must exist), brought up to this version's format when it is
/// older, and held under an advisory lock on `PATH.lock` until the store is closed or dropped. While it is open, and after a crash,
/// `PATH-wal`, `PATH-shm`, `PATH-log1`, `PATH-log2` and `PATH-reserve` (32 MiB of set-aside room) belong to it too: only a store
/// that was closed is `PATH` alone.
///
/// # Errors
///
/// [`Error::Address`], [`Error::Locked`], [`Error::Newer`] (the file was not touched), [`Error::Damaged`], [`Error::Full`] or
/// [`Error::Io`].
pub async fn open(address: &str) -> Result<Arc<dyn Store>, Error> {
    match address.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => {
            let (reader, writer) = sqlite::open(Path::new(path))?;
            Ok(Arc::new(group::Grouped::start(reader, writer)?))
        }
        Some(("memory", "")) => {
            let (reader, writer) = memory::open();
            Ok(Arc::new(group::Grouped::start(reader, writer)?))
        }
        _ => Err(Error::Address(address.to_owned())),
    }
}
