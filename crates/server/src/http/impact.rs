//! The preview: what would stop if a key could not be used any more.
//!
//! The invariant: **it only looks**, also at keys whose root key is disabled or deleted already.

use axum::extract::State;
use engine::impact;
use keymanager::{Action, KMIP_PREFIX, Key};
use uuid::Uuid;
use wrap::KeyRef;

use super::Shared;
use super::answer::{Answer, Reply};
use super::body::At;
use super::caller::Caller;
use super::routes::Routes;
use crate::api::{Collection, Impact, ImpactAdapter, ImpactComponent, NamedKey, Resource, StateCount};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.instance(Action::ReadImpact, "What would stop could not be looked up", __path_show, show)
}

/// What would stop if a key could not be used any more
///
/// Of a root key: every adapter under it, their clients, and how many keys they hold, with what the keys' own tags say of the virtual
/// machines and hosts. Of a KMIP client's key: that one. It looks at every key, so it takes a while where there are very many.
#[utoipa::path(
    get,
    path = "/api/v1/keys/{id}/impact",
    tag = "Keys",
    params(("id" = String, Path, description = "The key's identifier or alias, or `vmware_kmip_` and a KMIP unique identifier")),
    responses((status = 200, body = Collection<Impact>, content_type = Impact::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(id): At<String>) -> Answer {
    caller.visit.is_about(&id, "");
    let id = id.strip_prefix(KMIP_PREFIX).filter(|rest| Uuid::parse_str(rest).is_ok()).unwrap_or(&id);
    let key = app.keys.key(&caller, id, None).await?;
    if !key.extractable {
        let root_key = KeyRef { instance: key.instance, key: key.id };
        let found = app.engine.impact_of_root_key(root_key, caller.now).await?;
        return Ok(Reply::one(resource(&key, "root key", found)));
    }
    let found = app.engine.impact_of_object(key.instance, key.id, caller.now).await?;
    let kind = if found.is_some() { "key of a KMIP client" } else { "standard key" };
    Ok(Reply::one(resource(&key, kind, found.unwrap_or_default())))
}

fn resource(key: &Key, kind: &str, found: impact::Impact) -> Impact {
    let states = found.states.into_iter();
    let components = found.components.into_iter();
    Impact {
        key_id: key.id.to_string(),
        key_name: key.name.clone(),
        kind: kind.to_owned(),
        keys: found.keys,
        states: states.map(|(state, keys)| StateCount { state: state.to_owned(), keys }).collect(),
        adapters: found.adapters.into_iter().map(adapter).collect(),
        components: components.map(|(name, component)| of(name, component)).collect(),
    }
}

fn adapter(found: impact::AdapterImpact) -> ImpactAdapter {
    ImpactAdapter { id: found.id.to_string(), name: found.name, clients: found.clients, keys: found.keys }
}

fn of(component: String, found: impact::Component) -> ImpactComponent {
    let named =
        |each: impact::Named| NamedKey { key: each.key.to_string(), name: each.name, identifier: each.identifier };
    ImpactComponent { component, keys: found.keys, named: found.named.into_iter().map(named).collect() }
}
