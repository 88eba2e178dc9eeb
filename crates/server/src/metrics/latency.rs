//! [`Latency`]: how long things take, in buckets.
//!
//! The library's own histogram has a lock, which all workers would share. The invariant of this room: **to note a time is a few atomic
//! additions, and nobody waits for anybody.**

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{MetricEncoder, NoLabelSet};

/// The upper bounds of the buckets, in seconds: from what a Get takes to what nobody waits for. The last is for all others.
const BOUNDS: [f64; 17] = [
    0.000_05,
    0.000_1,
    0.000_25,
    0.000_5,
    0.001,
    0.002_5,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    10.0,
    f64::INFINITY,
];

/// A histogram of times.
#[derive(Debug, Default)]
pub(super) struct Latency {
    buckets: [AtomicU64; BOUNDS.len()],
    /// The sum of all, in nanoseconds: enough for five hundred years.
    nanoseconds: AtomicU64,
}

impl Latency {
    /// Notes one.
    pub(super) fn note(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        if let Some((_, bucket)) = BOUNDS.iter().zip(&self.buckets).find(|(bound, _)| seconds <= **bound) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether none was noted yet.
    pub(super) fn is_empty(&self) -> bool {
        self.buckets.iter().all(|bucket| bucket.load(Ordering::Relaxed) == 0)
    }

    /// Writes it, under the labels that the encoder has.
    pub(super) fn encode(&self, encoder: &mut MetricEncoder<'_>) -> std::fmt::Result {
        let counts = self.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
        let buckets: Vec<_> = BOUNDS.into_iter().zip(counts).collect();
        let sum = Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
    }
}
