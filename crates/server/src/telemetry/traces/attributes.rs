//! What a span may bear when it leaves.
//!
//! The invariant: **an attribute leaves only if its name is in the table**, and each name there stands for words of our own, numbers, an
//! adapter's identifier or an identifier that was drawn. What clients write, keys, names and bodies among it, has no row.

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

/// HTTP's are OpenTelemetry's (Semantic Conventions, "HTTP server span"). For KMIP it has none, so these are ours.
pub(super) const ALLOWED: [&str; 12] = [
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "url.path",
    "url.scheme",
    "error.type",
    "rpc.system.name",
    "kmip.operation",
    "kmip.protocol_version",
    "kmip.result_reason",
    "keystead.adapter",
    "keystead.correlation_id",
];

/// The span as it leaves.
pub(super) fn dressed(mut span: SpanData) -> SpanData {
    span.attributes.retain(|attribute| ALLOWED.contains(&attribute.key.as_str()));
    (span.events, span.links) = (SpanEvents::default(), SpanLinks::default());
    if matches!(span.status, Status::Error { .. }) {
        span.status = Status::error("");
    }
    if span.span_kind == SpanKind::Server {
        span.name = name(&span.attributes).into();
    }
    span
}

/// A request's name: the method and the route, or the operation.
fn name(attributes: &[KeyValue]) -> String {
    let value = |key: &str| attributes.iter().find(|attribute| attribute.key.as_str() == key);
    let text = |key| value(key).map(|attribute| attribute.value.as_str().into_owned());
    match (text("http.request.method"), text("http.route")) {
        (Some(method), Some(route)) => format!("{method} {route}"),
        (Some(method), None) => method,
        (None, _) => text("kmip.operation").map_or_else(|| "KMIP".to_owned(), |operation| format!("KMIP {operation}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{Event, SpanContext, SpanId};
    use std::time::SystemTime;

    fn span(kind: SpanKind, attributes: &[(&'static str, &'static str)]) -> SpanData {
        let mut events = SpanEvents::default();
        events.events.push(Event::with_name("canary"));
        SpanData {
            span_context: SpanContext::empty_context(),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: kind,
            name: "request".into(),
            start_time: SystemTime::UNIX_EPOCH,
            end_time: SystemTime::UNIX_EPOCH,
            attributes: attributes.iter().map(|(key, value)| KeyValue::new(*key, *value)).collect(),
            dropped_attributes_count: 0,
            events,
            links: SpanLinks::default(),
            status: Status::error("canary"),
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    #[test]
    fn what_is_not_in_the_table_stays() {
        let check = |key: &'static str, leaves: bool| {
            let dressed = dressed(span(SpanKind::Internal, &[(key, "canary")]));
            assert_eq!(dressed.attributes.len(), usize::from(leaves), "{key}");
            assert!(dressed.events.is_empty() && dressed.links.is_empty() && dressed.status == Status::error(""));
        };
        for key in ["authorization", "http.request.body", "user_agent.original", "url.query", "exception.message"] {
            check(key, false);
        }
        ALLOWED.iter().for_each(|key| check(key, true));
    }

    #[test]
    fn a_request_is_named_after_what_was_asked() {
        let check = |kind, attributes: &[(&'static str, &'static str)], expected: &str| {
            assert_eq!(dressed(span(kind, attributes)).name, expected);
        };
        let get = ("http.request.method", "GET");
        check(SpanKind::Server, &[get, ("http.route", "/api/v2/keys/{id}")], "GET /api/v2/keys/{id}");
        check(SpanKind::Server, &[get], "GET");
        check(SpanKind::Server, &[("kmip.operation", "Locate")], "KMIP Locate");
        check(SpanKind::Server, &[], "KMIP");
        check(SpanKind::Internal, &[get], "request");
    }
}
