//! Sinks: what hands the audit on, each at its own pace.
//!
//! Each reads the journal from a cursor of its own and remembers how far it came, so that one that is slow, hung or dead costs the
//! others and the answers nothing. The invariant: **a sink's cursor passes a record only after the sink has it**: each record is
//! handed on at least once, in the journal's order.

mod file;
mod handle;
pub(crate) mod otlp;
mod syslog;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use store::Error;
use store::journal::{At, Follower};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;
use wrap::primitive::digest;

pub use handle::SinkHandle;

use super::Audit;
use super::line::Line;
use crate::config::AuditSettings;
use crate::metrics::Metrics;

/// Records that are handed on at once.
const BATCH: usize = 256;
/// Between attempts, doubled with each up to the second.
const BACK_OFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(10)];
/// How often a cursor is written down at most.
const NOTED: Duration = Duration::from_secs(1);
/// How often somebody who waits looks about.
const GLANCE: Duration = Duration::from_secs(1);
/// What a sink is given at the stop.
const GRACE: Duration = Duration::from_secs(2);

/// What takes records.
#[async_trait]
trait Sink: Send + Sync {
    /// Takes records, in their order, or says in words why not: then the same ones come again.
    async fn deliver(&mut self, lines: &Arc<[Line]>) -> Result<(), String>;
    /// The last place that is safe to go on from after a restart, where that is not behind what was delivered last.
    fn safe(&self) -> Option<At>;
    /// Comes to an end. Says whether all that was delivered is safe.
    async fn close(&mut self) -> bool;
}

/// Starts the sinks that are configured. They end when `stop` says so, after a last look.
pub(crate) fn start(
    audit: &Arc<Audit>,
    settings: &AuditSettings,
    numbers: &Arc<Metrics>,
    stop: &watch::Sender<bool>,
) -> Vec<JoinHandle<()>> {
    let node = Uuid::from_bytes(audit.journal.position().0.node);
    let configured = configured(settings, node);
    let cursor = |name: &str| Cursor::read(audit, name);
    let runners = configured.into_iter().map(|(name, destination, sink)| {
        let required = settings.required.contains(&name);
        let handle = Arc::new(SinkHandle::new((name, destination), required, cursor(name), numbers.clone()));
        Runner { audit: audit.clone(), handle, sink, node, noted: Instant::now() }
    });
    let runners: Vec<Runner> = runners.collect();
    let _ = audit.sinks.set(runners.iter().map(|runner| runner.handle.clone()).collect());
    runners.into_iter().map(|runner| tokio::spawn(runner.run(stop.subscribe()))).collect()
}

