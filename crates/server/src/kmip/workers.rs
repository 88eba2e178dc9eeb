//! The threads that serve connections: one for each processor, each with an event loop of its own.
//!
//! A connection stays on the thread that it is given to, the one with the fewest. Threads that share one event loop wake each other for
//! nearly every request, which costs more than the request: KMIP connections are many and alike, so they need no balancing. The
//! invariant: **a connection's work never moves to another thread**.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Work = Pin<Box<dyn Future<Output = ()>>>;
/// Makes the work on the thread that shall do it.
type Start = Box<dyn FnOnce() -> Work + Send>;

/// See the module.
pub(super) struct Workers(Vec<Worker>);

struct Worker {
    starts: UnboundedSender<Start>,
    busy: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    /// Starts the threads.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        (0..count).map(Worker::start).collect::<io::Result<_>>().map(Workers)
    }

    /// Has work done by the thread that has the least.
    pub(super) fn give<W: Future<Output = ()> + 'static>(&self, start: impl FnOnce() -> W + Send + 'static) {
        let least = self.0.iter().min_by_key(|worker| worker.busy.load(Ordering::Relaxed));
        if let Some(worker) = least {
            worker.give(Box::new(move || Box::pin(start())));
        }
    }
}

impl Worker {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (starts, received) = unbounded_channel();
        let busy = Arc::new(AtomicUsize::new(0));
        let counted = busy.clone();
        let thread = thread::Builder::new()
            .name(format!("kmip-{number}"))
            .spawn(move || tokio::task::LocalSet::new().block_on(&runtime, run(received, counted)))?;
        Ok(Worker { starts, busy, thread: Some(thread) })
    }

    fn give(&self, start: Start) {
        self.busy.fetch_add(1, Ordering::Relaxed);
        // A thread ends only when this is dropped, so there is always one to receive.
        let _ = self.starts.send(start);
    }
}

async fn run(mut starts: UnboundedReceiver<Start>, busy: Arc<AtomicUsize>) {
    while let Some(start) = starts.recv().await {
        let done = Done(busy.clone());
        tokio::task::spawn_local(async move {
            let _done = done;
            start().await;
        });
    }
}

/// Counts work as done, however it ends.
struct Done(Arc<AtomicUsize>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let (closed, _) = unbounded_channel();
        self.starts = closed;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
