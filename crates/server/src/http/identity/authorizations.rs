//! Service-to-service authorizations.

use axum::extract::State;
use keymanager::Action;

use super::{id, names_of, roles_of, uuid};
use crate::api::{Authorization, Collection, NewAuthorization, Resource, rfc3339};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::{At, Body};
use crate::http::caller::Caller;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ListAuthorizations, "Authorizations could not be retrieved", __path_list, list)
        .installation(Action::CreateAuthorization, "Authorization could not be created", __path_create, create)
        .installation(Action::DeleteAuthorization, "Authorization could not be deleted", __path_delete, delete)
}

/// List the authorizations on an instance
#[utoipa::path(
    get,
    path = "/api/v1/authorizations",
    tag = "Identity",
    responses((status = 200, body = Collection<Authorization>, content_type = Authorization::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>) -> Answer {
    Ok(Reply::all(app.keys.authorizations(&caller).await?.into_iter().map(resource).collect()))
}

/// Authorize another instance's KMIP managers on the instance that the header names
#[utoipa::path(
    post,
    path = "/api/v1/authorizations",
    tag = "Identity",
    request_body = NewAuthorization,
    responses((status = 201, body = Collection<Authorization>, content_type = Authorization::TYPE))
)]
async fn create(caller: Caller, State(app): State<Shared>, Body(new): Body<NewAuthorization>) -> Answer {
    let new = keymanager::NewAuthorization { source: uuid("source", &new.source)?, roles: roles_of(&new.roles)? };
    Ok(Reply::made(resource(app.keys.create_authorization(&caller, new).await?)))
}

/// Take an authorization back
#[utoipa::path(
    delete,
    path = "/api/v1/authorizations/{id}",
    tag = "Identity",
    params(("id" = String, Path)),
    responses((status = 204, description = "It is done"))
)]
async fn delete(caller: Caller, State(app): State<Shared>, At(authorization): At<String>) -> Answer {
    app.keys.delete_authorization(&caller, id("authorization", &authorization)?).await?;
    Ok(Reply::no_content())
}

fn resource(authorization: keymanager::Authorization) -> Authorization {
    Authorization {
        id: authorization.id.to_string(),
        source: authorization.source.to_string(),
        target: authorization.target.to_string(),
        roles: names_of(&authorization.roles),
        created_at: rfc3339(authorization.created.seconds()),
        created_by: authorization.created_by,
    }
}
