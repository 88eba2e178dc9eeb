//! Key rings.

use axum::extract::State;
use axum::http::StatusCode;
use keymanager::{Action, DEFAULT_RING};

use super::page::Page;
use crate::api::key_protect::KeyRing;
use crate::api::{Collection, Resource};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::At;
use crate::http::caller::Caller;
use crate::http::query::Parameters;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .instance(Action::ListKeyRings, "Key rings could not be retrieved", __path_list, list)
        .instance(Action::CreateKeyRing, "Key ring could not be created", __path_create, create)
        .instance(Action::DeleteKeyRing, "Key ring could not be deleted", __path_delete, delete)
}

/// List key rings
#[utoipa::path(
    get,
    path = "/api/v2/key_rings",
    tag = "Key rings",
    params(
        ("limit" = Option<usize>, Query, description = "100 when left out", minimum = 1, maximum = 5000),
        ("offset" = Option<usize>, Query),
        ("totalCount" = Option<bool>, Query),
    ),
    responses((status = 200, body = Collection<KeyRing>, content_type = KeyRing::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, query: Parameters) -> Answer {
    let page = Page::of(&query, 100, 5000)?;
    let default = caller.reaches(keymanager::Extent::Ring(DEFAULT_RING));
    let default = default.then(|| KeyRing { id: DEFAULT_RING.to_owned(), creation_date: None, created_by: None });
    let made = app.keys.key_rings(&caller).await?.into_iter().map(KeyRing::from);
    Ok(page.reply(&caller, default.into_iter().chain(made).collect()))
}

/// Create a key ring
#[utoipa::path(
    post,
    path = "/api/v2/key_rings/{id}",
    tag = "Key rings",
    params(("id" = String, Path, description = "2 to 100 of `A-Z a-z 0-9 -`")),
    responses((status = 201, description = "It is made"))
)]
async fn create(caller: Caller, State(app): State<Shared>, At(id): At<String>) -> Answer {
    caller.visit.is_about(&id, "");
    app.keys.create_key_ring(&caller, &id).await?;
    Ok(Reply::empty(StatusCode::CREATED))
}

/// Delete a key ring
#[utoipa::path(
    delete,
    path = "/api/v2/key_rings/{id}",
    tag = "Key rings",
    params(
        ("id" = String, Path),
        ("force" = Option<bool>, Query, description = "Also with deleted keys in it, which move to `default`"),
    ),
    responses((status = 204, description = "It is deleted"))
)]
async fn delete(caller: Caller, State(app): State<Shared>, At(id): At<String>, query: Parameters) -> Answer {
    caller.visit.is_about(&id, "");
    app.keys.delete_key_ring(&caller, &id, query.flag("force")?.unwrap_or(false)).await?;
    Ok(Reply::no_content())
}
