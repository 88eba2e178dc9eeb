//! Commits: checked against what is there, made durable in the commit log, published, answered.
//!
//! The invariant: **what is in the commit log can be applied**: its expectations held, in its order, when it was taken in.

use std::collections::HashMap;
use std::sync::Arc;

use super::applier::Applier;
use super::fault::Place;
use super::log::{self, CommitLog, Frame};
use super::pending::Pending;
use super::reader::Lookup;
use crate::backend::{Outcome, Wiped, Writer};
use crate::lock::Lock;
use crate::reserve::Reserve;
use crate::{Batch, Change, Error, Expect, Key};

/// The writing half of the back end. Fields are dropped in order: the lock last.
pub(crate) struct SqliteWriter {
    pub(super) applier: Applier,
    pub(super) log: CommitLog,
    pub(super) lookup: Arc<Lookup>,
    pub(super) pending: Arc<Pending>,
    pub(super) reserve: Arc<Reserve>,
    pub(super) place: Place,
    pub(super) _lock: Lock,
}

impl Writer for SqliteWriter {
    fn apply(&mut self, batches: Vec<Batch>) -> Result<Vec<Outcome>, Error> {
        self.pending.wait_for_room()?;
        self.reserve.hold().and_then(|()| self.reserve.leaves_room()).map_err(|error| self.place.io(&error))?;
        let mut draft = Draft { lookup: &self.lookup, versions: HashMap::new() };
        let outcomes = batches.iter().map(|batch| draft.take_in(batch)).collect::<Result<Vec<_>, _>>()?;
        let taken_in = batches.into_iter().zip(&outcomes).filter(|(batch, outcome)| outcome.is_ok() && batch.writes());
        let batches: Vec<_> = taken_in.map(|(batch, _)| batch).collect();
        if !batches.is_empty() {
            let position = self.log.append(&batches)?;
            self.pending.publish(Frame { position, batches });
        }
        Ok(outcomes)
    }

    fn wipe(&mut self, first: bool) -> Result<Wiped, Error> {
        self.log.wipe(first)
    }

    fn close(mut self) -> Result<(), Error> {
        let session = self.applier.stop();
        self.lookup.close();
        self.reserve.remove();
        self.pending.outcome()?;
        if let Some(session) = session
            && session.close()?
        {
            log::remove(&self.place);
        }
        Ok(())
    }
}

/// The versions that records have after the batches of this group that were taken in; 0: there is none.
struct Draft<'a> {
    lookup: &'a Lookup,
    versions: HashMap<Key, u64>,
}

impl Draft<'_> {
    /// Takes a batch in if all its expectations hold.
    fn take_in(&mut self, batch: &Batch) -> Result<Outcome, Error> {
        for change in &batch.changes {
            if !change.expect().holds(self.version(change.key())?) {
                return Ok(Err(Error::Conflict(*change.key())));
            }
        }
        for change in &batch.changes {
            match change {
                Change::Put { key, expect, .. } => self.versions.insert(*key, expect.next_version()),
                Change::Delete { key, .. } => self.versions.insert(*key, Expect::Absent.version()),
                Change::Check { .. } => None,
            };
        }
        Ok(Ok(()))
    }

    fn version(&self, key: &Key) -> Result<u64, Error> {
        match self.versions.get(key) {
            Some(version) => Ok(*version),
            None => Ok(self.lookup.get(key)?.map_or(Expect::Absent.version(), |record| record.version)),
        }
    }
}
