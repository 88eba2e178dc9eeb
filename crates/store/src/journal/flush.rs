//! The thread that flushes, and what it shares with those who append.
//!
//! The invariant: **after a flush failed nothing is appended any more.** The kernel may have dropped what it could not write,
//! and a second flush would succeed without it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::watch;

use super::segment::Tail;
use super::{At, Digest, Entry, Flush, Position};
use crate::Error;

/// How long records gather before they are flushed; with the flush itself it stays below 100 ms.
const PAUSE: Duration = Duration::from_millis(50);

/// Room for a head in its segment.
const HEAD: usize = 4096;
/// The longest event of which a gap holds all.
const MISSED: usize = 64 << 10;

/// What the flusher and those who append share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// There is something to flush, or it is the end.
    work: Condvar,
    /// Something was flushed, or a flush failed.
    done: Condvar,
    growth: watch::Sender<u64>,
}

/// Everything behind the one lock.
pub(super) struct State {
    tail: Tail,
    /// Records appended and records flushed since the journal was opened.
    appended: u64,
    flushed: u64,
    asleep: bool,
    hurry: bool,
    stop: bool,
    failed: Option<Error>,
    /// Records since the last head.
    unsigned: u64,
    /// What is missing, where that is allowed.
    gap: Option<Gap>,
    goes_on_when_full: bool,
}

/// Events that were not written, for want of room.
struct Gap {
    missed: u64,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl State {
    /// Appends what may be missing where that is allowed.
    pub(super) fn record(&mut self, body: &[u8], digest: Digest) -> Result<u64, Error> {
        match self.append(body, digest) {
            Err(Error::Full(_)) if self.goes_on_when_full => {
                self.miss(body);
                Ok(self.appended)
            }
            appended => appended,
        }
    }

    fn miss(&mut self, body: &[u8]) {
        let body = body.get(..body.len().min(MISSED)).unwrap_or_default().to_vec();
        match &mut self.gap {
            Some(gap) => (gap.missed, gap.last) = (gap.missed + 1, body),
            None => self.gap = Some(Gap { missed: 1, first: body.clone(), last: body }),
        }
    }

    pub(super) fn go_on_when_full(&mut self) {
        self.goes_on_when_full = true;
    }

    pub(super) fn missed(&self) -> u64 {
        self.gap.as_ref().map_or(0, |gap| gap.missed)
    }

    pub(super) fn end(&self) -> At {
        self.tail.end()
    }

    pub(super) fn grown(&self) -> (At, u64) {
        (self.end(), self.appended)
    }

    pub(super) fn position(&self) -> (Position, u64) {
        (self.tail.position(), self.unsigned)
    }

    /// Appends a head, into the segment of what it speaks of or as the first record of the next.
    pub(super) fn append_head(&mut self, make: impl FnOnce(&Position) -> Vec<u8>, digest: Digest) -> Result<(), Error> {
        self.close_gap(digest)?;
        let room = self.tail.make_room(HEAD, digest);
        self.remember(room)?;
        let head = Entry::Head(&make(&self.tail.position())).encode();
        self.write(&head, digest)?;
        self.unsigned = 0;
        Ok(())
    }

    /// Appends, after what is to be said of a gap, and says how many records there are now.
    pub(super) fn append(&mut self, body: &[u8], digest: Digest) -> Result<u64, Error> {
        self.close_gap(digest)?;
        self.write(body, digest)
    }

    fn close_gap(&mut self, digest: Digest) -> Result<(), Error> {
        if let Some(gap) = &self.gap {
            let gap = Entry::Gap { missed: gap.missed, first: &gap.first, last: &gap.last }.encode();
            self.write(&gap, digest)?;
            self.gap = None;
        }
        Ok(())
    }

    /// After a failed flush there is nothing more.
    fn remember<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error @ Error::Failed(_)) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    fn write(&mut self, body: &[u8], digest: Digest) -> Result<u64, Error> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let appended = self.tail.append(body, digest);
        self.remember(appended)?;
        self.appended += 1;
        self.unsigned += 1;
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
    pub(super) fn new(tail: Tail) -> Self {
        // What was there before is signed once more rather than not at all.
        let unsigned = tail.position().records;
        let state = State {
            tail,
            appended: 0,
            flushed: 0,
            asleep: false,
            hurry: false,
            stop: false,
            failed: None,
            unsigned,
            gap: None,
            goes_on_when_full: false,
        };
        let growth = watch::Sender::new(0);
        Self { state: Mutex::new(state), work: Condvar::new(), done: Condvar::new(), growth }
    }

    pub(super) fn growth(&self) -> watch::Receiver<u64> {
        self.growth.subscribe()
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
        if self.growth.receiver_count() > 0 {
            self.growth.send_replace(state.appended);
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
        let _ = state.tail.set_aside();
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
