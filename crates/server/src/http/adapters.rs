//! Adapters: made, shown, removed.

use std::sync::Arc;

use axum::extract::State;
use engine::registry::Adapter;
use uuid::Uuid;

use super::Shared;
use super::answer::{Answer, Reply};
use super::body::{At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use crate::api::{self, NewAdapter, rfc3339};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .get("/adapters", list)
        .post("/adapters", create)
        .get("/adapters/{adapter}", show)
        .delete("/adapters/{adapter}", remove)
}

/// The caller's adapter with this name or identifier. Another instance's is not found, like one that never was.
pub(super) fn find(app: &Shared, caller: &Caller, adapter: &str) -> Result<Arc<Adapter>, Error> {
    app.engine.registry().adapter(caller.instance, adapter).ok_or_else(|| {
        Error::not_found(
            "ADAPTER_NOT_FOUND_ERR",
            format!("there is no adapter `{adapter}`: list them to see which there are"),
        )
    })
}

async fn list(caller: Caller, State(app): State<Shared>) -> Answer<api::Adapter> {
    let adapters = app.engine.registry().adapters(caller.instance);
    Ok(Reply::all(adapters.iter().map(|adapter| resource(adapter)).collect()))
}

async fn create(caller: Caller, State(app): State<Shared>, Body(new): Body<NewAdapter>) -> Answer<api::Adapter> {
    let new = engine::registry::NewAdapter {
        instance: caller.instance,
        root_key: root_key(&app, &caller, new.root_key.as_deref()).await?,
        name: new.name,
        description: described(new.description)?,
    };
    let adapter = app.engine.registry().create_adapter(new, &caller.administrator(), (app.now)()).await?;
    Ok(Reply::Made(resource(&adapter)))
}

async fn show(caller: Caller, State(app): State<Shared>, At(adapter): At<String>) -> Answer<api::Adapter> {
    Ok(Reply::one(resource(&*find(&app, &caller, &adapter)?)))
}

async fn remove(caller: Caller, State(app): State<Shared>, At(adapter): At<String>) -> Answer<()> {
    let adapter = find(&app, &caller, &adapter)?;
    app.engine.remove_adapter(&adapter, &caller.administrator(), (app.now)()).await?;
    Ok(Reply::Gone)
}

/// The root key that is named or, where none is, the only one that can be meant.
async fn root_key(app: &Shared, caller: &Caller, named: Option<&str>) -> Result<Uuid, Error> {
    if let Some(named) = named {
        return Ok(app.keys.root_key(caller.instance, named).await?.id);
    }
    let keys = app.keys.root_keys(caller.instance).await?;
    let active: Vec<_> = keys.iter().filter(|key| key.state == keymanager::State::Active).collect();
    match active.as_slice() {
        [only] => Ok(only.id),
        [] => Err(Error::conflict("KEY_NOT_FOUND_ERR", "there is no active root key: make or enable one first")),
        several => {
            let names: Vec<_> = several.iter().map(|key| key.name.as_str()).collect();
            let message = format!("several root keys can be meant: say which with `root_key` ({})", names.join(", "));
            Err(Error::bad_request("ROOT_KEY_REQ_ERR", message))
        }
    }
}

/// Key Protect's limit.
fn described(text: String) -> Result<Option<String>, Error> {
    const LONGEST: usize = 240;
    match text.chars().count() {
        0 => Ok(None),
        1..=LONGEST => Ok(Some(text)),
        _ => Err(Error::bad_request("INVALID_FIELD_ERR", format!("`description` is longer than {LONGEST} characters"))),
    }
}

fn resource(adapter: &Adapter) -> api::Adapter {
    api::Adapter {
        id: adapter.id.to_string(),
        name: adapter.name.clone(),
        description: adapter.description.clone().unwrap_or_default(),
        root_key: adapter.root_key().key.to_string(),
        created_at: rfc3339(adapter.created_at.seconds()),
        created_by: adapter.created_by.clone(),
    }
}
