//! Groups that are durable in the commit log and not yet in the tables, and who waits for them.
//!
//! The committer publishes, the applier takes and is done, readers look up single records here first and let searches wait until the
//! tables have caught up. The invariant: **a group is visible here from before its answer until the tables show it**.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::log::Frame;
use crate::{Change, Error, Key, Record};

/// What may be pending, in bytes, before commits wait for the applier.
const ROOM: usize = 8 << 20;
/// So many bytes are worth a transaction at once.
const WORTH: usize = 1 << 20;
/// How long groups gather before they are applied, unless a search waits for them.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the applier waits before it tries again what failed.
const RETRY: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Pending {
    state: Mutex<State>,
    /// For the applier: there is something to do.
    work: Condvar,
    /// For the committer: there is room again.
    room: Condvar,
    published: AtomicU64,
    applied: AtomicU64,
    progress: watch::Sender<Progress>,
    /// Events up to this one are elsewhere, and may go.
    forgettable: AtomicU64,
}

#[derive(Default)]
struct State {
    groups: VecDeque<Frame>,
    /// What the groups weigh, with those that the applier has taken.
    bytes: usize,
    latest: HashMap<Key, Latest>,
    hurry: bool,
    /// Somebody waits for the tables' own log to be written back.
    write_back: bool,
    stop: bool,
}

/// A record as the last pending change left it; none: deleted.
struct Latest {
    position: u64,
    record: Option<Record>,
}

#[derive(Clone, Default)]
struct Progress {
    applied: u64,
    trouble: Option<Error>,
    /// How often the tables' own log was written back because somebody asked, or could not be, and the last outcome.
    written_back: (u64, Option<Error>),
}

