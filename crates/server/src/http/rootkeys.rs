//! Root keys: made, shown, rotated, and taken through their states.

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keymanager::RootKey;
use serde::Deserialize;
use wrap::{KeyRef, Secret};
use zeroize::Zeroizing;

use super::Shared;
use super::answer::{Answer, Reply};
use super::body::{Asked, At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use crate::api::{self, NewRootKey, PrivateText, RotateRootKey, rfc3339};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .get("/rootkeys", list)
        .post("/rootkeys", create)
        .get("/rootkeys/{key}", show)
        .delete("/rootkeys/{key}", delete)
        .post("/rootkeys/{key}/actions/rotate", rotate)
        .post("/rootkeys/{key}/actions/enable", enable)
        .post("/rootkeys/{key}/actions/disable", disable)
        .post("/rootkeys/{key}/actions/restore", restore)
}

async fn list(caller: Caller, State(app): State<Shared>) -> Answer<api::RootKey> {
    let keys = app.keys.root_keys(caller.instance).await?;
    Ok(Reply::all(keys.into_iter().map(|key| resource(&app, key)).collect()))
}

async fn create(caller: Caller, State(app): State<Shared>, Body(new): Body<NewRootKey>) -> Answer<api::RootKey> {
    let description = Some(new.description).filter(|text| !text.is_empty());
    let new = keymanager::NewRootKey { name: new.name, description, payload: material(new.payload)? };
    let key = app.keys.create_root_key(caller.instance, new, &caller.actor, (app.now)()).await?;
    Ok(Reply::Made(resource(&app, key)))
}

async fn show(caller: Caller, State(app): State<Shared>, At(key): At<String>) -> Answer<api::RootKey> {
    let key = find(&app, &caller, &key).await?;
    Ok(Reply::one(resource(&app, key)))
}

/// A new version, and then everything that the old ones wrap is wrapped again.
async fn rotate(
    caller: Caller,
    State(app): State<Shared>,
    At(key): At<String>,
    Body(body): Body<RotateRootKey>,
) -> Answer<api::RootKey> {
    let key = find(&app, &caller, &key).await?;
    let payload = material(body.payload)?;
    let key = app.keys.rotate(caller.instance, key.id, payload, &caller.actor, (app.now)()).await?;
    let root_key = KeyRef { instance: caller.instance, key: key.id };
    app.engine.registry().rewrap(root_key, &caller.administrator(), (app.now)()).await?;
    Ok(Reply::one(resource(&app, key)))
}

async fn enable(caller: Caller, State(app): State<Shared>, At(key): At<String>) -> Answer<api::RootKey> {
    let key = find(&app, &caller, &key).await?;
    let key = app.keys.enable(caller.instance, key.id, &caller.actor, (app.now)()).await?;
    Ok(Reply::one(resource(&app, key)))
}

async fn disable(caller: Caller, State(app): State<Shared>, At(key): At<String>) -> Answer<api::RootKey> {
    let key = find(&app, &caller, &key).await?;
    let key = app.keys.disable(caller.instance, key.id, &caller.actor, (app.now)()).await?;
    Ok(Reply::one(resource(&app, key)))
}

async fn restore(caller: Caller, State(app): State<Shared>, At(key): At<String>) -> Answer<api::RootKey> {
    let key = find(&app, &caller, &key).await?;
    let key = app.keys.restore(caller.instance, key.id, &caller.actor, (app.now)()).await?;
    Ok(Reply::one(resource(&app, key)))
}

/// The query of a deletion.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Force {
    #[serde(default)]
    pub(super) force: bool,
}

async fn delete(
    caller: Caller,
    State(app): State<Shared>,
    At(key): At<String>,
    Asked(Force { force }): Asked<Force>,
) -> Answer<()> {
    let key = find(&app, &caller, &key).await?;
    app.keys.delete(caller.instance, key.id, &users(&app, &key), force, &caller.actor, (app.now)()).await?;
    Ok(Reply::Gone)
}

async fn find(app: &Shared, caller: &Caller, key: &str) -> Result<RootKey, Error> {
    Ok(app.keys.root_key(caller.instance, key).await?)
}

/// The names of the adapters that seal under a root key.
fn users(app: &Shared, key: &RootKey) -> Vec<String> {
    let adapters = app.engine.registry().adapters(key.instance);
    adapters.iter().filter(|adapter| adapter.root_key().key == key.id).map(|adapter| adapter.name.clone()).collect()
}

fn resource(app: &Shared, key: RootKey) -> api::RootKey {
    let date = |time: kmip::Timestamp| rfc3339(time.seconds());
    api::RootKey {
        adapters: users(app, &key),
        id: key.id.to_string(),
        restorable_until: key.restorable_until().map(date),
        name: key.name,
        description: key.description.unwrap_or_default(),
        state: key.state.number(),
        state_name: key.state.name().to_owned(),
        imported: key.imported,
        versions: key.versions,
        created_at: date(key.created),
        created_by: key.created_by,
        rotated_at: key.rotated.map(date),
        deleted_at: key.deleted.map(date),
    }
}

/// Key material to import, out of its base64.
fn material(payload: Option<PrivateText>) -> Result<Option<Secret>, Error> {
    let Some(text) = payload else { return Ok(None) };
    let decoded = STANDARD
        .decode(text.expose())
        .map_err(|_| Error::bad_request("INVALID_FIELD_ERR", "`payload` is not base64"))?;
    Ok(Some(Secret::new(Zeroizing::new(decoded))))
}
