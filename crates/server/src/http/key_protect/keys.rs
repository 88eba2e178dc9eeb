//! Keys: listed, counted, made, shown, moved, deleted, restored, purged (Key Protect API: "Keys").

mod create;
mod list;
mod remove;
mod select;

use axum::extract::State;
use keymanager::{Action, KeyVersion};

use super::page::Page;
use super::payload;
use super::shown::{date, note, shown};
use super::which::Which;
use crate::api::key_protect::{self, Key, PatchKey};
use crate::api::{Collection, Resource};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::query::Parameters;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    let routes = list::add_to(routes);
    let routes = create::add_to(routes);
    let routes = remove::add_to(routes);
    routes
        .instance(Action::ReadKey, "Key could not be retrieved", __path_show, show)
        .instance(Action::ReadKeyMetadata, "Key metadata could not be retrieved", __path_metadata, metadata)
        .instance(Action::ListKeyVersions, "Key versions could not be retrieved", __path_versions, versions)
        .instance(Action::PatchKey, "Key could not be updated", __path_patch, patch)
}

/// Retrieve a key, and the material of a standard key
#[utoipa::path(
    get,
    path = "/api/v2/keys/{id}",
    tag = "Keys",
    params(Which),
    responses((status = 200, body = Collection<Key>, content_type = Key::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    let (key, material) = app.keys.key_with_payload(&caller, &id, None).await?;
    note(&caller, &key);
    Ok(Reply::one(Key { payload: material.as_ref().map(payload::text), ..shown(&app, &caller, &key) }))
}

/// Retrieve a key's metadata
#[utoipa::path(
    get,
    path = "/api/v2/keys/{id}/metadata",
    tag = "Keys",
    params(Which),
    responses((status = 200, body = Collection<Key>, content_type = Key::TYPE))
)]
async fn metadata(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    let key = app.keys.key(&caller, &id, None).await?;
    note(&caller, &key);
    Ok(Reply::one(shown(&app, &caller, &key)))
}

/// List the versions of a root key, the newest first
#[utoipa::path(
    get,
    path = "/api/v2/keys/{id}/versions",
    tag = "Keys",
    params(
        Which,
        ("limit" = Option<usize>, Query, description = "1 to 5000; 200 when left out", minimum = 1, maximum = 5000),
        ("offset" = Option<usize>, Query, description = "How many to leave out at the start"),
        ("totalCount" = Option<bool>, Query, description = "Whether to say how many there are"),
        ("allKeyStates" = Option<bool>, Query, description = "Also when the key is not active"),
    ),
    responses((status = 200, body = Collection<key_protect::KeyVersion>, content_type = key_protect::KeyVersion::TYPE))
)]
async fn versions(caller: Caller, State(app): State<Shared>, which: Which, query: Parameters) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    let page = Page::of(&query, list::USUAL, list::LONGEST)?;
    let all_states = query.flag("allKeyStates")? == Some(true);
    let versions = app.keys.versions(&caller, &id, all_states).await?.into_iter();
    let shown = versions.map(|KeyVersion { id, created, .. }| key_protect::KeyVersion {
        id: id.to_string(),
        creation_date: Some(date(created)),
    });
    Ok(page.reply(&caller, shown.collect()))
}

/// Move a key into another key ring
#[utoipa::path(
    patch,
    path = "/api/v2/keys/{id}",
    tag = "Keys",
    params(Which),
    request_body = PatchKey,
    responses((status = 200, body = Collection<Key>, content_type = Key::TYPE))
)]
async fn patch(
    caller: Caller,
    State(app): State<Shared>,
    which: Which,
    Body(PatchKey { key_ring_id }): Body<PatchKey>,
) -> Answer {
    if key_ring_id.is_empty() {
        return Err(Error::field("keyRingID", "the keyRingID is empty: name a key ring"));
    }
    let id = which.in_ring(&app, &caller).await?;
    let key = app.keys.move_key(&caller, &id, &key_ring_id).await?;
    Ok(Reply::one(shown(&app, &caller, &key)))
}
