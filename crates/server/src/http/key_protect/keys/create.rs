//! Keys made and imported.

use axum::extract::State;
use keymanager::{Action, Overrides};
use kmip::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::api::Collection;
use crate::api::key_protect::{Key, NewKey, NewKeyWithPolicies, Request, ShownKey};
use crate::http::Shared;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::key_protect::key_policies::setting;
use crate::http::key_protect::payload::{Encryption, brought};
use crate::http::key_protect::prefer::Prefer;
use crate::http::key_protect::request;
use crate::http::key_protect::which::Ring;
use crate::http::routes::Routes;

const FAILURE: &str = "Key could not be created";

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.instance(Action::CreateKey, FAILURE, __path_create, create).instance(
        Action::CreateKeyWithOverrides,
        FAILURE,
        __path_create_with_policies,
        create_with_policies,
    )
}

/// Create or import a key
#[utoipa::path(
    post,
    path = "/api/v2/keys",
    tag = "Keys",
    params(Prefer, Ring),
    request_body(content = Request<NewKey>, content_type = Key::TYPE),
    responses((status = 201, body = Collection<ShownKey>, content_type = Key::TYPE))
)]
async fn create(
    caller: Caller,
    State(app): State<Shared>,
    prefer: Prefer,
    Body(request): Body<Request<NewKey>>,
) -> Answer {
    let new = asked_for(one(request)?, &caller)?;
    let key = app.keys.create_key(&caller, new).await?;
    Ok(prefer.made(&app, &caller, &key))
}

/// Create or import a key with policies of its own in the place of the instance's
#[utoipa::path(
    post,
    path = "/api/v2/keys_with_policy_overrides",
    tag = "Keys",
    params(Prefer, Ring),
    request_body(content = Request<NewKeyWithPolicies>, content_type = Key::TYPE),
    responses((status = 201, body = Collection<ShownKey>, content_type = Key::TYPE))
)]
async fn create_with_policies(
    caller: Caller,
    State(app): State<Shared>,
    prefer: Prefer,
    Body(request): Body<Request<NewKeyWithPolicies>>,
) -> Answer {
    let (new, rotation, dual_auth) = one(request)?.split();
    let overrides =
        Overrides { rotation: rotation.map(setting), dual_auth_delete: dual_auth.map(|policy| policy.enabled) };
    let new = keymanager::NewKey { overrides: Some(overrides), ..asked_for(new, &caller)? };
    let key = app.keys.create_key(&caller, new).await?;
    Ok(prefer.made(&app, &caller, &key))
}

/// What the key manager is asked for; what is wrong with names, lengths and dates it says itself.
fn asked_for(new: NewKey, caller: &Caller) -> Result<keymanager::NewKey, Error> {
    if new.r#type.is_some_and(|kind| kind != Key::TYPE) {
        return Err(Error::field("type", format!("the type of a key is `{}`", Key::TYPE)));
    }
    let encryption = Encryption { algorithm: new.encryption_algorithm, nonce: new.encrypted_nonce, iv: new.iv };
    Ok(keymanager::NewKey {
        payload: brought(new.payload.as_ref(), encryption)?,
        name: new.name,
        description: new.description,
        aliases: new.aliases.unwrap_or_default(),
        tags: new.tags.unwrap_or_default(),
        expires: new.expiration_date.map(|text| moment(&text)).transpose()?,
        extractable: new.extractable.unwrap_or(true),
        ring: caller.ring.clone(),
        overrides: None,
    })
}

fn moment(text: &str) -> Result<Timestamp, Error> {
    let date = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        Error::field("expirationDate", "the expirationDate is no date: write it as in `2026-01-02T03:04:05Z`")
    })?;
    Ok(Timestamp::from_seconds(date.unix_timestamp()))
}

/// The one key of a request. Another number of them is refused in IBM's words for keys (Key Protect: "Error messages", `BAD_BODY_ERR`).
fn one<T>(request: Request<T>) -> Result<T, Error> {
    if request.metadata.is_some() && request.resources.len() != 1 {
        return Err(Error::bad_request("BAD_BODY_ERR", "only creation of one key per request is supported"));
    }
    request::one(request)
}
