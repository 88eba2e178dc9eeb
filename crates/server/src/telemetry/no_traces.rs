//! What stands in for traces where they were not built in: there are none, and the configuration refuses to be asked for them.

use crate::config::Traces as Settings;
use crate::metrics::Metrics;
use axum::http::HeaderMap;
use std::sync::Arc;
use tracing::{Span, Subscriber};
use tracing_subscriber::layer::{Identity, Layer};
use uuid::Uuid;

pub(crate) fn are_on() -> bool {
    false
}

pub(crate) fn trace_id(_: &Span) -> Option<String> {
    None
}

pub(super) enum Traces {}

impl Traces {
    pub(super) fn new(_: &Settings) -> Option<Self> {
        None
    }

    pub(super) fn layer<S: Subscriber>(&self) -> impl Layer<S> + Send + Sync + use<S> {
        Identity::new()
    }

    pub(super) fn begin(&self, _: Uuid, _: Arc<Metrics>) {
        match *self {}
    }

    pub(super) fn end(&self) {
        match *self {}
    }
}

pub(crate) enum Parent {}

impl Parent {
    pub(crate) fn of(_: &HeaderMap) -> Option<Self> {
        None
    }

    pub(crate) fn is_sampled(&self) -> bool {
        match *self {}
    }

    pub(crate) fn adopt(self, _: &Span) {
        match self {}
    }
}
