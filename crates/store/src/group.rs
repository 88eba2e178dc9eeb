//! The group committer: one thread above every back end that puts whatever is queued into one transaction and one flush.
//!
//! Batching is natural: while a group is being flushed the next one gathers, so a lone commit never waits for company and many
//! share a flush. The invariant: **an answer follows the flush that holds its batch**; and what was queued is carried out even
//! if nobody waits for the answer any more.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::backend::{Outcome, Reader, Wiped, Writer};
use crate::{Batch, Change, Error, Event, Key, Page, Query, Record, Scan, Store};

/// At most so many batches in one flush, which bounds how long the first of them waits.
const GROUP_BATCHES: usize = 256;
/// A group takes no further batch once it holds so many bytes.
const GROUP_BYTES: usize = 8 << 20;
/// What may be queued, in KiB. Who comes later waits here: the caller's own back-pressure.
const QUEUE_KIB: u32 = 64 << 10;

/// How often a scrub waits for the writing back before it gives up: twice is enough unless it is disturbed.
const WIPES: usize = 8;

/// A store made of a back end and its committer.
pub(crate) struct Grouped<R: Reader> {
    reader: R,
    queue: mpsc::UnboundedSender<Job>,
    room: Arc<Semaphore>,
    closed: AtomicBool,
    committer: Mutex<Option<JoinHandle<()>>>,
    flushes: Arc<AtomicU64>,
}

enum Job {
    Commit { batch: Batch, answer: oneshot::Sender<Outcome>, _room: OwnedSemaphorePermit },
    Wipe { first: bool, answer: oneshot::Sender<Result<Wiped, Error>> },
    Close { answer: oneshot::Sender<Outcome> },
}

impl<R: Reader> Grouped<R> {
    /// Starts the committer thread over a back end.
    pub(crate) fn start(reader: R, writer: impl Writer) -> Result<Self, Error> {
        let (queue, jobs) = mpsc::unbounded_channel();
        let flushes = Arc::new(AtomicU64::new(0));
        let counter = flushes.clone();
        let committer = std::thread::Builder::new()
            .name("store-commit".into())
            .spawn(move || Committer { writer, failed: None, flushes: counter }.run(jobs))
            .map_err(|error| Error::Io(format!("the committer thread can't be started: {error}")))?;
        Ok(Self {
            reader,
            queue,
            room: Arc::new(Semaphore::new(QUEUE_KIB as usize)),
            closed: AtomicBool::new(false),
            committer: Mutex::new(Some(committer)),
            flushes,
        })
    }

    async fn wipe(&self, first: bool) -> Result<Wiped, Error> {
        let (answer, outcome) = oneshot::channel();
        self.queue.send(Job::Wipe { first, answer }).map_err(|_| Error::Closed)?;
        outcome.await.unwrap_or(Err(Error::Closed))
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(()) }
    }
}

#[async_trait]
impl<R: Reader> Store for Grouped<R> {
    async fn get(&self, key: &Key) -> Result<Option<Record>, Error> {
        self.check_open()?;
        self.reader.get(key).await
    }

    async fn find(&self, query: &Query) -> Result<Page, Error> {
        self.check_open()?;
        self.reader.find(query).await
    }

    async fn scan(&self, scan: &Scan) -> Result<Page, Error> {
        self.check_open()?;
        self.reader.scan(scan).await
    }

    async fn count(&self, query: &Query) -> Result<u64, Error> {
        self.check_open()?;
        self.reader.count(query).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        self.check_open()?;
        check_distinct(&batch)?;
        let kib = u32::try_from(batch.size() / 1024 + 1).map_or(QUEUE_KIB, |kib| kib.min(QUEUE_KIB));
        let room = self.room.clone().acquire_many_owned(kib).await.map_err(|_| Error::Closed)?;
        let (answer, outcome) = oneshot::channel();
        self.queue.send(Job::Commit { batch, answer, _room: room }).map_err(|_| Error::Closed)?;
        outcome.await.unwrap_or(Err(Error::Closed))
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, Error> {
        self.check_open()?;
        self.reader.events(after, limit).await
    }

    async fn scrub(&self) -> Result<(), Error> {
        let mut first = true;
        for _ in 0..WIPES {
            self.check_open()?;
            self.reader.written_back().await?;
            loop {
                match self.wipe(std::mem::take(&mut first)).await? {
                    Wiped::Part => {}
                    Wiped::Blocked => break,
                    Wiped::All => return Ok(()),
                }
            }
        }
        Err(Error::Io("the logs could not be overwritten for all the commits that come in".into()))
    }

    fn forget_events(&self, up_to: u64) {
        self.reader.forget_events(up_to);
    }

    async fn snapshot(&self, path: &Path) -> Result<(), Error> {
        self.check_open()?;
        self.reader.snapshot(path).await
    }

    async fn close(&self) -> Result<(), Error> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Err(Error::Closed);
        }
        let (answer, outcome) = oneshot::channel();
        self.queue.send(Job::Close { answer }).map_err(|_| Error::Closed)?;
        outcome.await.unwrap_or(Err(Error::Closed))
    }
}