impl Pending {
    /// Nothing is pending, and the tables stand at a position.
    pub(crate) fn new(position: u64) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            published: AtomicU64::new(position),
            applied: AtomicU64::new(position),
            progress: watch::Sender::new(Progress { applied: position, ..Progress::default() }),
            forgettable: AtomicU64::new(0),
        }
    }

    /// Lets events go, up to a sequence number.
    pub(crate) fn forget_events(&self, up_to: u64) {
        self.forgettable.fetch_max(up_to, Ordering::Relaxed);
    }

    /// The last event that may go.
    pub(crate) fn forgettable(&self) -> u64 {
        self.forgettable.load(Ordering::Relaxed)
    }

    /// The committer waits here for the applier.
    ///
    /// # Errors
    ///
    /// What keeps the applier from its work; it tries again, and so may the caller.
    pub(crate) fn wait_for_room(&self) -> Result<(), Error> {
        let mut state = self.state.lock();
        loop {
            if let Some(trouble) = self.progress.borrow().trouble.clone() {
                state.hurry = true;
                self.work.notify_one();
                return Err(trouble);
            }
            if state.bytes < ROOM {
                return Ok(());
            }
            self.room.wait(&mut state);
        }
    }

    /// Makes a group visible. The next step is its answer.
    pub(crate) fn publish(&self, group: Frame) {
        let mut state = self.state.lock();
        for change in group.batches.iter().flat_map(|batch| &batch.changes) {
            if let Some(record) = outcome(change) {
                state.latest.insert(*change.key(), Latest { position: group.position, record });
            }
        }
        let (before, position) = (state.bytes, group.position);
        state.bytes += group.weight();
        let wake = before == 0 || (before < WORTH && state.bytes >= WORTH);
        state.groups.push_back(group);
        self.published.store(position, Ordering::Release);
        if wake {
            self.work.notify_one();
        }
    }

    /// What a pending change made of a record, if there is one.
    pub(crate) fn get(&self, key: &Key) -> Option<Option<Record>> {
        if self.published.load(Ordering::Acquire) <= self.applied.load(Ordering::Acquire) {
            return None;
        }
        self.state.lock().latest.get(key).map(|latest| latest.record.clone())
    }

    /// Waits until the tables show everything that was published before.
    ///
    /// # Errors
    ///
    /// What keeps the applier from its work.
    pub(crate) async fn settled(&self) -> Result<(), Error> {
        let published = self.published.load(Ordering::Acquire);
        if published <= self.applied.load(Ordering::Acquire) {
            return Ok(());
        }
        self.state.lock().hurry = true;
        self.work.notify_one();
        let mut progress = self.progress.subscribe();
        let reached = progress.wait_for(|now| now.applied >= published || now.trouble.is_some()).await;
        let now = reached.map_err(|_| Error::Closed)?;
        now.trouble.clone().filter(|_| now.applied < published).map_or(Ok(()), Err)
    }

    /// Waits until the tables show everything that was published before, and their own log was written back and emptied since.
    ///
    /// # Errors
    ///
    /// What keeps the applier from it.
    pub(crate) async fn written_back(&self) -> Result<(), Error> {
        self.settled().await?;
        let mut progress = self.progress.subscribe();
        let before = {
            let mut state = self.state.lock();
            if state.stop {
                return Err(Error::Closed);
            }
            state.write_back = true;
            self.work.notify_one();
            self.progress.borrow().written_back.0
        };
        let reached = progress.wait_for(|now| now.written_back.0 > before || now.trouble.is_some()).await;
        let now = reached.map_err(|_| Error::Closed)?;
        now.trouble.clone().or_else(|| now.written_back.1.clone()).map_or(Ok(()), Err)
    }

    /// Whether somebody waits for the tables' own log to be written back. Asked by the applier, which then says how it ended.
    pub(crate) fn wants_write_back(&self) -> bool {
        std::mem::take(&mut self.state.lock().write_back)
    }

    /// The tables' own log was written back, or could not be.
    pub(crate) fn wrote_back(&self, outcome: Option<Error>) {
        self.progress.send_modify(|progress| progress.written_back = (progress.written_back.0 + 1, outcome));
    }

    /// The applier waits here for groups that are worth a transaction, or have waited long enough, or until it is to write back; none:
    /// it is the end.
    pub(crate) fn take(&self) -> Option<Vec<Frame>> {
        let mut state = self.state.lock();
        while state.groups.is_empty() {
            if state.stop {
                return None;
            }
            if state.write_back {
                return Some(Vec::new());
            }
            self.work.wait(&mut state);
        }
        if state.bytes < WORTH && !state.hurry && !state.stop {
            self.work.wait_for(&mut state, PAUSE);
        }
        state.hurry = false;
        let mut weight = 0;
        let worth = state.groups.iter().take_while(|group| {
            let enough = weight >= WORTH;
            weight += group.weight();
            !enough
        });
        let worth = worth.count();
        Some(state.groups.drain(..worth).collect())
    }

    /// The tables show these groups now.
    pub(crate) fn done(&self, groups: &[Frame]) {
        let Some(position) = groups.last().map(|group| group.position) else { return };
        let mut state = self.state.lock();
        for change in groups.iter().flat_map(|group| &group.batches).flat_map(|batch| &batch.changes) {
            if state.latest.get(change.key()).is_some_and(|latest| latest.position <= position) {
                state.latest.remove(change.key());
            }
        }
        if state.latest.is_empty() {
            state.latest = HashMap::new();
        }
        state.bytes -= groups.iter().map(Frame::weight).sum::<usize>();
        self.applied.store(position, Ordering::Release);
        self.progress.send_modify(|progress| (progress.applied, progress.trouble) = (position, None));
        self.room.notify_one();
    }

    /// The applier can't go on: says so to all, and waits a while. False: it is the end.
    pub(crate) fn trouble(&self, error: Error) -> bool {
        let mut state = self.state.lock();
        self.progress.send_modify(|progress| progress.trouble = Some(error));
        self.room.notify_one();
        if !state.stop {
            state.hurry = false;
            self.work.wait_for(&mut state, RETRY);
        }
        !state.stop
    }

    /// Ends the applier once it has applied what there is.
    pub(crate) fn stop(&self) {
        self.state.lock().stop = true;
        self.work.notify_one();
    }

    /// Whether everything is in the tables; if not, why.
    pub(crate) fn outcome(&self) -> Result<(), Error> {
        self.progress.borrow().trouble.clone().map_or(Ok(()), Err)
    }
}

/// What a change that holds makes of its record.
fn outcome(change: &Change) -> Option<Option<Record>> {
    match change {
        Change::Put { key, expect, body, .. } => {
            Some(Some(Record::new(*key, expect.next_version(), Bytes::copy_from_slice(body))))
        }
        Change::Delete { .. } => Some(None),
        Change::Check { .. } => None,
    }
}
