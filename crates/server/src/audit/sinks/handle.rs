//! [`SinkHandle`]: how a sink is doing, for those who wait for it and those who look after it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use kmip::Timestamp;
use parking_lot::Mutex;
use store::journal::{At, Follower};
use tokio::sync::watch;
use uuid::Uuid;
use wrap::primitive::digest;

use super::super::{Audit, line::Line, rfc3339};
use crate::alarm::Alarms;
use crate::api::AuditSink;

/// Who lags longer raises an alarm, in milliseconds.
const ALARM: i64 = 60_000;
/// The alarm's kind.
const LAG: &str = "audit-sink";
/// So many records are counted at most.
const COUNTED: u64 = 100_000;

/// See the module.
pub struct SinkHandle {
    /// `file`, `syslog` or `otlp`.
    pub name: &'static str,
    destination: String,
    required: bool,
    delivered: watch::Sender<At>,
    noted: Mutex<At>,
    late: AtomicBool,
    passed_over: AtomicU64,
    count: AtomicU64,
    trouble: Mutex<Trouble>,
}

#[derive(Default)]
struct Trouble {
    failing: bool,
    last: Option<(String, Timestamp)>,
}

impl SinkHandle {
    pub(super) fn new(name: &'static str, destination: String, required: bool, at: At) -> Self {
        let (late, passed_over, count, trouble) = Default::default();
        let (delivered, noted) = (watch::Sender::new(at), Mutex::new(at));
        SinkHandle { name, destination, required, delivered, noted, late, passed_over, count, trouble }
    }

    pub(super) fn delivered(&self) -> At {
        *self.delivered.borrow()
    }

    pub(super) fn has_delivered(&self, at: At, lines: usize) {
        self.count.fetch_add(lines as u64, Ordering::Relaxed);
        self.trouble.lock().failing = false;
        self.delivered.send_replace(at);
    }

    /// It has all that there is.
    pub(super) fn is_current(&self, at: At, alarms: &Alarms) {
        self.delivered.send_replace(at);
        self.late.store(false, Ordering::Relaxed);
        self.trouble.lock().failing = false;
        alarms.clear(LAG, self.name);
    }

    pub(super) fn has_failed(&self, why: String, now: Timestamp) {
        let mut trouble = self.trouble.lock();
        if !trouble.failing {
            tracing::warn!(
                sink = self.name,
                destination = self.destination,
                why,
                "the audit's sink takes nothing; it is tried again"
            );
        }
        (trouble.failing, trouble.last) = (true, Some((why, now)));
    }

    /// Raises the alarm where the oldest record that it lacks is too old.
    pub(super) fn look(&self, oldest: Option<i64>, audit: &Audit) {
        let lag = oldest.map_or(0, |oldest| (audit.now)().millis() - oldest);
        if lag > ALARM {
            let why = self.trouble.lock().last.as_ref().map_or(String::new(), |(why, _)| format!(": {why}"));
            let message = format!("the audit's sink {} lags by {} s{why}", self.destination, lag / 1000);
            let advice = "look after the collector, and at `keystead audit sinks`: the records are safe in the journal";
            audit.raise(LAG, self.name, message, advice);
        }
    }

    /// Whether that is what is written down; from now on it is.
    pub(super) fn noted(&self, at: At) -> bool {
        std::mem::replace(&mut *self.noted.lock(), at) == at
    }

    /// Whether nobody waits for it until it has caught up.
    pub(crate) fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// An answer went on without it.
    pub(crate) fn is_passed_over(&self) {
        self.late.store(true, Ordering::Relaxed);
        self.passed_over.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until it has everything before a place.
    pub(crate) async fn has(&self, end: At) {
        let _ = self.delivered.subscribe().wait_for(|at| *at >= end).await;
    }

    /// How it is doing. Reads the journal: it may block.
    pub(crate) fn shown(&self, audit: &Audit) -> AuditSink {
        let (lag_records, oldest) = self.lag(audit);
        let lag = oldest.map_or(0, |oldest| ((audit.now)().millis() - oldest).max(0));
        let trouble = self.trouble.lock();
        let state = match (trouble.failing, lag_records) {
            (true, _) => "failing",
            (false, 0) => "ok",
            (false, _) if lag > 1000 => "behind",
            (false, _) => "ok",
        };
        AuditSink {
            name: self.name.to_owned(),
            destination: self.destination.clone(),
            state: state.to_owned(),
            lag_records,
            lag_seconds: lag.unsigned_abs() / 1000,
            alarm: lag > ALARM,
            required: self.required,
            passed_over: self.passed_over.load(Ordering::Relaxed),
            delivered: self.count.load(Ordering::Relaxed),
            last_error: trouble.last.as_ref().map(|(why, _)| why.clone()),
            last_error_at: trouble.last.as_ref().map(|(_, when)| rfc3339(*when)),
        }
    }

    /// The records that it lacks, and the time of the oldest.
    fn lag(&self, audit: &Audit) -> (u64, Option<i64>) {
        let (at, end) = (self.delivered(), audit.end());
        let node = Uuid::from_bytes(audit.journal.position().0.node);
        let mut follower = Follower::new(&audit.folder, at, digest);
        let (mut records, mut oldest) = (0, None);
        while records < COUNTED
            && follower.at() < end
            && let Ok(Some(found)) = follower.step()
        {
            records += 1;
            if oldest.is_none() {
                oldest = Line::of(&found, &node).millis;
            }
        }
        (records, oldest)
    }
}
