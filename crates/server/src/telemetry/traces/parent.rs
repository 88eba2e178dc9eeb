//! The trace that a request is part of, as its header `traceparent` says (W3C Trace Context).
//!
//! The invariant: **of that header no more is taken than two identifiers and a flag**: `tracestate` and baggage are text of the caller's.

use axum::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// See the module.
pub(crate) struct Parent(SpanContext);

impl Parent {
    /// What the header says, where it says anything. Whether whoever sent it may have a say is the caller's to find out.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let said = context.span().span_context().clone();
        let kept = SpanContext::new(said.trace_id(), said.span_id(), said.trace_flags(), true, TraceState::default());
        kept.is_valid().then_some(Parent(kept))
    }

    /// Whether there is a trace of it elsewhere, so that there should be one here.
    pub(crate) fn is_sampled(&self) -> bool {
        self.0.is_sampled()
    }

    /// Makes a span that nothing was within yet its child.
    pub(crate) fn adopt(self, span: &Span) {
        let _ = span.set_parent(Context::new().with_remote_span_context(self.0)); // else it stands for itself
    }
}

/// The identifier of the trace that a span is part of.
pub(crate) fn trace_id(span: &Span) -> Option<String> {
    let context = (!span.is_disabled()).then(|| span.context())?;
    let is_valid = context.span().span_context().is_valid();
    is_valid.then(|| context.span().span_context().trace_id().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_a_flag_are_taken() {
        let check = |header: &'static str, expected: Option<bool>| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", header.parse().unwrap());
            headers.insert("tracestate", "canary=1".parse().unwrap());
            let parent = Parent::of(&headers);
            assert_eq!(parent.as_ref().map(Parent::is_sampled), expected, "{header}");
            assert!(parent.is_none_or(|parent| parent.0.trace_state().header().is_empty()));
        };
        check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Some(true));
        check("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", Some(false));
        check("00-00000000000000000000000000000000-b7ad6b7169203331-01", None);
        check("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", None);
        check("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None);
        check("a canary", None);
        check("", None);
    }
}