type Configured = (&'static str, String, Box<dyn Sink>);

fn configured(settings: &AuditSettings, node: Uuid) -> Vec<Configured> {
    let AuditSettings { file, syslog, otlp, .. } = settings;
    let mut sinks: Vec<Configured> = Vec::new();
    if let Some(path) = &file.path {
        sinks.push(("file", path.display().to_string(), Box::new(file::FileSink::new(path.clone(), file))));
    }
    if let Some(address) = &syslog.address {
        sinks.push(("syslog", address.to_string(), Box::new(syslog::SyslogSink::new(address.clone(), syslog.clone()))));
    }
    if let Some(endpoint) = &otlp.endpoint {
        sinks.push(("otlp", endpoint.clone(), Box::new(otlp::OtlpSink::new(endpoint.clone(), otlp.clone(), node))));
    }
    sinks
}

/// How far a sink came, as it is written down.
#[derive(Serialize, Deserialize)]
struct Cursor {
    segment: u64,
    offset: u64,
}

impl Cursor {
    fn name(sink: &str) -> String {
        format!("audit-{sink}.cursor")
    }

    /// Where a sink goes on. A cursor that leads nowhere is another journal's: then all of this one is handed on.
    fn read(audit: &Audit, sink: &str) -> At {
        let bytes = audit.data.read(&Self::name(sink)).ok().flatten();
        let cursor: Option<Cursor> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(Cursor { segment, offset }) = cursor else { return At::default() };
        let at = At { segment, offset };
        let leads_on = at <= audit.end() && Follower::new(&audit.folder, at, digest).step().is_ok();
        if !leads_on {
            tracing::warn!(sink, "the audit's cursor of this sink leads nowhere, so it gets the whole journal");
        }
        if leads_on { at } else { At::default() }
    }
}

struct Runner {
    audit: Arc<Audit>,
    handle: Arc<SinkHandle>,
    sink: Box<dyn Sink>,
    node: Uuid,
    noted: Instant,
}

impl Runner {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut growth = self.audit.journal.growth();
        let mut at = self.handle.delivered();
        self.count_what_is_left().await;
        loop {
            growth.borrow_and_update();
            let stopping = *stop.borrow();
            match self.read(at).await {
                Ok((next, lines)) if !lines.is_empty() => {
                    if !self.deliver(&lines, &mut stop).await {
                        break;
                    }
                    at = next;
                    self.handle.has_delivered(at, lines.len());
                    self.note(at, false).await;
                }
                Ok(_) if stopping => break,
                Ok((next, _)) => {
                    at = next;
                    self.handle.is_current(at, &self.audit);
                    self.note(at, false).await;
                    let _ = tokio::select! {
                        changed = growth.changed() => changed,
                        changed = stop.changed() => changed,
                        () = sleep(GLANCE) => Ok(()),
                    };
                }
                Err(_) if stopping => break,
                Err(error) => {
                    self.handle.has_failed(error.to_string(), (self.audit.now)());
                    self.handle.look(None, &self.audit);
                    sleep(GLANCE).await;
                }
            }
        }
        self.end(at).await;
    }

    /// Once: from then on what it lacks is known without a look at the journal.
    async fn count_what_is_left(&self) {
        let (handle, audit) = (self.handle.clone(), self.audit.clone());
        // A panic in it was logged.
        let _ = tokio::task::spawn_blocking(move || handle.begin(&audit)).await;
    }

    /// The next records, and where those after them begin.
    async fn read(&self, at: At) -> Result<(At, Arc<[Line]>), Error> {
        let (folder, node) = (self.audit.folder.clone(), self.node);
        let read = tokio::task::spawn_blocking(move || page(folder, at, &node));
        read.await.unwrap_or(Err(Error::Closed))
    }

    /// Until the sink has them. False: the server stops, and it did not take them.
    async fn deliver(&mut self, lines: &Arc<[Line]>, stop: &mut watch::Receiver<bool>) -> bool {
        let [mut pause, longest] = BACK_OFF;
        loop {
            let outcome = tokio::select! {
                outcome = self.sink.deliver(lines) => outcome,
                () = watch_over(&self.handle, lines, &self.audit) => return false,
                () = gone(stop) => return false,
            };
            match outcome {
                Ok(()) => return true,
                Err(error) => self.handle.has_failed(error, (self.audit.now)()),
            }
            self.handle.look(lines.first().and_then(|line| line.millis), &self.audit);
            if *stop.borrow() {
                return false;
            }
            tokio::select! {
                () = sleep(pause) => {}
                _ = stop.changed() => {}
            }
            pause = (pause * 2).min(longest);
        }
    }

    /// Writes down how far the sink came. That this fails costs nothing but records that are handed on twice.
    async fn note(&mut self, at: At, now: bool) {
        let safe = self.sink.safe().unwrap_or(at);
        if !now && self.noted.elapsed() < NOTED || self.handle.noted(safe) {
            return;
        }
        self.noted = Instant::now();
        self.write(safe).await;
    }

    async fn write(&self, At { segment, offset }: At) {
        let (audit, name) = (self.audit.clone(), self.handle.name);
        let bytes = serde_json::to_vec(&Cursor { segment, offset }).unwrap_or_default();
        let written = tokio::task::spawn_blocking(move || audit.data.write(&Cursor::name(name), &bytes)).await;
        if let Ok(Err(error)) = written {
            tracing::debug!(%error, sink = name, "the audit's cursor could not be written down");
        }
    }

    async fn end(mut self, at: At) {
        let is_safe = timeout(GRACE, self.sink.close()).await.unwrap_or(false);
        let safe = if is_safe { at } else { self.sink.safe().unwrap_or(at) };
        self.write(safe).await;
    }
}

/// Never returns: looks about while a sink takes its time.
async fn watch_over(handle: &SinkHandle, lines: &[Line], audit: &Audit) {
    loop {
        sleep(GLANCE).await;
        handle.look(lines.first().and_then(|line| line.millis), audit);
    }
}

/// Returns when the server has been stopping for a while.
async fn gone(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
    sleep(GRACE).await;
}

fn page(folder: PathBuf, at: At, node: &Uuid) -> Result<(At, Arc<[Line]>), Error> {
    let mut follower = Follower::new(&folder, at, digest);
    let mut lines = Vec::new();
    while lines.len() < BATCH {
        match follower.step() {
            Ok(Some(found)) => lines.push(Line::of(&found, node)),
            Ok(None) => break,
            Err(_) if !lines.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok((follower.at(), lines.into()))
}
