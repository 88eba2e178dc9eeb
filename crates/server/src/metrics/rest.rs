//! The REST API's numbers: requests and how long they take, by action.
//!
//! The invariant: **an action has its place in a table that is made once**, so that a request is counted without a lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keymanager::Action;
use prometheus_client::encoding::MetricEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::family::{Rows, counter, label};
use super::latency::Latency;

/// Classes of HTTP's status codes (RFC 9110, 15).
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// See the module.
pub struct Rest(Vec<Asked>);

#[derive(Default)]
struct Asked {
    answers: [AtomicU64; CLASSES.len()],
    latency: Latency,
}

impl Default for Rest {
    fn default() -> Self {
        Rest(Action::ALL.iter().map(|_| Asked::default()).collect())
    }
}

impl Rest {
    pub(super) fn register(self: &Arc<Self>, registry: &mut Registry) {
        let (a, b) = (self.clone(), self.clone());
        let one =
            ("keystead_rest_requests", "Requests to the REST API that were answered, by action and class of status");
        Rows::register(registry, one, MetricType::Counter, move |rows| a.encode_requests(rows));
        let one = ("keystead_rest_request_duration_seconds", "How long the REST API took for its answers, by action");
        Rows::register(registry, one, MetricType::Histogram, move |rows| b.encode_durations(rows));
    }

    /// A request was answered.
    pub(crate) fn answered(&self, action: Action, status: u16, time: Duration) {
        let Some(asked) = self.0.get(action as usize) else { return };
        if let Some(answers) = asked.answers.get(usize::from(status / 100).wrapping_sub(1)) {
            answers.fetch_add(1, Ordering::Relaxed);
        }
        asked.latency.note(time);
    }

    fn used(&self) -> impl Iterator<Item = ((&'static str, String), &Asked)> {
        let all = Action::ALL.iter().zip(&self.0).filter(|(_, asked)| !asked.latency.is_empty());
        all.map(|(action, asked)| (label("action", action.name()), asked))
    }

    fn encode_requests(&self, rows: &mut MetricEncoder<'_>) -> fmt::Result {
        for (action, asked) in self.used() {
            let counts = CLASSES.iter().zip(asked.answers.each_ref().map(|count| count.load(Ordering::Relaxed)));
            for (class, count) in counts.filter(|(_, count)| *count > 0) {
                counter(rows, &[action.clone(), label("status", class)], count)?;
            }
        }
        Ok(())
    }

    fn encode_durations(&self, rows: &mut MetricEncoder<'_>) -> fmt::Result {
        self.used().try_for_each(|(action, asked)| asked.latency.encode(&mut rows.encode_family(&[action])?))
    }
}
