//! The KMIP port's numbers: handshakes, connections, requests.
//!
//! The invariant: **a request shares no lock with another one**: a connection holds the counters that it has used before, and looks
//! for another only when something new comes of a request.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::kmip::enums::{Operation, ResultReason};
use engine::exchange::Outcome;
use parking_lot::{Mutex, RwLock};
use prometheus_client::encoding::MetricEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use uuid::Uuid;

use super::family::{Rows, counter, label};
use super::latency::Latency;
use crate::kmip::Refusals;

/// Operations have the numbers 1 to 42 (KMIP 1.4, 9.1.3.2.27); 0 is for all others, and for messages of several items.
const OPERATIONS: usize = 43;

/// See the module.
pub struct Kmip {
    counts: RwLock<HashMap<What, Arc<AtomicU64>>>,
    names: Mutex<HashMap<Uuid, String>>,
    requests: [Latency; OPERATIONS],
    handshakes: Latency,
    shaken: AtomicU64,
    waiting: Gauge,
    seated: Gauge,
}

/// What is counted: an adapter, an operation, what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct What {
    adapter: Uuid,
    operation: usize,
    reason: Option<ResultReason>,
}

/// The counters that a connection has used, so that the next request finds them without a lock.
#[derive(Default)]
pub(crate) struct Tally(Vec<(What, Arc<AtomicU64>)>);

impl Default for Kmip {
    fn default() -> Self {
        Kmip {
            counts: RwLock::default(),
            names: Mutex::default(),
            requests: std::array::from_fn(|_| Latency::default()),
            handshakes: Latency::default(),
            shaken: AtomicU64::new(0),
            waiting: Gauge::default(),
            seated: Gauge::default(),
        }
    }
}

impl Kmip {
    pub(super) fn register(self: &Arc<Self>, registry: &mut Registry, refusals: Arc<Refusals>) {
        let (a, b, c) = (self.clone(), self.clone(), self.clone());
        let one =
            ("keystead_kmip_requests", "KMIP batch items that were answered, by operation, adapter and result reason");
        Rows::register(registry, one, MetricType::Counter, move |rows| a.encode_requests(rows));
        let one = (
            "keystead_kmip_request_duration_seconds",
            "From a KMIP message's last byte to its answer, before that is sent",
        );
        Rows::register(registry, one, MetricType::Histogram, move |rows| b.encode_durations(rows));
        let one = (
            "keystead_kmip_handshake_duration_seconds",
            "How long TLS handshakes took that came to a client's certificate",
        );
        Rows::register(registry, one, MetricType::Histogram, move |rows| c.handshakes.encode(rows));
        let one = (
            "keystead_kmip_handshakes",
            "TLS handshakes at the KMIP ports: those that came to a client's certificate, and why others did not",
        );
        let shaken = self.clone();
        Rows::register(registry, one, MetricType::Counter, move |rows| {
            let all = [("success", shaken.shaken.load(Ordering::Relaxed))].into_iter().chain(refusals.counts());
            all.into_iter().try_for_each(|(outcome, count)| counter(rows, &[label("outcome", outcome)], count))
        });
        let states = [("waiting", self.waiting.clone()), ("seated", self.seated.clone())];
        let one = (
            "keystead_kmip_connections",
            "KMIP connections: those whose client is not let in yet, and those that are served",
        );
        Rows::register(registry, one, MetricType::Gauge, move |rows| {
            states
                .iter()
                .try_for_each(|(state, count)| rows.encode_family(&[label("state", state)])?.encode_gauge(&count.get()))
        });
    }

    /// A message was answered: its items, and how long that took.
    pub(crate) fn answered(&self, tally: &mut Tally, adapter: Uuid, outcomes: &[Outcome], time: Duration) {
        for outcome in outcomes {
            let what = What { adapter, operation: number(outcome.operation), reason: outcome.reason };
            tally.count(what, self);
        }
        let operation = match outcomes {
            [outcome] => number(outcome.operation),
            _ => 0,
        };
        if let Some(latency) = self.requests.get(operation) {
            latency.note(time);
        }
    }

    /// A handshake came to a client's certificate.
    pub(crate) fn shook_hands(&self, time: Duration) {
        self.shaken.fetch_add(1, Ordering::Relaxed);
        self.handshakes.note(time);
    }

