//! The installation's numbers, for Prometheus: one struct, [`Metrics`], that every part of the server tells what it has to tell.
//!
//! Names follow Prometheus' conventions ("Metric and label naming"): `keystead_` in front, base units, `_total` behind counters. The
//! invariant of this room: **no number costs a request more than an atomic addition, and no label names a key.** An instance's own
//! numbers, by IBM's names, are elsewhere ([`crate::http::Metrics`]).

mod family;

mod latency;
mod parts;
mod port;
mod process;
mod rest;
mod storage;
mod survey;

use crate::kmip::Refusals;
use kmip::Timestamp;
pub use parts::Parts;
pub use port::Kmip;
pub(crate) use port::Tally;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;
pub use rest::Rest;
use std::sync::Arc;
pub use storage::Storage;
use survey::Surveyed;
pub use survey::Surveyor;

/// OpenMetrics' text (OpenMetrics 1.0, "Text format").
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Prometheus' older text format, for whoever doesn't ask for the other.
pub const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All numbers of the installation.
pub struct Metrics {
    /// The KMIP port.
    pub kmip: Arc<Kmip>,
    /// The REST API.
    pub rest: Arc<Rest>,
    /// Commits and flushes.
    pub storage: Arc<Storage>,
    /// What other parts tell of themselves.
    pub parts: Parts,
    /// What is looked up when it is asked for.
    pub(crate) survey: Arc<Surveyed>,
    registry: Registry,
}

impl Metrics {
    /// New ones, of a server that starts at this moment.
    pub fn new(started: Timestamp, refusals: Arc<Refusals>) -> Self {
        let (kmip, rest, storage) = (Arc::<Kmip>::default(), Arc::<Rest>::default(), Arc::<Storage>::default());
        let (parts, mut registry) = (Parts::default(), Registry::default());
        process::register(&mut registry, started);
        kmip.register(&mut registry, refusals);
        rest.register(&mut registry);
        storage.register(&mut registry);
        parts.register(&mut registry);
        let survey = Arc::<Surveyed>::default();
        survey.register(&mut registry);
        Metrics { kmip, rest, storage, parts, survey, registry }
    }

    /// All of them, in OpenMetrics' text or in Prometheus' older one.
    pub fn text(&self, open: bool) -> String {
        let mut out = String::new();
        // Writing to a String can't fail, and the library has no other errors.
        let _ = match open {
            true => text::encode(&mut out, &self.registry),
            false => prometheus_text::encode(&mut out, &self.registry),
        };
        out
    }
}
