//! Health: whether keys can be opened, by opening something.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::answer::json;
use super::routes::Routes;
use crate::api::{Collection, Health, Resource, Status};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.public(__path_show, show)
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
    let status = match app.keys.try_out((app.now)()).await {
        Ok(()) => Status::Ok,
        Err(error) => {
            tracing::error!(%error, "the health check failed");
            Status::Failing
        }
    };
    let code = if status == Status::Ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(code, Health::TYPE, &Collection::one(Health { status })).into_response()
}
