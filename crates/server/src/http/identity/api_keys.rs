//! API keys of service IDs.

use axum::extract::State;
use keymanager::Action;
use zeroize::Zeroizing;

use super::{id, uuid};
use crate::api::{ApiKey, Collection, NewApiKey, PrivateText, Resource, moment, rfc3339};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::{At, Body};
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ListApiKeys, "API keys could not be retrieved", __path_list, list)
        .installation(Action::CreateApiKey, "API key could not be created", __path_create, create)
        .installation(Action::ReadApiKey, "API key could not be retrieved", __path_show, show)
        .installation(Action::DeleteApiKey, "API key could not be deleted", __path_revoke, revoke)
}

/// List the API keys of a service ID
#[utoipa::path(
    get,
    path = "/api/v1/serviceids/{service_id}/apikeys",
    tag = "Identity",
    params(("service_id" = String, Path, description = "Identifier, IAM id or name")),
    responses((status = 200, body = Collection<ApiKey>, content_type = ApiKey::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, At(service_id): At<String>) -> Answer {
    Ok(Reply::all(app.keys.api_keys(&caller, &service_id).await?.into_iter().map(resource).collect()))
}

/// Create an API key, whose secret is shown once
#[utoipa::path(
    post,
    path = "/api/v1/serviceids/{service_id}/apikeys",
    tag = "Identity",
    params(("service_id" = String, Path, description = "Identifier, IAM id or name")),
    request_body = NewApiKey,
    responses((status = 201, body = Collection<ApiKey>, content_type = ApiKey::TYPE))
)]
async fn create(
    caller: Caller,
    State(app): State<Shared>,
    At(service_id): At<String>,
    Body(new): Body<NewApiKey>,
) -> Answer {
    let expires = new.expires_at.as_deref().map(|text| date("expires_at", text)).transpose()?;
    let home = new.instance.as_deref().map(|text| uuid("instance", text)).transpose()?;
    let new = keymanager::NewApiKey { service_id, name: new.name, description: new.description, expires, home };
    let (key, secret) = app.keys.create_api_key(&caller, new).await?;
    let apikey = Some(PrivateText::new(Zeroizing::new(secret.expose().to_owned())));
    Ok(Reply::made(ApiKey { apikey, ..resource(key) }))
}

/// Show an API key
#[utoipa::path(
    get,
    path = "/api/v1/serviceids/{service_id}/apikeys/{id}",
    tag = "Identity",
    params(("service_id" = String, Path, description = "Identifier, IAM id or name"), ("id" = String, Path)),
    responses((status = 200, body = Collection<ApiKey>, content_type = ApiKey::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At((service_id, key)): At<(String, String)>) -> Answer {
    let wanted = id("API key", &key)?;
    let found = app.keys.api_keys(&caller, &service_id).await?.into_iter().find(|known| known.id == wanted);
    let found = found.ok_or(keymanager::Error::NotFound { what: "API key", name: key })?;
    Ok(Reply::one(resource(found)))
}

/// Revoke an API key
#[utoipa::path(
    delete,
    path = "/api/v1/serviceids/{service_id}/apikeys/{id}",
    tag = "Identity",
    params(("service_id" = String, Path, description = "Identifier, IAM id or name"), ("id" = String, Path)),
    responses((status = 204, description = "It is done"))
)]
async fn revoke(caller: Caller, State(app): State<Shared>, At((service_id, key)): At<(String, String)>) -> Answer {
    app.keys.revoke_api_key(&caller, &service_id, id("API key", &key)?).await?;
    Ok(Reply::no_content())
}

fn date(field: &'static str, text: &str) -> Result<kmip::Timestamp, Error> {
    moment(text).ok_or_else(|| Error::field(field, format!("`{field}` is a date such as 2030-01-02T03:04:05Z")))
}

fn resource(key: keymanager::ApiKey) -> ApiKey {
    let date = |time: kmip::Timestamp| rfc3339(time.seconds());
    ApiKey {
        id: key.id.to_string(),
        name: key.name,
        description: key.description.unwrap_or_default(),
        apikey: None,
        created_at: date(key.created),
        created_by: key.created_by,
        expires_at: key.expires.map(date),
        revoked_at: key.revoked.map(date),
    }
}
