//! The storage's numbers: commits and the journal's flushes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::family::{Rows, counter, label};
use super::latency::Latency;

/// What can come of a commit. The words are labels.
const OUTCOMES: [&str; 4] = ["success", "conflict", "full", "failure"];

/// See the module.
#[derive(Default)]
pub struct Storage {
    commits: Latency,
    outcomes: [AtomicU64; OUTCOMES.len()],
    waiting: Gauge,
    flushes: Latency,
}

impl Storage {
    pub(super) fn register(self: &Arc<Self>, registry: &mut Registry) {
        let (a, b, c) = (self.clone(), self.clone(), self.clone());
        let one = ("keystead_store_commits", "Commits to the store, by outcome");
        Rows::register(registry, one, MetricType::Counter, move |rows| {
            let counts = a.outcomes.each_ref().map(|count| count.load(Ordering::Relaxed));
            OUTCOMES
                .iter()
                .zip(counts)
                .try_for_each(|(outcome, count)| counter(rows, &[label("outcome", outcome)], count))
        });
        let one = (
            "keystead_store_commit_duration_seconds",
            "How long commits took, with their wait for others and their flush",
        );
        Rows::register(registry, one, MetricType::Histogram, move |rows| b.commits.encode(rows));
        let one = "keystead_store_commits_waiting";
        registry.register(one, "Commits that were asked for and not answered yet", self.waiting.clone());
        let one = (
            "keystead_journal_flush_duration_seconds",
            "How long a flush of the journal took, as it is tried every 5 seconds",
        );
        Rows::register(registry, one, MetricType::Histogram, move |rows| c.flushes.encode(rows));
    }

    /// A commit was asked for.
    pub(crate) fn commit_begins(&self) -> Waiting<'_> {
        self.waiting.inc();
        Waiting(self)
    }

    /// A commit was answered.
    pub(crate) fn committed<T>(&self, result: &Result<T, store::Error>, time: Duration) {
        let outcome = match result {
            Ok(_) => 0,
            Err(store::Error::Conflict(_)) => 1,
            Err(store::Error::Full(_)) => 2,
            Err(_) => 3,
        };
        if let Some(count) = self.outcomes.get(outcome) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.commits.note(time);
    }

    /// The journal was flushed.
    pub(crate) fn flushed(&self, time: Duration) {
        self.flushes.note(time);
    }
}

/// A commit that is waited for, until this is dropped.
pub(crate) struct Waiting<'a>(&'a Storage);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.dec();
    }
}