    /// A connection came.
    pub(crate) fn came(&self) -> Presence {
        self.waiting.inc();
        Presence { in_state: self.waiting.clone(), seated: self.seated.clone() }
    }

    /// Which adapters there are, with their names: the others are counted no more.
    pub(super) fn adapters(&self, names: HashMap<Uuid, String>) {
        self.counts.write().retain(|what, _| names.contains_key(&what.adapter));
        *self.names.lock() = names;
    }

    fn counter(&self, what: What) -> Arc<AtomicU64> {
        if let Some(known) = self.counts.read().get(&what) {
            return known.clone();
        }
        self.counts.write().entry(what).or_default().clone()
    }

    fn encode_requests(&self, rows: &mut MetricEncoder<'_>) -> fmt::Result {
        // Reasons that have no name of their own share a row.
        let mut counts = HashMap::<_, u64>::new();
        for (what, count) in self.counts.read().iter() {
            let row = (what.operation, what.adapter, outcome_name(what.reason));
            *counts.entry(row).or_default() += count.load(Ordering::Relaxed);
        }
        let names = self.names.lock().clone();
        counts.into_iter().try_for_each(|((operation, adapter, outcome), count)| {
            let labels = [
                label("operation", operation_name(operation)),
                label("adapter", adapter),
                label("adapter_name", names.get(&adapter).map_or("", String::as_str)),
                label("outcome", outcome),
            ];
            counter(rows, &labels, count)
        })
    }

    fn encode_durations(&self, rows: &mut MetricEncoder<'_>) -> fmt::Result {
        let used = self.requests.iter().enumerate().filter(|(_, latency)| !latency.is_empty());
        used.map(|(operation, latency)| (label("operation", operation_name(operation)), latency))
            .try_for_each(|(label, latency)| latency.encode(&mut rows.encode_family(&[label])?))
    }
}

impl Tally {
    fn count(&mut self, what: What, kmip: &Kmip) {
        let known = self.0.iter().find(|(known, _)| *known == what);
        match known {
            Some((_, count)) => drop(count.fetch_add(1, Ordering::Relaxed)),
            None => {
                let count = kmip.counter(what);
                count.fetch_add(1, Ordering::Relaxed);
                self.0.push((what, count));
            }
        }
    }
}

/// A connection, counted in the state that it is in until it is dropped.
pub(crate) struct Presence {
    in_state: Gauge,
    seated: Gauge,
}

impl Presence {
    /// Its client was let in.
    pub(crate) fn is_seated(&mut self) {
        self.seated.inc();
        std::mem::replace(&mut self.in_state, self.seated.clone()).dec();
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.in_state.dec();
    }
}

/// The place of an operation in the tables: what is unknown, or none, is 0.
fn number(operation: Option<Operation>) -> usize {
    let known = operation.filter(|operation| operation.name().is_some());
    known
        .and_then(|operation| usize::try_from(operation.number()).ok())
        .filter(|number| *number < OPERATIONS)
        .unwrap_or(0)
}

fn operation_name(number: usize) -> &'static str {
    let number = u32::try_from(number).unwrap_or(0);
    Operation::from_number(number).name().unwrap_or("other")
}

fn outcome_name(reason: Option<ResultReason>) -> &'static str {
    reason.map_or("Success", |reason| reason.name().unwrap_or("other"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_without_a_name_are_one_row() {
        let metrics = crate::metrics::Metrics::new(::kmip::Timestamp::from_seconds(0), Arc::default());
        let (mut tally, adapter) = (Tally::default(), Uuid::from_u128(1));
        let outcome =
            |number| Outcome { operation: Some(Operation::Get), reason: Some(ResultReason::from_number(number)) };
        metrics.kmip.answered(
            &mut tally,
            adapter,
            &[outcome(90_001), outcome(90_002), outcome(90_002)],
            Duration::ZERO,
        );
        let text = metrics.text(false);
        let rows: Vec<_> = text.lines().filter(|line| line.contains(r#"outcome="other""#)).collect();
        assert!(matches!(rows.as_slice(), [row] if row.ends_with(" 3")), "{rows:?}");
    }
}