impl<R: Reader> Drop for Grouped<R> {
    /// A dropped store ends as a closed one does: what was queued is committed, then the storage is released.
    fn drop(&mut self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            let (answer, _) = oneshot::channel();
            let _ = self.queue.send(Job::Close { answer });
        }
        if let Some(committer) = self.committer.lock().take()
            && committer.join().is_err()
        {
            tracing::error!("the committer thread ended in a panic");
        }
        tracing::debug!(flushes = self.flushes.load(Ordering::Relaxed), "the store is released");
    }
}

/// Two changes of one key in a batch can't both hold: neither does.
fn check_distinct(batch: &Batch) -> Result<(), Error> {
    let mut seen = HashSet::with_capacity(if batch.changes.len() > 1 { batch.changes.len() } else { 0 });
    match batch.changes.iter().map(Change::key).find(|key| batch.changes.len() > 1 && !seen.insert(**key)) {
        Some(twice) => Err(Error::Conflict(*twice)),
        None => Ok(()),
    }
}

/// The thread's side.
struct Committer<W> {
    writer: W,
    failed: Option<Error>,
    flushes: Arc<AtomicU64>,
}

impl<W: Writer> Committer<W> {
    fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let mut pending = Vec::with_capacity(GROUP_BATCHES);
        while jobs.blocking_recv_many(&mut pending, GROUP_BATCHES) > 0 {
            let mut queued = pending.drain(..).peekable();
            while queued.peek().is_some() {
                let (group, last) = Group::gather(&mut queued);
                self.commit(group);
                match last {
                    None => {}
                    Some(Last::Wipe(first, answer)) => drop(answer.send(self.wipe(first))),
                    Some(Last::Close(answer)) => {
                        let _ = answer.send(self.writer.close());
                        return;
                    }
                }
            }
        }
        if let Err(error) = self.writer.close() {
            tracing::error!(%error, "the store did not close cleanly");
        }
    }

    fn wipe(&mut self, first: bool) -> Result<Wiped, Error> {
        let wiped = self.failed.clone().map_or_else(|| self.writer.wipe(first), Err);
        if let Err(error @ Error::Failed(_)) = &wiped {
            self.failed = Some(error.clone());
        }
        wiped
    }

    /// One flush. After a failed one the state of the storage is unknown, so the writer is never called again.
    fn commit(&mut self, mut group: Group) {
        if group.batches.is_empty() {
            return;
        }
        let outcome = match &self.failed {
            Some(failed) => Err(failed.clone()),
            None => self.writer.apply(std::mem::take(&mut group.batches)),
        };
        self.flushes.fetch_add(1, Ordering::Relaxed);
        if let Err(error @ Error::Failed(_)) = &outcome {
            tracing::error!(%error, "the store takes no more changes");
            self.failed = Some(error.clone());
        }
        group.answer(outcome);
    }
}

/// What ended a group.
enum Last {
    Wipe(bool, oneshot::Sender<Result<Wiped, Error>>),
    Close(oneshot::Sender<Outcome>),
}

/// What goes into one flush.
#[derive(Default)]
struct Group {
    batches: Vec<Batch>,
    answers: Vec<(oneshot::Sender<Outcome>, OwnedSemaphorePermit)>,
}

impl Group {
    /// Takes jobs up to the limit of bytes, or up to one that is no commit, which it hands back.
    fn gather(jobs: &mut impl Iterator<Item = Job>) -> (Self, Option<Last>) {
        let mut group = Self::default();
        let mut bytes = 0;
        while bytes < GROUP_BYTES {
            match jobs.next() {
                Some(Job::Commit { batch, answer, _room: room }) => {
                    bytes += batch.size();
                    group.batches.push(batch);
                    group.answers.push((answer, room));
                }
                Some(Job::Wipe { first, answer }) => return (group, Some(Last::Wipe(first, answer))),
                Some(Job::Close { answer }) => return (group, Some(Last::Close(answer))),
                None => break,
            }
        }
        (group, None)
    }

    fn answer(self, outcome: Result<Vec<Outcome>, Error>) {
        let (outcomes, failure) = match outcome {
            Ok(outcomes) => (outcomes, Error::Closed),
            Err(error) => (Vec::new(), error),
        };
        let mut outcomes = outcomes.into_iter();
        for (answer, _room) in self.answers {
            let _ = answer.send(outcomes.next().unwrap_or_else(|| Err(failure.clone())));
        }
    }
}
