//! What each guarded request goes through, close around its handler: the error gets its sentence, and the call its audit event.
//!
//! The invariant of this room: **no answer leaves before its event**: the one that rode in the change's batch, or one in the
//! journal, for refused calls too. If that can't be written, the request fails.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use keymanager::{Action, Call, Fact, Occurrence, Outcome};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use super::Shared;
use super::error::{Error, Fault, Refusal};
use super::finish::Correlation;
use super::routes::{Answering, Bare};
use crate::identity::LastToken;
use crate::telemetry::TARGET;

/// What a route says of itself.
pub(super) struct Guard {
    /// What the caller needs the right to.
    pub(super) action: Action,
    /// What could not be done, when it fails: IBM's middle part of `errorMsg`.
    pub(super) failure: &'static str,
    /// Which instance it is about.
    pub(super) place: Place,
}

/// Which instance a request is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The one that the header names, which must be there.
    Named,
    /// The one that the header names, or the caller's own.
    Home,
    /// The one that the header names, or the installation as a whole.
    Installation,
}

/// Who is at the other end, put into each request by the accept loop.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    pub(super) token: Arc<LastToken>,
}

/// What becomes known of a request on its way, for its event and for the log.
#[derive(Clone, Default)]
pub(super) struct Visit(Arc<Known>);

#[derive(Default)]
struct Known {
    initiator: OnceLock<String>,
    instance: OnceLock<Uuid>,
    call: OnceLock<Arc<Call>>,
    facts: Mutex<Facts>,
    read: AtomicBool,
}

#[derive(Default)]
struct Facts {
    target: Option<(String, String)>,
    response: Vec<Fact>,
}

impl Visit {
    /// Who asks, once they were recognised.
    pub(super) fn is_by(&self, initiator: &str) {
        let _ = self.0.initiator.set(initiator.to_owned());
    }

    /// Which instance they named.
    pub(super) fn is_in(&self, instance: Uuid) {
        let _ = self.0.instance.set(instance);
    }

    /// The call that they were let in for.
    pub(super) fn is_call(&self, call: &Arc<Call>) {
        let _ = self.0.call.set(Arc::clone(call));
    }

    /// What it is done to: identifier and name.
    pub(super) fn is_about(&self, id: impl ToString, name: impl Into<String>) {
        self.0.facts.lock().target = Some((id.to_string(), name.into()));
    }

    /// A fact of the answer, by CADF's name in IBM's events. Never a payload.
    pub(super) fn note(&self, name: &'static str, value: impl Into<Value>) {
        let response = &mut self.0.facts.lock().response;
        response.retain(|(noted, _)| *noted != name);
        response.push((name, value.into()));
    }

    /// Whether it is an action that leaves everything as it is.
    pub(super) fn is_read(&self) -> bool {
        self.0.read.load(Ordering::Relaxed)
    }

    /// Who asked, for the log.
    pub(super) fn initiator(&self) -> &str {
        self.0.initiator.get().map_or("nobody", String::as_str)
    }
}

/// Has a request answered by a guarded handler.
pub(super) async fn attend(app: Shared, guard: Arc<Guard>, handler: Bare, mut request: Request) -> Response {
    let visit = request.extensions().get::<Visit>().cloned().unwrap_or_default();
    let correlation = request.extensions().get::<Correlation>().map(|id| id.0.clone()).unwrap_or_default();
    let address = request.extensions().get::<Peer>().map(|peer| peer.address);
    let uri = request.uri().path().to_owned();
    let begun = Instant::now();
    request.extensions_mut().insert(Arc::clone(&guard));
    let answering = handler(request, app.clone());
    let mut response = if reads(guard.action) {
        visit.0.read.store(true, Ordering::Relaxed);
        answering.await
    } else {
        to_its_end(answering).await
    };
    let refusal = response.extensions_mut().remove::<Refusal>();
    let outcome = Outcome { status: response.status().as_u16(), reason: refusal.as_ref().and_then(Refusal::code) };
    let answer = match refusal {
        Some(refusal) => refusal.rendered(guard.failure),
        None => response,
    };
    let is_recorded = visit.0.call.get().is_some_and(|call| call.is_recorded()) && outcome.status < 400;
    let recorded = match is_recorded {
        true => Ok(()),
        false => app.audit.journal.append(&event(&app, &guard, &visit, (&correlation, address, &uri), outcome)),
    };
    // Where there is no event, the answer must not leave; what it would have been is nobody's business now.
    let recorded = match recorded {
        Ok(()) => {
            let delivery = tracing::info_span!(target: TARGET, "audit delivery");
            app.audit.journal.seen().instrument(delivery).await
        }
        failed => failed,
    };
    let answer = recorded.map(|()| answer).unwrap_or_else(|error| {
        Error::Fault(Fault(format!("the audit event could not be written: {error}"))).into_response()
    });
    app.installation.rest.answered(guard.action, answer.status().as_u16(), begun.elapsed());
    count(&app, &guard, &visit, answer.status().as_u16(), begun).await;
    answer
}

/// Counts the answer to whoever was let into an instance.
async fn count(app: &Shared, guard: &Guard, visit: &Visit, status: u16, begun: Instant) {
    let Some(call) = visit.0.call.get().filter(|call| !call.instance.is_nil()) else { return };
    // An answer is not held back for its count.
    let Ok(enabled) = app.keys.metrics_enabled(call.instance).await else { return };
    app.metrics.count(call.instance, enabled, guard.action, status, begun.elapsed());
}

/// Runs a handler that changes something to its end also when the client goes away in the middle: a change that is stored but not yet
/// in force, or a rotation without its rewrapping, must not be left behind.
async fn to_its_end(answering: Answering) -> Response {
    let handler = tokio::spawn(answering.in_current_span());
    handler.await.unwrap_or_else(|error| Error::fault(&error).into_response())
}

/// Whether an action leaves everything as it is.
fn reads(action: Action) -> bool {
    let deed = action.event().rsplit('.').next().unwrap_or_default();
    ["head", "list", "read", "wrap", "unwrap", "rewrap", "get", "retrieve"].contains(&deed)
}

fn event(
    app: &Shared,
    guard: &Guard,
    visit: &Visit,
    (correlation, address, uri): (&str, Option<IpAddr>, &str),
    outcome: Outcome,
) -> Vec<u8> {
    let facts = std::mem::take(&mut *visit.0.facts.lock());
    keymanager::event(&Occurrence {
        action: guard.action,
        instance: visit.0.instance.get().copied().unwrap_or_default(),
        initiator: visit.0.initiator.get().map_or("", String::as_str),
        address,
        correlation: Some(correlation),
        now: (app.now)(),
        outcome,
        target: facts.target.as_ref().map(|(id, name)| (id.as_str(), name.as_str())),
        request: &[("requestURI", uri.into())],
        response: &facts.response,
    })
}
