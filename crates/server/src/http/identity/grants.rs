//! Grants: roles of service IDs.

use axum::extract::State;
use keymanager::Action;

use super::{id, names_of, roles_of, uuid};
use crate::api::{Collection, Grant, NewGrant, Resource, rfc3339};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::{At, Body};
use crate::http::caller::Caller;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ListGrants, "Grants could not be retrieved", __path_list, list)
        .installation(Action::CreateGrant, "Grant could not be created", __path_create, create)
        .installation(Action::DeleteGrant, "Grant could not be deleted", __path_delete, delete)
}

/// List the grants of a service ID
#[utoipa::path(
    get,
    path = "/api/v1/serviceids/{service_id}/grants",
    tag = "Identity",
    params(("service_id" = String, Path, description = "Identifier, IAM id or name")),
    responses((status = 200, body = Collection<Grant>, content_type = Grant::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, At(service_id): At<String>) -> Answer {
    Ok(Reply::all(app.keys.grants(&caller, &service_id).await?.into_iter().map(resource).collect()))
}

/// Grant a service ID roles
#[utoipa::path(
    post,
    path = "/api/v1/serviceids/{service_id}/grants",
    tag = "Identity",
    params(("service_id" = String, Path, description = "Identifier, IAM id or name")),
    request_body = NewGrant,
    responses((status = 201, body = Collection<Grant>, content_type = Grant::TYPE))
)]
async fn create(
    caller: Caller,
    State(app): State<Shared>,
    At(service_id): At<String>,
    Body(new): Body<NewGrant>,
) -> Answer {
    let target = keymanager::Target {
        instance: new.instance.as_deref().map(|text| uuid("instance", text)).transpose()?,
        ring: new.key_ring,
        key: new.key.as_deref().map(|text| uuid("key", text)).transpose()?,
    };
    let new = keymanager::NewGrant { service_id, roles: roles_of(&new.roles)?, target };
    Ok(Reply::made(resource(app.keys.create_grant(&caller, new).await?)))
}

/// Take a grant back
#[utoipa::path(
    delete,
    path = "/api/v1/serviceids/{service_id}/grants/{id}",
    tag = "Identity",
    params(("service_id" = String, Path, description = "Identifier, IAM id or name"), ("id" = String, Path)),
    responses((status = 204, description = "It is done"))
)]
async fn delete(caller: Caller, State(app): State<Shared>, At((service_id, grant)): At<(String, String)>) -> Answer {
    app.keys.delete_grant(&caller, &service_id, id("grant", &grant)?).await?;
    Ok(Reply::no_content())
}

fn resource(grant: keymanager::Grant) -> Grant {
    Grant {
        id: grant.id.to_string(),
        roles: names_of(&grant.roles),
        instance: grant.target.instance.map(|instance| instance.to_string()),
        key_ring: grant.target.ring,
        key: grant.target.key.map(|key| key.to_string()),
        created_at: rfc3339(grant.created.seconds()),
        created_by: grant.created_by,
    }
}
