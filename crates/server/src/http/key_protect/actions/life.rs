//! Rotate, enable, disable, set and unset for deletion, sync. A body that says nothing is not read: clients send none, `null` or `{}`.

use axum::extract::State;
use keymanager::Action;

use crate::api::key_protect::Rotate;
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::key_protect::payload::{Encryption, brought};
use crate::http::key_protect::which::Which;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    let set = "Key could not be set for deletion";
    let unset = "Key could not be unset for deletion";
    let sync = "Could not initiate sync requests to associated resources";
    routes
        .instance(Action::RotateKey, "Key could not be rotated", __path_rotate, rotate)
        .instance(Action::EnableKey, "Key could not be enabled", __path_enable, enable)
        .instance(Action::DisableKey, "Key could not be disabled", __path_disable, disable)
        .instance(Action::SetKeyForDeletion, set, __path_set_for_deletion, set_for_deletion)
        .instance(Action::UnsetKeyForDeletion, unset, __path_unset_for_deletion, unset_for_deletion)
        .instance(Action::SyncKey, sync, __path_synchronize, synchronize)
}

/// Give a root key a new version
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/actions/rotate",
    tag = "Key actions",
    params(Which),
    request_body = Option<Rotate>,
    responses((status = 204))
)]
async fn rotate(caller: Caller, State(app): State<Shared>, which: Which, Body(rotate): Body<Rotate>) -> Answer {
    let encryption =
        Encryption { algorithm: rotate.encryption_algorithm, nonce: rotate.encrypted_nonce, iv: rotate.iv };
    let payload = brought(rotate.payload.as_ref(), encryption)?;
    let id = which.in_ring(&app, &caller).await?;
    app.keys.rotate(&caller, &id, payload).await?;
    Ok(Reply::no_content())
}

/// Make a disabled root key usable again
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/actions/enable",
    tag = "Key actions",
    params(Which),
    responses((status = 204))
)]
async fn enable(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    app.keys.enable(&caller, &id).await?;
    Ok(Reply::no_content())
}

/// Make a root key unusable until it is enabled
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/actions/disable",
    tag = "Key actions",
    params(Which),
    responses((status = 204))
)]
async fn disable(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    app.keys.disable(&caller, &id).await?;
    Ok(Reply::no_content())
}

/// Authorize a key's deletion, as the first of two people
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/actions/setKeyForDeletion",
    tag = "Key actions",
    params(Which),
    responses((status = 204))
)]
async fn set_for_deletion(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    app.keys.set_for_deletion(&caller, &id).await?;
    Ok(Reply::no_content())
}

/// Take back the authorization of a key's deletion
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/actions/unsetKeyForDeletion",
    tag = "Key actions",
    params(Which),
    responses((status = 204))
)]
async fn unset_for_deletion(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    app.keys.unset_for_deletion(&caller, &id).await?;
    Ok(Reply::no_content())
}

/// Tell those who are registered on a root key of its state and version again
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/actions/sync",
    tag = "Key actions",
    params(Which),
    responses((status = 204))
)]
async fn synchronize(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    app.keys.sync_key(&caller, &id).await?;
    Ok(Reply::no_content())
}
