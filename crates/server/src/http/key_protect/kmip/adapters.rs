//! KMIP adapters.

use axum::extract::State;
use engine::registry::{Adapter, NewAdapter};
use keymanager::{Action, Call};
use wrap::KeyRef;

use super::super::page::Page;
use super::super::request;
use super::{date, find};
use crate::api::key_protect::{KmipAdapter, NewKmipAdapter, PROFILE, ProfileData, Request};
use crate::api::{Collection, Resource};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::{At, Body};
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::query::Parameters;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .instance(Action::ListAdapters, "KMIP adapters could not be retrieved", __path_list, list)
        .instance(Action::CreateAdapter, "KMIP adapter could not be created", __path_create, create)
        .instance(Action::ReadAdapter, "KMIP adapter could not be retrieved", __path_show, show)
        .instance(Action::DeleteAdapter, "KMIP adapter could not be deleted", __path_delete, delete)
}

/// List KMIP adapters
#[utoipa::path(
    get,
    path = "/api/v2/kmip_adapters",
    tag = "KMIP",
    params(
        ("limit" = Option<usize>, Query, description = "100 when left out", minimum = 1, maximum = 200),
        ("offset" = Option<usize>, Query),
        ("totalCount" = Option<bool>, Query),
        ("crk_id" = Option<String>, Query, description = "Those under this root key only"),
    ),
    responses((status = 200, body = Collection<KmipAdapter>, content_type = KmipAdapter::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, query: Parameters) -> Answer {
    let page = Page::of(&query, 100, 200)?;
    let crk = query.text("crk_id").map(str::to_ascii_lowercase);
    let adapters = app.engine.registry().adapters(caller.instance);
    let shown = adapters.iter().map(|adapter| resource(adapter));
    let shown = shown.filter(|adapter| crk.as_ref().is_none_or(|crk| adapter.profile_data.crk_id == *crk));
    Ok(page.reply(&caller, shown.collect()))
}

/// Create a KMIP adapter
#[utoipa::path(
    post,
    path = "/api/v2/kmip_adapters",
    tag = "KMIP",
    params(("allowExpiringKey" = Option<bool>, Query, description = "Also under a root key that has an expiration date")),
    request_body(content = Request<NewKmipAdapter>, content_type = "application/vnd.ibm.kms.kmip_adapter+json"),
    responses((status = 201, body = Collection<KmipAdapter>, content_type = KmipAdapter::TYPE))
)]
async fn create(
    caller: Caller,
    State(app): State<Shared>,
    query: Parameters,
    Body(body): Body<Request<NewKmipAdapter>>,
) -> Answer {
    let allow_expiring = query.flag("allowExpiringKey")?.unwrap_or(false);
    let new = request::one(body)?;
    if new.profile != PROFILE {
        return Err(Error::field("profile", format!("`profile` is `{PROFILE}`")));
    }
    let root_key = root_key(&app, &caller, &new.profile_data.crk_id, allow_expiring).await?;
    let description = new.description.filter(|text| !text.is_empty());
    let new = NewAdapter { instance: root_key.instance, name: new.name, description, root_key: root_key.key };
    let adapter = app.engine.registry().create_adapter(new, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    caller.visit.is_about(adapter.id, &adapter.name);
    Ok(Reply::made(resource(&adapter)))
}

/// Show a KMIP adapter
#[utoipa::path(
    get,
    path = "/api/v2/kmip_adapters/{id}",
    tag = "KMIP",
    params(("id" = String, Path, description = "Identifier or name")),
    responses((status = 200, body = Collection<KmipAdapter>, content_type = KmipAdapter::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(id): At<String>) -> Answer {
    let adapter = find(&app, &caller, &id)?;
    caller.visit.is_about(adapter.id, &adapter.name);
    Ok(Reply::one(resource(&adapter)))
}

/// Delete a KMIP adapter
#[utoipa::path(
    delete,
    path = "/api/v2/kmip_adapters/{id}",
    tag = "KMIP",
    params(
        ("id" = String, Path, description = "Identifier or name"),
        ("force" = Option<bool>, Query, description = "Also with keys in it, where its root key is deleted and nobody can destroy them"),
    ),
    responses((status = 204, description = "It is deleted, with its list of certificates"))
)]
async fn delete(caller: Caller, State(app): State<Shared>, At(id): At<String>, query: Parameters) -> Answer {
    let force = query.flag("force")?.unwrap_or(false);
    let adapter = find(&app, &caller, &id)?;
    caller.visit.is_about(adapter.id, &adapter.name);
    app.engine.remove_adapter(&adapter, force, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    Ok(Reply::no_content())
}

/// The root key that is named: of this instance, active, and lasting unless that is said not to matter. Whoever makes adapters need not
/// have the right to list keys, so it is looked up by the server itself.
async fn root_key(app: &Shared, caller: &Caller, crk: &str, allow_expiring: bool) -> Result<KeyRef, Error> {
    let look = Call::internal(caller.instance, Action::ReadKeyMetadata, &caller.actor, caller.now);
    let key = app.keys.key(&look, crk, None).await?;
    if key.extractable {
        return Err(keymanager::Error::RootKeyRequired(key.id).into());
    }
    if key.expires.is_some() && !allow_expiring {
        let message = format!("root key {} has an expiration date: allow that with `allowExpiringKey=true`", key.id);
        return Err(Error::field("crk_id", message));
    }
    if key.state != keymanager::State::Active {
        let message = format!("root key {} is {}: an adapter needs an active one", key.id, key.state);
        return Err(Error::conflict("KEY_ACTION_INVALID_STATE_ERR", message));
    }
    Ok(KeyRef { instance: key.instance, key: key.id })
}

fn resource(adapter: &Adapter) -> KmipAdapter {
    KmipAdapter {
        id: adapter.id.to_string(),
        name: adapter.name.clone(),
        description: adapter.description.clone().unwrap_or_default(),
        profile: PROFILE.to_owned(),
        profile_data: ProfileData { crk_id: adapter.root_key().key.to_string() },
        created_at: date(adapter.created_at),
        created_by: adapter.created_by.clone(),
        updated_at: date(adapter.updated_at.unwrap_or(adapter.created_at)),
        updated_by: adapter.updated_by.clone().unwrap_or_else(|| adapter.created_by.clone()),
    }
}
