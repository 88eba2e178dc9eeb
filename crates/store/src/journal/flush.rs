//! The thread that flushes, and what it shares with those who append.
//!
//! The invariant: **after a flush failed nothing is appended any more.** The kernel may have dropped what it could not write,
//! and a second flush would succeed without it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::segment::Tail;
use super::{Digest, Flush};
use crate::Error;
use crate::reserve::Reserve;

/// How long records gather before they are flushed; with the flush itself it stays below 100 ms.
const PAUSE: Duration = Duration::from_millis(50);

/// What the flusher and those who append share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// There is something to flush, or it is the end.
    work: Condvar,
    /// Something was flushed, or a flush failed.
    done: Condvar,
}

/// Everything behind the one lock.
pub(super) struct State {
    tail: Tail,
    /// What reads may still write of themselves when the disk is full.
    reserve: Reserve,
    /// Records appended and records flushed since the journal was opened.
    appended: u64,
    flushed: u64,
    asleep: bool,
    hurry: bool,
    stop: bool,
    failed: Option<Error>,
}

impl State {
    /// Appends, and says how many records there are now.
    pub(super) fn append(&mut self, body: &[u8], digest: Digest) -> Result<u64, Error> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let appended = match self.tail.append(body, digest) {
            Err(Error::Full(_)) => self.reserve.spend(|| self.tail.append(body, digest)),
            appended => appended,
        };
        if let Err(error) = appended {
            self.failed = Some(error.clone()).filter(|error| matches!(error, Error::Failed(_)));
            return Err(error);
        }
        self.appended += 1;
        Ok(self.appended)
    }

    /// Asks for a flush without a pause, and says how many records it must cover.
    pub(super) fn hurry(&mut self) -> u64 {
        self.hurry = true;
        self.asleep = true;
        self.appended
    }
}

impl Shared {
    pub(super) fn new(tail: Tail, reserve: Reserve) -> Self {
        let state =
            State { tail, reserve, appended: 0, flushed: 0, asleep: false, hurry: false, stop: false, failed: None };
        Self { state: Mutex::new(state), work: Condvar::new(), done: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Called after an append: a flusher that is at work already will come round to it.
    pub(super) fn wake_flusher(&self, state: &mut State) {
        if state.asleep {
            state.asleep = false;
            self.work.notify_one();
        }
    }

    /// Waits until so many records were flushed.
    pub(super) fn wait_for(&self, mut state: MutexGuard<'_, State>, appended: u64) -> Result<(), Error> {
        while state.flushed < appended {
            if let Some(failed) = &state.failed {
                return Err(failed.clone());
            }
            self.done.wait(&mut state);
        }
        Ok(())
    }

    pub(super) fn stop(&self) {
        self.state.lock().stop = true;
        self.work.notify_one();
    }

    /// Starts the flusher.
    pub(super) fn start(self: Arc<Self>, flush: Flush) -> Result<JoinHandle<()>, Error> {
        std::thread::Builder::new()
            .name("journal-flush".into())
            .spawn(move || self.run(flush))
            .map_err(|error| Error::Io(format!("the journal's flusher can't be started: {error}")))
    }

    fn run(&self, when: Flush) {
        let mut state = self.state.lock();
        loop {
            while state.flushed == state.appended && !state.stop {
                state.asleep = true;
                self.work.wait(&mut state);
            }
            state.asleep = false;
            if state.flushed == state.appended {
                return;
            }
            if when == Flush::Soon && !state.stop && !state.hurry {
                self.work.wait_for(&mut state, PAUSE);
            }
            self.flush(&mut state);
            if state.failed.is_some() {
                return;
            }
        }
    }

    /// Flushes without the lock, so that appends go on meanwhile.
    fn flush(&self, state: &mut MutexGuard<'_, State>) {
        let (file, appended) = (state.tail.file(), state.appended);
        state.hurry = false;
        let flushed = MutexGuard::unlocked(state, || file.sync_data());
        // Where there is no room to set aside, there may be later.
        let _ = state.reserve.hold();
        match flushed {
            Ok(()) => state.flushed = appended,
            Err(error) => {
                tracing::error!(%error, "the journal takes no more records");
                state.failed = Some(Error::Failed(error.to_string()));
            }
        }
        self.done.notify_all();
    }
}
