//! The closed loop: so many connections, each with one request under way at a time.
//!
//! Invariant: CPU time and requests are read at the same two moments, both while all connections are busy.

use crate::client::{Peer, Session};
use crate::error::Error;
use crate::stats::{Dice, percentile};
use crate::vcenter::{Step, key_name};
use crate::workload::Workload;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const WARM_UP: Duration = Duration::from_millis(300);
/// How long the last requests may take to come back.
const PATIENCE: Duration = Duration::from_secs(30);

/// The keys that requests ask for.
pub(crate) struct Keys {
    /// Unique identifiers, for requests by id; must not be empty.
    pub(crate) ids: Vec<String>,
    /// How many keys have names, for Locate.
    pub(crate) named: u64,
}

/// What one window of one side showed.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Sample {
    /// Units of work a second.
    pub(crate) rate: f64,
    /// The serving process's CPU time for one unit, in microseconds.
    pub(crate) cpu_us: f64,
    /// Time from a unit's start to its end, in microseconds.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Drives a workload for one window of this length, after a warm-up.
pub(crate) async fn measure(
    peer: &Peer,
    workload: Workload,
    keys: &Arc<Keys>,
    connections: usize,
    window: Duration,
) -> Result<Sample, Error> {
    let shared = Arc::new(Shared::default());
    let mut workers = JoinSet::new();
    for seed in 0..connections {
        let session = if workload.fresh { None } else { Some(greeted(peer).await?) };
        let worker = Worker {
            peer: peer.clone(),
            workload,
            keys: keys.clone(),
            shared: shared.clone(),
            dice: Dice::new(seed as u64 + 1),
            subject: String::new(),
        };
        workers.spawn(worker.run(session));
    }
    let span = observe(peer, &shared, window).await;
    let mut latencies = finish(workers).await?;
    Ok(span?.sample(workload.requests(), &mut latencies))
}

/// A connection whose handshake is done on both sides, and that has said hello as vCenter does.
pub(crate) async fn greeted(peer: &Peer) -> Result<Session, Error> {
    let mut session = Session::open(peer).await?;
    session.ask(peer, Step::Greet, "").await?;
    Ok(session)
}

/// What the serving process spent between the two ends of a window.
struct Span {
    elapsed: Duration,
    cpu: Duration,
    requests: u64,
}

impl Span {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    fn sample(&self, requests_per_unit: usize, latencies: &mut [u64]) -> Sample {
        let units = self.requests as f64 / requests_per_unit as f64;
        Sample {
            rate: units / self.elapsed.as_secs_f64(),
            cpu_us: self.cpu.as_secs_f64() * 1e6 / units,
            p50_us: percentile(latencies, 50) as f64 / 1e3,
            p99_us: percentile(latencies, 99) as f64 / 1e3,
        }
    }
}

async fn observe(peer: &Peer, shared: &Shared, window: Duration) -> Result<Span, Error> {
    tokio::time::sleep(WARM_UP).await;
    let (begin, cpu, requests) = (Instant::now(), peer.process.cpu(), shared.requests.load(Ordering::Relaxed));
    shared.phase.store(MEASURED, Ordering::Relaxed);
    tokio::time::sleep(window).await;
    let (elapsed, end) = (begin.elapsed(), peer.process.cpu());
    let requests = shared.requests.load(Ordering::Relaxed) - requests;
    shared.phase.store(OVER, Ordering::Relaxed);
    Ok(Span { elapsed, cpu: end?.saturating_sub(cpu?), requests })
}

async fn finish(mut workers: JoinSet<Result<Vec<u64>, Error>>) -> Result<Vec<u64>, Error> {
    let mut all = Vec::new();
    let join = async {
        while let Some(ended) = workers.join_next().await {
            all.extend(ended.map_err(|_| Error::Panicked)??);
        }
        Ok(all)
    };
    tokio::time::timeout(PATIENCE, join).await.unwrap_or(Err(Error::Hung(PATIENCE.as_secs())))
}

const MEASURED: u8 = 1;
const OVER: u8 = 2;

#[derive(Default)]
struct Shared {
    phase: AtomicU8,
    requests: AtomicU64,
}

struct Worker {
    peer: Peer,
    workload: Workload,
    keys: Arc<Keys>,
    shared: Arc<Shared>,
    dice: Dice,
    /// The identifier or name that the unit is about.
    subject: String,
}

impl Worker {
    /// Units until the window is over; the nanoseconds of each one that began in it.
    async fn run(mut self, mut session: Option<Session>) -> Result<Vec<u64>, Error> {
        let mut latencies = Vec::new();
        loop {
            let phase = self.shared.phase.load(Ordering::Relaxed);
            if phase == OVER {
                break;
            }
            let begin = Instant::now();
            self.unit(&mut session).await?;
            if phase == MEASURED {
                latencies.push(u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX));
            }
        }
        if let Some(session) = session {
            session.close().await;
        }
        Ok(latencies)
    }

    async fn unit(&mut self, session: &mut Option<Session>) -> Result<(), Error> {
        self.subject = self.pick();
        for steps in self.workload.connections {
            if let Some(session) = session {
                self.steps(session, steps).await?;
            } else {
                let mut session = Session::open(&self.peer).await?;
                self.steps(&mut session, steps).await?;
                session.close().await;
            }
        }
        Ok(())
    }

    async fn steps(&mut self, session: &mut Session, steps: &[Step]) -> Result<(), Error> {
        for &step in steps {
            let answer = session.ask(&self.peer, step, &self.subject).await?;
            self.shared.requests.fetch_add(1, Ordering::Relaxed);
            if let (Step::Create, Some(id)) = (step, answer.identifier) {
                id.clone_into(&mut self.subject);
            }
        }
        Ok(())
    }

    fn pick(&mut self) -> String {
        if self.workload.by_name() {
            return key_name(self.dice.below(self.keys.named.max(1)));
        }
        let index = self.dice.below(self.keys.ids.len().max(1) as u64);
        usize::try_from(index).ok().and_then(|index| self.keys.ids.get(index)).cloned().unwrap_or_default()
    }
}

/// One unit against a KMIP server, to learn how long its answers are.
pub(crate) async fn learn(
    peer: &Peer,
    workload: Workload,
    keys: &Keys,
    lengths: &mut crate::client::Lengths,
) -> Result<(), Error> {
    let mut subject = if workload.by_name() { key_name(0) } else { keys.ids.first().cloned().unwrap_or_default() };
    for steps in workload.connections {
        let mut session = greeted(peer).await?;
        lengths[Step::Greet as usize] = session.answer_length();
        for &step in *steps {
            let answer = session.ask(peer, step, &subject).await?;
            if let (Step::Create, Some(id)) = (step, answer.identifier) {
                id.clone_into(&mut subject);
            }
            lengths[step as usize] = session.answer_length();
        }
        session.close().await;
    }
    Ok(())
}
