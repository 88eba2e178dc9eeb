//! The span of a request, and whose trace it is part of.
//!
//! The invariant: **who has shown no good API key or token has no say in traces**: a `traceparent` of theirs is as if it were not there.
//! What a span bears is the route, never the path: that has keys' identifiers in it.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use tracing::Span;
use tracing::field::Empty;

use super::{Shared, bearer};
use crate::telemetry::{self, DRAWN, Parent, TARGET, WANTED};

/// A span of this name for a request.
macro_rules! request_span {
    ($name:expr, $request:expr) => {{
        let route = $request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        tracing::info_span!(
            target: TARGET,
            $name,
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = method($request.method()),
            http.route = route,
            url.path = route,
            url.scheme = "https",
            http.response.status_code = Empty,
            "error.type" = Empty,
        )
    }};
}

/// The trace that whoever asks wants the request in, if they may. Where there are no traces, that costs a glance.
pub(super) async fn parent(app: &Shared, headers: &HeaderMap) -> Option<Parent> {
    let parent = telemetry::are_on().then(|| Parent::of(headers)).flatten()?;
    bearer::is_good(app, headers).await.then_some(parent)
}

/// The span, if there is to be one.
pub(super) fn begin(request: &Request, parent: Option<Parent>) -> Span {
    match parent {
        None => request_span!(DRAWN, request),
        Some(parent) if parent.is_sampled() => {
            let span = request_span!(WANTED, request);
            parent.adopt(&span);
            span
        }
        Some(_) => Span::none(),
    }
}

/// What came of it.
pub(super) fn end(span: &Span, response: &Response) {
    let status = response.status();
    // A signed number: of the others the library makes text.
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status.as_str());
    }
}

/// A method's name; one that nobody knows is the caller's own text (Semantic Conventions, "HTTP server span").
fn method(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 9] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
        (Method::TRACE, "TRACE"),
        (Method::CONNECT, "CONNECT"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("_OTHER", |(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn all_that_is_said_of_a_request_has_a_field() {
        tracing::subscriber::with_default(tracing_subscriber::registry(), || {
            let span = begin(&Request::new(Body::empty()), None);
            for name in ["http.route", "http.response.status_code", "otel.status_code", "error.type"] {
                assert!(span.has_field(name), "{name}");
            }
        });
    }

    #[test]
    fn a_method_that_nobody_knows_is_not_named() {
        let check = |text: &str, expected: &str| assert_eq!(method(&text.parse().unwrap()), expected);
        check("GET", "GET");
        check("PATCH", "PATCH");
        check("CANARY", "_OTHER");
        check("get", "_OTHER");
    }
}
