//! What every request and its answer go through: the correlation id, the headers, the log, and the masking of faults.
//!
//! The invariant of this room: **what was begun is finished, and what is ours to mend stays in our log.**

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;
use wrap::primitive::{Random, SystemRandom};

use super::attend::{Guard, Visit, attend};
use super::error::{Error, Fault, Refusal, masked};
use super::routes::Bare;
use super::{Shared, trace};
use crate::api::CORRELATION_ID;
use crate::telemetry;

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// The id that ties answer, log and audit event together.
#[derive(Clone, Debug)]
pub(super) struct Correlation(pub(super) String);

/// Has a request answered by its handler, which is attended where the route is guarded.
pub(super) async fn finish(app: Shared, guard: Option<Arc<Guard>>, handler: Bare, mut request: Request) -> Response {
    let parent = trace::parent(&app, request.headers()).await;
    let span = trace::begin(&request, parent);
    let trace = telemetry::trace_id(&span);
    let correlation = correlation_id(request.headers(), trace.as_ref());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let visit = Visit::default();
    request.extensions_mut().insert(visit.clone());
    request.extensions_mut().insert(Correlation(correlation.clone()));
    let answered = caught(async {
        match guard {
            Some(guard) => attend(app, guard, handler, request).await,
            None => handler(request, app).await,
        }
    });
    let response = mask(answered.instrument(span.clone()).await, &correlation);
    trace::end(&span, &response);
    let by = visit.initiator();
    let status = response.status().as_u16();
    // Every call has its audit event; the log is for what an operator looks into.
    if method == Method::GET || method == Method::HEAD || visit.is_read() {
        tracing::debug!(%method, path, status, by, correlation, trace, "administration");
    } else {
        tracing::info!(%method, path, status, by, correlation, trace, "administration");
    }
    dress(response, &correlation)
}

/// A handler that panics is a fault like others.
async fn caught(answered: impl Future<Output = Response>) -> Response {
    let ended = AssertUnwindSafe(answered).catch_unwind().await;
    ended.unwrap_or_else(|_| Error::Fault(Fault("a handler panicked".to_owned())).into_response())
}

/// The client's own id if it is one that can safely be logged, else the trace's where there is one, else a new one.
fn correlation_id(headers: &HeaderMap, trace: Option<&String>) -> String {
    let fits = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match headers.get(CORRELATION_ID).and_then(|value| value.to_str().ok()).filter(fits) {
        Some(id) => id.to_owned(),
        None => trace.cloned().unwrap_or_else(new_id),
    }
}

/// Should the system give no random bytes, an id of zeros still marks the line in the log.
fn new_id() -> String {
    let mut bytes = [0; 16];
    let _ = SystemRandom.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A fault's chain goes to the log, and the client hears where to look. A refusal outside a guarded route gets its form here.
fn mask(mut response: Response, correlation: &str) -> Response {
    if let Some(Fault(chain)) = response.extensions_mut().remove::<Fault>() {
        tracing::error!(correlation, error = chain, "an administrative request failed");
        return masked(correlation);
    }
    match response.extensions_mut().remove::<Refusal>() {
        Some(refusal) => refusal.rendered(""),
        None => response,
    }
}

fn dress(mut response: Response, correlation: &str) -> Response {
    let headers = response.headers_mut();
    headers.reserve(HEADERS.len() + 1);
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(correlation) {
        headers.insert(CORRELATION_ID, value);
    }
    response
}
