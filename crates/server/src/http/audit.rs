//! The audit over REST: events, the newest head, the key that it is verified with, and the sinks.

use axum::extract::State;
use axum::http::StatusCode;
use keymanager::Action;
use uuid::Uuid;

use super::answer::{Answer, Reply};
use super::beside::beside;
use super::caller::Caller;
use super::error::Error;
use super::query::Parameters;
use super::routes::Routes;
use super::{Administration, Shared};
use crate::api::{AuditEvent, AuditHead, AuditKey, AuditSink, Collection, Metadata, Resource, moment};
use crate::audit::{self, Filter, Page};

/// The most events of a page, and the usual number.
const MOST: usize = 1000;
const USUAL: usize = 100;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ListAuditEvents, "Audit events could not be retrieved", __path_list, list)
        .installation(Action::ReadAuditState, "Audit head could not be retrieved", __path_head, head)
        .installation(Action::ReadAuditState, "Audit key could not be retrieved", __path_key, key)
        .installation(Action::ReadAuditState, "Audit sinks could not be retrieved", __path_sinks, sinks)
}

/// Events of an instance; with none named, of the whole installation
#[utoipa::path(
    get,
    path = "/api/v1/audit/events",
    tag = "Audit",
    params(
        ("since" = Option<String>, Query, description = "From this time on, RFC 3339"),
        ("until" = Option<String>, Query, description = "Before this time, RFC 3339"),
        ("action" = Option<String>, Query, description = "The action, or how it begins where this ends with a dot"),
        ("initiator" = Option<String>, Query, description = "Who, as events name them"),
        ("key" = Option<String>, Query, description = "Identifier of what it was done to"),
        ("outcome" = Option<String>, Query, description = "`success` or `failure`"),
        ("after" = Option<u64>, Query, description = "The page before's `next`"),
        ("newest" = Option<bool>, Query, description = "Begin with what comes after this moment"),
        ("limit" = Option<u64>, Query, description = "At most so many, up to 1000"),
    ),
    responses((status = 200, body = Collection<AuditEvent>, content_type = AuditEvent::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, parameters: Parameters) -> Answer {
    let filter = filter(&caller, &parameters)?;
    let limit = parameters.number("limit", USUAL, 1..=MOST)?;
    let newest = parameters.flag("newest")?.unwrap_or(false).then(|| audit::cursor(app.audit.end()));
    let after = parameters.text("after").map(|text| text.parse().map_err(|_| no_cursor())).transpose()?;
    let page = read(&app, filter, after.or(newest), limit).await?;
    caller.visit.note("totalResources", page.events.len());
    let metadata = Metadata {
        collection_type: AuditEvent::TYPE.to_owned(),
        collection_total: page.events.len(),
        next: Some(page.next),
        incomplete_search: page.more.then_some(true),
        ..Metadata::default()
    };
    Ok(Reply::collection(StatusCode::OK, &Collection { metadata, resources: page.events }))
}

fn filter(caller: &Caller, parameters: &Parameters) -> Result<Filter, Error> {
    let text = |name: &str| parameters.text(name).map(str::to_owned);
    let time = |name: &str| match parameters.text(name) {
        Some(text) => moment(text)
            .map(|at| Some(at.millis()))
            .ok_or_else(|| Error::query(name, format!("`{name}` is a time such as 2026-01-31T12:00:00Z"))),
        None => Ok(None),
    };
    let outcome = text("outcome");
    if outcome.as_ref().is_some_and(|outcome| !["success", "failure"].contains(&outcome.as_str())) {
        return Err(Error::query("outcome", "`outcome` is `success` or `failure`".to_owned()));
    }
    Ok(Filter {
        instance: (!caller.instance.is_nil()).then_some(caller.instance),
        since: time("since")?,
        until: time("until")?,
        action: text("action"),
        initiator: text("initiator"),
        key: text("key"),
        outcome,
    })
}

async fn read(app: &Shared, filter: Filter, from: Option<u64>, limit: usize) -> Result<Page, Error> {
    let (folder, node) = (app.audit.folder.clone(), node(app));
    let refused = move |error| match (error, from) {
        (store::Error::Damaged(_), Some(_)) => no_cursor(),
        (error, _) => Error::fault(&error),
    };
    beside(move || audit::page(&folder, &node, &filter, from, limit).map_err(refused)).await
}

fn no_cursor() -> Error {
    Error::query("after", "`after` is the `next` of the page before".to_owned())
}

fn node(app: &Administration) -> Uuid {
    Uuid::from_bytes(app.audit.journal.position().0.node)
}

/// The newest signed head: kept elsewhere, it shows whether the audit's end was cut off
#[utoipa::path(
    get,
    path = "/api/v1/audit/head",
    tag = "Audit",
    responses((status = 200, body = Collection<AuditHead>, content_type = AuditHead::TYPE))
)]
async fn head(_: Caller, State(app): State<Shared>) -> Answer {
    Ok(Reply::all(app.audit.head().iter().map(|head| AuditHead::clone(head)).collect()))
}

/// The public key that heads are verified with
#[utoipa::path(
    get,
    path = "/api/v1/audit/public-key",
    tag = "Audit",
    responses((status = 200, body = Collection<AuditKey>, content_type = AuditKey::TYPE))
)]
async fn key(_: Caller, State(app): State<Shared>) -> Answer {
    Ok(Reply::one(AuditKey { public_key: audit::pem(&app.audit.public_key()) }))
}

/// The sinks that hand the audit on, and how far each is
#[utoipa::path(
    get,
    path = "/api/v1/audit/sinks",
    tag = "Audit",
    responses((status = 200, body = Collection<AuditSink>, content_type = AuditSink::TYPE))
)]
async fn sinks(_: Caller, State(app): State<Shared>) -> Answer {
    let audit = app.audit.clone();
    Ok(Reply::all(beside(move || Ok::<_, Error>(audit.sinks_shown())).await?))
}
