//! Health: whether keys can be opened, by opening something; and for those who ask more closely, how each part does.
//!
//! Everybody may ask, so the answers name no tenant and no key. The invariant: **that the process answers and that it can do its work are
//! two questions**: a load balancer asks the second, and whoever restarts what hangs the first.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::answer::json;
use super::routes::Routes;
use crate::api::{Collection, Health, HealthPart, Resource, Status};
use crate::health::{Condition, Part, ROOT_KEYS};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.public(__path_show, show).public(__path_live, live).public(__path_ready, ready)
}

/// Whether the server can do its work
#[utoipa::path(
    get,
    path = "/api/v1/health",
    tag = "Health",
    responses(
        (status = 200, description = "A root key was unwrapped a moment ago", body = Collection<Health>, content_type = Health::TYPE),
        (status = 503, description = "The server answers, but can't open keys", body = Collection<Health>, content_type = Health::TYPE),
    )
)]
async fn show(State(app): State<Shared>) -> Response {
    let parts = app.health.parts((app.now)()).await;
    let root_keys = parts.iter().find(|part| part.name == ROOT_KEYS).map_or(Condition::Failing, |part| part.condition);
    answer(Health { status: status(root_keys), parts: None })
}

/// Whether the process answers
#[utoipa::path(
    get,
    path = "/api/v1/health/live",
    tag = "Health",
    responses((status = 200, description = "It does", body = Collection<Health>, content_type = Health::TYPE))
)]
async fn live() -> Response {
    answer(Health { status: Status::Ok, parts: None })
}

/// Whether each part of the server can do its work: root keys unwrap, the store takes changes, the journal is flushed, the disk has room
#[utoipa::path(
    get,
    path = "/api/v1/health/ready",
    tag = "Health",
    responses(
        (status = 200, description = "Keys are given out; `degraded` where somebody has to look after a part", body = Collection<Health>, content_type = Health::TYPE),
        (status = 503, description = "A part can't do its work", body = Collection<Health>, content_type = Health::TYPE),
    )
)]
async fn ready(State(app): State<Shared>) -> Response {
    let parts = app.health.parts((app.now)()).await;
    let worst = parts.iter().map(|part| part.condition).max().unwrap_or(Condition::Well);
    answer(Health { status: status(worst), parts: Some(parts.iter().map(resource).collect()) })
}

fn answer(health: Health) -> Response {
    let code = match health.status {
        Status::Ok | Status::Degraded => StatusCode::OK,
        Status::Failing => StatusCode::SERVICE_UNAVAILABLE,
    };
    json(code, Health::TYPE, &Collection::one(health)).into_response()
}

fn resource(part: &Part) -> HealthPart {
    let reason = Some(part.reason.to_owned()).filter(|reason| !reason.is_empty());
    HealthPart { name: part.name.to_owned(), status: status(part.condition), reason }
}

fn status(condition: Condition) -> Status {
    match condition {
        Condition::Well => Status::Ok,
        Condition::Degraded => Status::Degraded,
        Condition::Failing => Status::Failing,
    }
}
