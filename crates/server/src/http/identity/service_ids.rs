//! Service IDs.

use axum::extract::State;
use keymanager::Action;

use crate::api::{Collection, NewServiceId, Resource, ServiceId, rfc3339};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::{At, Body};
use crate::http::caller::Caller;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ListServiceIds, "Service IDs could not be retrieved", __path_list, list)
        .installation(Action::CreateServiceId, "Service ID could not be created", __path_create, create)
        .installation(Action::ReadServiceId, "Service ID could not be retrieved", __path_show, show)
        .installation(Action::DeleteServiceId, "Service ID could not be deleted", __path_delete, delete)
}

/// List the service IDs that the caller looks after
#[utoipa::path(
    get,
    path = "/api/v1/serviceids",
    tag = "Identity",
    responses((status = 200, body = Collection<ServiceId>, content_type = ServiceId::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>) -> Answer {
    Ok(Reply::all(app.keys.service_ids(&caller).await?.into_iter().map(resource).collect()))
}

/// Create a service ID
#[utoipa::path(
    post,
    path = "/api/v1/serviceids",
    tag = "Identity",
    request_body = NewServiceId,
    responses((status = 201, body = Collection<ServiceId>, content_type = ServiceId::TYPE))
)]
async fn create(
    caller: Caller,
    State(app): State<Shared>,
    Body(NewServiceId { name, description }): Body<NewServiceId>,
) -> Answer {
    let new = keymanager::NewServiceId { name, description };
    Ok(Reply::made(resource(app.keys.create_service_id(&caller, new).await?)))
}

/// Show a service ID
#[utoipa::path(
    get,
    path = "/api/v1/serviceids/{service_id}",
    tag = "Identity",
    params(("service_id" = String, Path, description = "Identifier, IAM id or name")),
    responses((status = 200, body = Collection<ServiceId>, content_type = ServiceId::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(service_id): At<String>) -> Answer {
    Ok(Reply::one(resource(app.keys.service_id(&caller, &service_id).await?)))
}

/// Delete a service ID with its API keys and grants
#[utoipa::path(
    delete,
    path = "/api/v1/serviceids/{service_id}",
    tag = "Identity",
    params(("service_id" = String, Path, description = "Identifier, IAM id or name")),
    responses((status = 204, description = "It is done"))
)]
async fn delete(caller: Caller, State(app): State<Shared>, At(service_id): At<String>) -> Answer {
    app.keys.delete_service_id(&caller, &service_id).await?;
    Ok(Reply::no_content())
}

fn resource(service_id: keymanager::ServiceId) -> ServiceId {
    ServiceId {
        id: service_id.id.to_string(),
        iam_id: format!("iam-ServiceId-{}", service_id.id),
        name: service_id.name,
        description: service_id.description.unwrap_or_default(),
        owner: service_id.owner.map(|owner| owner.to_string()),
        created_at: rfc3339(service_id.created.seconds()),
        created_by: service_id.created_by,
    }
}
