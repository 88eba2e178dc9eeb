//! Wrap, unwrap, rewrap: one look-up of the key each, and nothing else beside the cipher.

use axum::extract::State;
use keymanager::Action;
use uuid::Uuid;

use crate::api::Resource;
use crate::api::key_protect::{KeyVersion, Rewrapped, Unwrap, Unwrapped, Wrap, Wrapped};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::key_protect::payload::{bytes, encoded, secret, text};
use crate::http::key_protect::which::Which;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .instance(Action::WrapKey, "Wrap with key could not be performed", __path_wrap, wrap)
        .instance(Action::UnwrapKey, "Unwrap with key could not be performed", __path_unwrap, unwrap)
        .instance(Action::RewrapKey, "Rewrap with key could not be performed", __path_rewrap, rewrap)
}

/// Wrap data under a root key
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/actions/wrap",
    tag = "Key actions",
    params(Which),
    request_body = Option<Wrap>,
    responses((status = 200, body = Wrapped, content_type = Wrapped::TYPE))
)]
async fn wrap(caller: Caller, State(app): State<Shared>, which: Which, Body(wrap): Body<Wrap>) -> Answer {
    let plaintext = wrap.plaintext.map(|text| secret("plaintext", &text)).transpose()?;
    let id = which.in_ring(&app, &caller).await?;
    let wrapped = app.keys.wrap_data(&caller, &id, plaintext, &given(wrap.aad)).await?;
    caller.visit.note("keyVersionId", wrapped.key_version.to_string());
    Ok(Reply::flat(&Wrapped {
        plaintext: wrapped.generated.as_ref().map(text),
        ciphertext: encoded(&wrapped.ciphertext),
        key_version: version(wrapped.key_version),
    }))
}

/// Unwrap what was wrapped under a root key
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/actions/unwrap",
    tag = "Key actions",
    params(Which),
    request_body = Unwrap,
    responses((status = 200, body = Unwrapped, content_type = Unwrapped::TYPE))
)]
async fn unwrap(caller: Caller, State(app): State<Shared>, which: Which, Body(unwrap): Body<Unwrap>) -> Answer {
    let ciphertext = bytes("ciphertext", &unwrap.ciphertext)?;
    let id = which.in_ring(&app, &caller).await?;
    let unwrapped = app.keys.unwrap_data(&caller, &id, &ciphertext, &given(unwrap.aad)).await?;
    caller.visit.note("keyVersionId", unwrapped.key_version.to_string());
    let rewrapped = unwrapped.rewrapped.as_ref();
    Ok(Reply::flat(&Unwrapped {
        plaintext: text(&unwrapped.plaintext),
        key_version: version(unwrapped.key_version),
        ciphertext: rewrapped.map(|anew| encoded(&anew.ciphertext)),
        rewrapped_key_version: rewrapped.map(|anew| version(anew.rewrapped_key_version)),
    }))
}

/// Wrap again, under the newest version, what was wrapped under a root key
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/actions/rewrap",
    tag = "Key actions",
    params(Which),
    request_body = Unwrap,
    responses((status = 200, body = Rewrapped, content_type = Rewrapped::TYPE))
)]
async fn rewrap(caller: Caller, State(app): State<Shared>, which: Which, Body(rewrap): Body<Unwrap>) -> Answer {
    let ciphertext = bytes("ciphertext", &rewrap.ciphertext)?;
    let id = which.in_ring(&app, &caller).await?;
    let rewrapped = app.keys.rewrap_data(&caller, &id, &ciphertext, &given(rewrap.aad)).await?;
    caller.visit.note("keyVersionId", rewrapped.key_version.to_string());
    caller.visit.note("rewrappedKeyVersionId", rewrapped.rewrapped_key_version.to_string());
    Ok(Reply::flat(&Rewrapped {
        ciphertext: encoded(&rewrapped.ciphertext),
        key_version: version(rewrapped.key_version),
        rewrapped_key_version: version(rewrapped.rewrapped_key_version),
    }))
}

/// Additional authenticated data, but for what older clients put where they have none.
fn given(aad: Option<Vec<Option<String>>>) -> Vec<String> {
    aad.into_iter().flatten().flatten().collect()
}

fn version(id: Uuid) -> KeyVersion {
    KeyVersion { id: id.to_string(), creation_date: None }
}
