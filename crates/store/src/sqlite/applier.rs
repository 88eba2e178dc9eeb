//! The thread that brings groups from the commit log into the tables.
//!
//! The invariant: **groups are applied in their order, and one that can't be is tried again before any other**.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use super::log::{self, Frame};
use super::pending::Pending;
use super::session::Session;
use crate::Error;
use crate::reserve::Reserve;

/// The writer's side of the thread.
pub(crate) struct Applier {
    pending: Arc<Pending>,
    thread: Option<JoinHandle<Session>>,
}

impl Applier {
    pub(crate) fn start(
        session: Session,
        pending: Arc<Pending>,
        reserve: Arc<Reserve>,
        durable: Arc<AtomicU64>,
    ) -> Result<Self, Error> {
        let work = Work { session, pending: pending.clone(), reserve, durable, since_checkpoint: 0 };
        let thread = std::thread::Builder::new()
            .name("store-apply".into())
            .spawn(move || work.run())
            .map_err(|error| Error::Io(format!("the applier thread can't be started: {error}")))?;
        Ok(Self { pending, thread: Some(thread) })
    }

    /// Ends the thread when it has applied what there is, or can't, and gives back its connection.
    pub(crate) fn stop(&mut self) -> Option<Session> {
        self.pending.stop();
        self.thread.take().and_then(|thread| thread.join().ok())
    }
}

impl Drop for Applier {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Work {
    session: Session,
    pending: Arc<Pending>,
    reserve: Arc<Reserve>,
    durable: Arc<AtomicU64>,
    since_checkpoint: u64,
}

impl Work {
    fn run(mut self) -> Session {
        self.go_on();
        // Nobody waits any longer for what nobody does any more.
        self.pending.wrote_back(Some(Error::Closed));
        self.session
    }

    fn go_on(&mut self) {
        while let Some(groups) = self.pending.take() {
            while let Err(error) = self.apply(&groups) {
                tracing::error!(%error, "commits can't be brought into the tables yet");
                if !self.wait_after(&error) {
                    return;
                }
            }
            self.pending.done(&groups);
            self.since_checkpoint += groups.iter().map(Frame::weight).sum::<usize>() as u64;
            if let Err(error) = self.write_back_if_asked().and_then(|()| self.checkpoint_when_due()) {
                tracing::warn!(%error, "a checkpoint was not finished; it is tried again after further changes");
                if matches!(error, Error::Failed(_)) && !self.wait_after(&error) {
                    return;
                }
            }
        }
    }

    /// Says what is wrong and waits before the next attempt; after a failed flush there is none. False: it is the end.
    fn wait_after(&self, error: &Error) -> bool {
        loop {
            if !self.pending.trouble(error.clone()) {
                return false;
            }
            if !matches!(error, Error::Failed(_)) {
                return true;
            }
        }
    }

    fn apply(&mut self, groups: &[Frame]) -> Result<(), Error> {
        if groups.is_empty() {
            return Ok(());
        }
        let forgettable = self.pending.forgettable();
        match self.session.apply(groups, forgettable) {
            Err(Error::Full(_)) => self.reserve.spend(|| self.session.apply(groups, forgettable)),
            done => done,
        }
    }

    /// Copies SQLite's own log back and empties it.
    fn write_back_if_asked(&mut self) -> Result<(), Error> {
        if !self.pending.wants_write_back() {
            return Ok(());
        }
        let applied = self.session.applied();
        let outcome = self.session.write_back();
        if outcome.is_ok() {
            self.durable.store(applied, Ordering::Release);
            self.since_checkpoint = 0;
        }
        self.pending.wrote_back(outcome.clone().err());
        outcome
    }

    /// Once a file of the commit log is full, so that it can be written over.
    fn checkpoint_when_due(&mut self) -> Result<(), Error> {
        if self.since_checkpoint < log::FULL {
            return Ok(());
        }
        let applied = self.session.applied();
        if self.session.checkpoint()? {
            self.durable.store(applied, Ordering::Release);
            self.since_checkpoint = 0;
        }
        Ok(())
    }
}
