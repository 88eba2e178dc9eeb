//! Aliases of keys.

use axum::extract::State;
use keymanager::Action;

use crate::api::key_protect::Alias;
use crate::api::{Collection, Resource};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::At;
use crate::http::caller::Caller;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.instance(Action::CreateAlias, "Key alias could not be created", __path_create, create).instance(
        Action::DeleteAlias,
        "Key alias could not be deleted",
        __path_delete,
        delete,
    )
}

/// Create an alias
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/aliases/{alias}",
    tag = "Aliases",
    params(
        ("id" = String, Path, description = "The key's identifier or one of its aliases"),
        ("alias" = String, Path, description = "2 to 90 of `A-Z a-z 0-9 _ -`"),
    ),
    responses((status = 201, body = Collection<Alias>, content_type = Alias::TYPE))
)]
async fn create(caller: Caller, State(app): State<Shared>, At((id, alias)): At<(String, String)>) -> Answer {
    caller.visit.is_about(&id, &alias);
    Ok(Reply::made(Alias::from(app.keys.create_alias(&caller, &id, &alias).await?)))
}

/// Delete an alias
#[utoipa::path(
    delete,
    path = "/api/v2/keys/{id}/aliases/{alias}",
    tag = "Aliases",
    params(("id" = String, Path), ("alias" = String, Path)),
    responses((status = 204, description = "It is deleted"))
)]
async fn delete(caller: Caller, State(app): State<Shared>, At((id, alias)): At<(String, String)>) -> Answer {
    caller.visit.is_about(&id, &alias);
    app.keys.delete_alias(&caller, &id, &alias).await?;
    Ok(Reply::no_content())
}
