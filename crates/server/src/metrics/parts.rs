//! What other parts of the server tell of themselves: backups, audit sinks, rotations, alarms, canaries, readiness.
//!
//! The invariant: **a setter can't fail and waits for nobody**: what is told is a number, and whoever tells it goes on.

use kmip::Timestamp;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use uuid::Uuid;

use super::family::{Counters, Gauges, keep, label};

/// See the module.
#[derive(Default)]
pub struct Parts {
    backup_taken: Gauge,
    backup_size: Gauge,
    backup_verified: Gauge,
    backups: Counters<1>,
    sink_up: Gauges<1>,
    sink_lag_events: Gauges<1>,
    sink_lag_seconds: Gauges<1>,
    sink_failures: Counters<1>,
    rotation_jobs: Gauges<1>,
    rewrapped: Counters<1>,
    canary_ok: Gauges<3>,
    canary_run: Gauge,
    ready: Gauges<1>,
    traces_dropped: Counters<1>,
}

impl Parts {
    pub(super) fn register(&self, registry: &mut Registry) {
        self.register_backup(registry);
        self.register_audit(registry);
        let one = "keystead_rotation_jobs";
        keep(registry, one, "Rotations of root keys that are not done yet, by state", self.rotation_jobs.clone());
        let one = "keystead_rotation_adapters";
        keep(registry, one, "Adapter keys that rotations wrapped anew, by outcome", self.rewrapped.clone());
        let one = "keystead_canary_ok";
        let help = "Whether the adapter's key could be unwrapped and one of its objects opened when last tried";
        keep(registry, one, help, self.canary_ok.clone());
        let one = "keystead_canary_last_run_timestamp_seconds";
        keep(registry, one, "When all adapters were last tried, 0 before the first time", self.canary_run.clone());
        let one = "keystead_traces_dropped";
        let help = "Spans that no collector got: the queue was full, or they could not be sent";
        keep(registry, one, help, self.traces_dropped.clone());
        let one = "keystead_ready";
        keep(registry, one, "Whether a part of the server can do its work, as last asked", self.ready.clone());
    }

    fn register_backup(&self, registry: &mut Registry) {
        let one = "keystead_backup_last_timestamp_seconds";
        keep(registry, one, "When the last good backup was made, 0 where there is none", self.backup_taken.clone());
        let one = "keystead_backup_last_size_bytes";
        keep(registry, one, "The size of the last good backup", self.backup_size.clone());
        let one = "keystead_backup_verified_timestamp_seconds";
        let help = "When a backup was last verified, 0 where none was";
        keep(registry, one, help, self.backup_verified.clone());
        keep(registry, "keystead_backups", "Backups that were tried, by outcome", self.backups.clone());
    }

    fn register_audit(&self, registry: &mut Registry) {
        let one = "keystead_audit_sink_up";
        keep(registry, one, "Whether an audit sink takes events", self.sink_up.clone());
        let one = "keystead_audit_sink_lag_events";
        keep(registry, one, "Events that an audit sink has not taken yet", self.sink_lag_events.clone());
        let one = "keystead_audit_sink_lag_seconds";
        let help = "How old the oldest event is that an audit sink has not taken yet";
        keep(registry, one, help, self.sink_lag_seconds.clone());
        let one = "keystead_audit_sink_failures";
        keep(
            registry,
            one,
            "Attempts to hand an audit sink what it lacks that came to nothing",
            self.sink_failures.clone(),
        );
    }

    /// A backup was made: when, and how large it is in bytes. Also told at the start, from what is remembered of the last one.
    pub fn set_backup(&self, at: Timestamp, bytes: u64) {
        self.backup_taken.set(at.seconds());
        self.backup_size.set(signed(bytes));
    }

    /// A backup was tried; whether it was made.
    pub fn backup_tried(&self, made: bool) {
        self.backups.get_or_create(&[outcome(made)]).inc();
    }

    /// A backup was verified.
    pub fn set_backup_verified(&self, at: Timestamp) {
        self.backup_verified.set(at.seconds());
    }

    /// Whether a sink (`file`, `syslog`, `otlp`) takes events; how many it has not taken, and the age of the oldest of them in seconds.
    pub fn set_sink(&self, sink: &str, up: bool, lag_events: u64, lag_seconds: u64) {
        let labels = [label("sink", sink)];
        // So that its row is there before its first failure.
        drop(self.sink_failures.get_or_create(&labels));
        self.sink_up.get_or_create(&labels).set(up.into());
        self.sink_lag_events.get_or_create(&labels).set(signed(lag_events));
        self.sink_lag_seconds.get_or_create(&labels).set(signed(lag_seconds));
    }

    /// A sink could not be handed what it lacks.
    pub fn sink_failed(&self, sink: &str) {
        self.sink_failures.get_or_create(&[label("sink", sink)]).inc();
    }

    /// How many rotation jobs are in a state (a word of the job's own: `running`, `waiting`, `failed`).
    pub fn set_rotation_jobs(&self, state: &'static str, count: u64) {
        self.rotation_jobs.get_or_create(&[label("state", state)]).set(signed(count));
    }

    /// So many adapters' keys were wrapped anew by a rotation, and so many could not be.
    pub fn rewrapped(&self, done: usize, failed: usize) {
        for (is_done, count) in [(true, done), (false, failed)] {
            self.rewrapped.get_or_create(&[outcome(is_done)]).inc_by(count as u64);
        }
    }

    /// Whether an adapter's key and one of its objects could be opened.
    pub fn set_canary(&self, (adapter, name, instance): (Uuid, &str, Uuid), ok: bool) {
        let labels = [label("adapter", adapter), label("adapter_name", name), label("instance", instance)];
        self.canary_ok.get_or_create(&labels).set(ok.into());
    }

    /// All adapters are about to be tried: those that are no more are forgotten.
    pub fn begin_canary(&self) {
        self.canary_ok.clear();
    }

    /// All adapters were tried.
    pub fn set_canary_run(&self, at: Timestamp) {
        self.canary_run.set(at.seconds());
    }

    /// Spans were dropped: `queue`, there was no room; `send`, the collector did not take them.
    pub fn traces_dropped(&self, reason: &'static str, spans: u64) {
        self.traces_dropped.get_or_create(&[label("reason", reason)]).inc_by(spans);
    }

    /// Whether a part can do its work.
    pub fn set_ready(&self, part: &'static str, ready: bool) {
        self.ready.get_or_create(&[label("part", part)]).set(ready.into());
    }
}

fn outcome(done: bool) -> (&'static str, String) {
    label("outcome", if done { "success" } else { "failure" })
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
