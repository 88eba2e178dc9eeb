//! What was asked of an instance, counted where its policy `metrics` says so, in Prometheus' text format.
//!
//! The invariant: **an instance's numbers are moved and seen by those alone who were let into it.** They are counted from the moment at
//! which the policy is enabled or the server starts, whichever is later, and are gone once it is disabled.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use keymanager::Action;
use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use super::Shared;
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;

/// Prometheus' text format (exposition formats, "Text-based format").
const TYPE: &str = "text/plain; version=0.0.4";
/// How much the newest latency counts for: a sixteenth.
const WEIGHT: f64 = 1.0 / 16.0;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.instance(Action::ReadMetrics, "Metrics could not be retrieved", __path_show, show)
}

/// Requests of the instance and their latency, by action and answer
#[utoipa::path(
    get,
    path = "/api/v1/metrics",
    tag = "Metrics",
    responses((status = 200, description = "Prometheus text format 0.0.4", body = String, content_type = "text/plain"))
)]
async fn show(caller: Caller, State(app): State<Shared>) -> Result<Response, Error> {
    if !app.keys.metrics_enabled(caller.instance).await? {
        return Err(Error::conflict(
            "METRICS_DISABLED_ERR",
            "the instance's policy `metrics` is not enabled: enable it with PUT /api/v2/instance/policies or \
             `keystead instance policy set metrics on`, and requests are counted from then on",
        ));
    }
    Ok(([(header::CONTENT_TYPE, TYPE)], app.metrics.text(caller.instance)).into_response())
}

/// The counts of all instances that want them.
#[derive(Default)]
pub struct Metrics(RwLock<HashMap<Uuid, Arc<Counts>>>);

type Counts = Mutex<BTreeMap<(&'static str, u16), Count>>;

#[derive(Clone, Copy)]
struct Count {
    requests: u64,
    milliseconds: f64,
}

impl Metrics {
    /// Counts an answer of an instance whose policy is enabled. One whose policy is not begins anew when that changes.
    pub(super) fn count(&self, instance: Uuid, enabled: bool, action: Action, status: u16, latency: Duration) {
        let known = self.0.read().get(&instance).cloned();
        match (known, enabled) {
            (None, false) => {}
            (Some(_), false) => drop(self.0.write().remove(&instance)),
            (Some(counts), true) => add(&counts, action, status, latency),
            (None, true) => {
                let counts = self.0.write().entry(instance).or_default().clone();
                add(&counts, action, status, latency);
            }
        }
    }

    /// Forgets an instance that is no more.
    pub(super) fn forget(&self, instance: Uuid) {
        self.0.write().remove(&instance);
    }

    fn text(&self, instance: Uuid) -> String {
        let known = self.0.read().get(&instance).cloned();
        let counts = known.map(|counts| counts.lock().clone()).unwrap_or_default();
        let mut text = String::new();
        family(&mut text, instance, &counts, REQUESTS, |count| count.requests.to_string());
        family(&mut text, instance, &counts, LATENCY, |count| format!("{:.3}", count.milliseconds));
        text
    }
}

/// Key Protect's names.
const REQUESTS: [&str; 2] = ["ibm_kms_api_request_gauge", "Requests that were answered since they are counted."];
const LATENCY: [&str; 2] =
    ["ibm_kms_api_latency_gauge", "Milliseconds until the answer, of the latest requests: a moving average."];

fn add(counts: &Counts, action: Action, status: u16, latency: Duration) {
    let milliseconds = latency.as_secs_f64() * 1000.0;
    let mut counts = counts.lock();
    let count = counts.entry((action.event(), status)).or_insert(Count { requests: 0, milliseconds });
    count.requests += 1;
    count.milliseconds += (milliseconds - count.milliseconds) * WEIGHT;
}

/// Labels are actions' names and numbers: nothing in them needs to be escaped.
fn family(
    text: &mut String,
    instance: Uuid,
    counts: &BTreeMap<(&'static str, u16), Count>,
    [name, about]: [&str; 2],
    value: impl Fn(&Count) -> String,
) {
    let _ = writeln!(text, "# HELP {name} {about}\n# TYPE {name} gauge"); // writing to a String can't fail
    for ((action, status), count) in counts {
        let value = value(count);
        let labels = format!("ibm_resource=\"{instance}\",ibm_kms_api=\"{action}\",ibm_kms_response_code=\"{status}\"");
        let _ = writeln!(text, "{name}{{{labels}}} {value}");
    }
}
