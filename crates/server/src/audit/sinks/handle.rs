//! [`SinkHandle`]: how a sink is doing, for those who wait for it and those who look after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use kmip::Timestamp;
use parking_lot::Mutex;
use store::journal::{At, Follower};
use tokio::sync::watch;
use uuid::Uuid;
use wrap::primitive::digest;

use super::super::{Audit, line::Line};
use crate::api::AuditSink;
use crate::metrics::Metrics;

/// Who lags longer raises an alarm, in milliseconds.
const ALARM: i64 = 60_000;
/// The alarm's kind.
const LAG: &str = "audit-sink";

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
    /// How many records that were appended since the journal was opened it has; what it lacked of those before is below zero.
    place: AtomicI64,
    trouble: Mutex<Trouble>,
    numbers: Arc<Metrics>,
}

#[derive(Default)]
struct Trouble {
    failing_since: Option<Timestamp>,
    last: Option<(String, Timestamp)>,
}

impl SinkHandle {
    pub(super) fn new(
        (name, destination): (&'static str, String),
        required: bool,
        at: At,
        numbers: Arc<Metrics>,
    ) -> Self {
        let (late, passed_over, count, place, trouble) = Default::default();
        let (delivered, noted) = (watch::Sender::new(at), Mutex::new(at));
        SinkHandle { name, destination, required, delivered, noted, late, passed_over, count, place, trouble, numbers }
    }

    /// Counts what it lacks at the start. Reads the journal: it may block.
    pub(super) fn begin(&self, audit: &Audit) {
        let (end, appended) = audit.journal.grown();
        let mut follower = Follower::new(&audit.folder, self.delivered(), digest);
        let mut lacks = 0;
        while follower.at() < end && matches!(follower.step(), Ok(Some(_))) {
            lacks += 1;
        }
        self.place.store(signed(appended) - signed(lacks), Ordering::Relaxed);
    }

    pub(super) fn delivered(&self) -> At {
        *self.delivered.borrow()
    }

    pub(super) fn has_delivered(&self, at: At, lines: usize) {
        self.count.fetch_add(lines as u64, Ordering::Relaxed);
        self.place.fetch_add(signed(lines as u64), Ordering::Relaxed);
        self.trouble.lock().failing_since = None;
        self.delivered.send_replace(at);
    }

    /// It has all that there is.
    pub(super) fn is_current(&self, at: At, audit: &Audit) {
        self.delivered.send_replace(at);
        let (end, appended) = audit.journal.grown();
        if end == at {
            self.place.store(signed(appended), Ordering::Relaxed);
        }
        self.late.store(false, Ordering::Relaxed);
        self.trouble.lock().failing_since = None;
        audit.alarms.clear(LAG, self.name);
    }

    pub(super) fn has_failed(&self, why: String, now: Timestamp) {
        self.numbers.parts.sink_failed(self.name);
        let mut trouble = self.trouble.lock();
        if trouble.failing_since.is_none() {
            tracing::warn!(
                sink = self.name,
                destination = self.destination,
                why,
                "the audit's sink takes nothing; it is tried again"
            );
        }
        trouble.failing_since.get_or_insert(now);
        trouble.last = Some((why, now));
    }

    /// For how long something has been waiting for it, in milliseconds: the oldest record that it lacks, or since it fails, where that can't
    /// be read.
    fn behind(&self, oldest: Option<i64>, now: Timestamp) -> i64 {
        let failing_since = self.trouble.lock().failing_since.map(Timestamp::millis);
        let since = oldest.into_iter().chain(failing_since).min();
        since.map_or(0, |since| (now.millis() - since).max(0))
    }

    /// Raises the alarm where the oldest record that it lacks is too old, or it has failed for too long.
    pub(super) fn look(&self, oldest: Option<i64>, audit: &Audit) {
        let lag = self.behind(oldest, (audit.now)());
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
        let lag_records = self.lacks(audit);
        let lag = self.behind(self.oldest(audit), (audit.now)());
        let trouble = self.trouble.lock();
        let state = match (trouble.failing_since.is_some(), lag_records) {
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
            last_error_at: trouble.last.as_ref().map(|(_, when)| when.rfc3339()),
        }
    }

    /// How many records it lacks.
    fn lacks(&self, audit: &Audit) -> u64 {
        let (_, appended) = audit.journal.grown();
        u64::try_from(signed(appended) - self.place.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// When the oldest of them was written.
    fn oldest(&self, audit: &Audit) -> Option<i64> {
        let at = self.delivered();
        if at >= audit.end() {
            return None;
        }
        let found = Follower::new(&audit.folder, at, digest).step().ok()??;
        Line::of(&found, &Uuid::from_bytes(audit.journal.position().0.node)).millis
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;
    use store::journal::{Flush, Journal};
    use wrap::primitive::{SealKey, SystemRandom, random_secret};

    const NOW: i64 = 1_767_323_045_000;

    thread_local! {
        static CLOCK: std::cell::Cell<i64> = const { std::cell::Cell::new(NOW) };
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(CLOCK.get())
    }

    fn audit(folder: &tempfile::TempDir) -> Audit {
        let data = Arc::new(Folder::open(&folder.path().join("data")).unwrap());
        let journal = Journal::open(&data.path("journal"), [0; 16], digest, Flush::Soon).unwrap();
        let key = SealKey::new(&random_secret(&SystemRandom, 32).unwrap()).unwrap().signing_key("test").unwrap();
        Audit::new(Arc::new(journal), data, Arc::new(key), Arc::default(), now)
    }

    fn sink(at: At) -> SinkHandle {
        let numbers = Arc::new(Metrics::new(now(), Arc::default()));
        SinkHandle::new(("file", "there".to_owned()), false, at, numbers)
    }

    fn event() -> Vec<u8> {
        format!(r#"{{"eventTime":"{}"}}"#, now().rfc3339()).into_bytes()
    }

    #[test]
    fn what_it_lacks_is_known_without_a_look_at_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let audit = audit(&folder);
        let append = |count| (0..count).for_each(|_| audit.journal.append(&event()).unwrap());
        let shown = |sink: &SinkHandle| {
            let shown = sink.shown(&audit);
            (shown.lag_records, shown.lag_seconds, shown.state)
        };
        append(5);
        let third = {
            let mut follower = Follower::new(&audit.folder, At::default(), digest);
            (0..3).for_each(|_| drop(follower.step().unwrap().unwrap()));
            follower.at()
        };
        let sink = sink(At::default());
        sink.begin(&audit);
        assert_eq!(shown(&sink), (5, 0, "ok".to_owned()));
        sink.has_delivered(third, 3);
        CLOCK.set(NOW + 30_000);
        append(4);
        assert_eq!(shown(&sink), (6, 30, "behind".to_owned()));
        sink.has_delivered(audit.end(), 6);
        assert_eq!(shown(&sink), (0, 0, "ok".to_owned()));
        // What counted wrongly, for a journal could not be read at the start, is right once it has all.
        sink.place.store(-7, Ordering::Relaxed);
        sink.is_current(audit.end(), &audit);
        assert_eq!(shown(&sink), (0, 0, "ok".to_owned()));
    }

    /// Where the journal leads nowhere, nobody knows how old the oldest record is that the sink lacks.
    #[test]
    fn one_that_can_not_read_the_journal_raises_the_alarm() {
        let folder = tempfile::tempdir().unwrap();
        let audit = audit(&folder);
        audit.journal.append(&event()).unwrap();
        let sink = sink(At { segment: 1, offset: 99 });
        for (seconds, alarms) in [(0, 0), (60, 0), (61, 1)] {
            CLOCK.set(NOW + seconds * 1000);
            sink.has_failed("the record doesn't verify".to_owned(), now());
            sink.look(None, &audit);
            assert_eq!(audit.alarms.standing(None).len(), alarms, "{seconds} s");
            let shown = sink.shown(&audit);
            assert_eq!((shown.lag_seconds, shown.alarm), (seconds.unsigned_abs(), alarms > 0));
        }
        assert!(sink.numbers.text(false).contains("keystead_audit_sink_failures_total{sink=\"file\"} 3"));
        sink.is_current(audit.end(), &audit);
        assert!(audit.alarms.standing(None).is_empty() && !sink.shown(&audit).alarm);
    }
}
