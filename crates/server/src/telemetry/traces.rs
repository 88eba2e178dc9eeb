//! Traces: spans of requests, sampled, and sent to an OpenTelemetry collector by OpenTelemetry's own libraries.
//!
//! Spans are `tracing`'s, under the target [`TARGET`]; the crates below know nothing of what becomes of them. The invariant of this
//! room: **traces cost no request anything but the making of its spans, and nothing leaves in them but what [`attributes`] lists**: what
//! does not fit into the queue is dropped and counted, and what can't be sent is too.

mod attributes;
mod parent;
mod queue;
mod send;

use super::{DRAWN, TARGET, WANTED};
use crate::config::{EACH, Traces as Settings};
use crate::metrics::Metrics;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
pub(crate) use parent::{Parent, trace_id};
use queue::Queue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;
use wrap::primitive::{Random, SystemRandom};

/// What the end of the process waits for.
const FLUSH: Duration = Duration::from_secs(2);

static ON: AtomicBool = AtomicBool::new(false);

/// Whether there are traces at all.
pub(crate) fn are_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// The way of spans out of the process.
pub(super) struct Traces {
    settings: Settings,
    queue: Arc<Queue>,
    provider: SdkTracerProvider,
}

impl Traces {
    /// Where they are configured.
    pub(super) fn new(settings: &Settings) -> Option<Self> {
        settings.endpoint.as_ref().filter(|_| settings.sample > 0)?;
        ON.store(true, Ordering::Relaxed);
        let queue = Arc::<Queue>::default();
        // Whether there is a span is decided before it is made, by `is_wanted`; what others said, by whoever let them in.
        let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOn));
        let provider =
            SdkTracerProvider::builder().with_sampler(sampler).with_span_processor(queue::Tail(queue.clone()));
        Some(Traces { settings: settings.clone(), queue, provider: provider.build() })
    }

    /// What takes the spans. Log lines don't become part of them, nor places in the source, nor threads.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let sample = self.settings.sample;
        let filter = dynamic_filter_fn(move |span, context| is_wanted(span, context, sample));
        // Of what can't be a span of ours, nobody need be asked again.
        let filter = filter.with_callsite_filter(is_ours).with_max_level_hint(LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(TARGET))
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_filter(filter)
    }

    /// Begins to send, as this node, on the runtime that this is called in.
    pub(super) fn begin(&self, node: Uuid, metrics: Arc<Metrics>) {
        if let Err(error) = self.queue.open(&self.settings, node, metrics) {
            tracing::error!(error, "traces can't be sent: there are none");
        }
    }

    /// Sends what there is, for 2 seconds at most.
    pub(super) fn end(&self) {
        let _ = self.provider.shutdown_with_timeout(FLUSH); // what was lost was counted
    }
}

fn is_ours(metadata: &'static Metadata<'static>) -> tracing::subscriber::Interest {
    match metadata.is_span() && metadata.target() == TARGET {
        true => tracing::subscriber::Interest::sometimes(),
        false => tracing::subscriber::Interest::never(),
    }
}

/// A request's span if it is drawn or wanted, and what is within one: of a request without one there is nothing.
fn is_wanted<S>(span: &Metadata<'_>, context: &Context<'_, S>, sample: u32) -> bool
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    match span.name() {
        _ if !span.is_span() || span.target() != TARGET => false,
        DRAWN => is_drawn(sample),
        WANTED => true,
        _ => context.lookup_current().is_some(),
    }
}

/// By lot, and not from the trace's identifier as others do it: whoever may choose that could choose to be traced.
fn is_drawn(sample: u32) -> bool {
    let mut lot = [0; 4];
    sample >= EACH || SystemRandom.fill(&mut lot).is_ok() && falls_within(u32::from_ne_bytes(lot), sample)
}

fn falls_within(lot: u32, sample: u32) -> bool {
    (u64::from(lot) * u64::from(EACH)) >> 32 < u64::from(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lot_falls_as_often_as_configured() {
        let check = |sample: u32, first_that_does_not: Option<u32>| {
            let before = first_that_does_not.map_or(u32::MAX, |lot| lot.wrapping_sub(1));
            assert_eq!(falls_within(before, sample), sample > 0, "{sample}");
            assert!(first_that_does_not.is_none_or(|lot| !falls_within(lot, sample)), "{sample}");
        };
        check(0, Some(0));
        check(EACH / 100, Some(42_949_673));
        check(EACH / 2, Some(1 << 31));
        check(EACH, None);
        assert!(is_drawn(EACH) && !is_drawn(0));
    }
}
