//! What a first start makes beside keys and certificates: one instance, one root key, one adapter, and the administrator's API key.
//!
//! Each step looks for what an earlier attempt may have made, so that a first start that was cut off is taken up where it ended.

use super::Error;
use crate::api::PrivateText;
use crate::folder::Folder;
use engine::Engine;
use engine::registry::{self, NewAdapter};
use keymanager::{Action, Call, KeyManager, ListQuery, NewApiKey, NewGrant, NewKey, NewServiceId, Role, Target};
use kmip::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How the command line on this machine reaches the server. What it holds is part of the command line's contract.
pub(super) const ADMIN_FILE: &str = "admin.json";
/// The name of the first adapter, which the command line means when none is named.
pub(super) const ADAPTER: &str = "default";
const INSTANCE: &str = "default";
const ROOT_KEY: &str = "default";
const ADMINISTRATOR: &str = "administrator";
/// Who did it, in the audit events of a first start.
const FIRST_START: &str = "first-start";

/// Where and how the command line reaches the server.
#[derive(Serialize, Deserialize)]
pub(super) struct Administrator {
    pub(super) url: String,
    pub(super) api_key: PrivateText,
    pub(super) ca: String,
}

/// Makes what is missing of instance, root key and adapter; the instance's identifier.
pub(super) async fn furnish(keys: &KeyManager, engine: &Engine, now: Timestamp) -> Result<Uuid, Error> {
    let installation = |action| Call::internal(Uuid::nil(), action, FIRST_START, now);
    let instance = match keys.instances(&installation(Action::ListInstances)).await?.into_iter().next() {
        Some(instance) => instance,
        None => keys.create_instance(&installation(Action::CreateInstance), INSTANCE).await?,
    };
    let inside = |action| Call::internal(instance.id, action, FIRST_START, now);
    let one = ListQuery { limit: 1, ..ListQuery::default() };
    let root_key = match keys.list_keys(&inside(Action::ListKeys), &one).await?.keys.into_iter().next() {
        Some(root_key) => root_key,
        None => keys.create_key(&inside(Action::CreateKey), NewKey::named(ROOT_KEY, false)).await?,
    };
    if engine.registry().adapters(instance.id).is_empty() {
        let (name, root_key) = (Some(ADAPTER.into()), root_key.id);
        let new = NewAdapter { instance: instance.id, name, description: None, root_key };
        let made = engine.registry().create_adapter(new, &registry::Actor::new(FIRST_START), now).await;
        made.map_err(|error| Error::Engine(error.to_string()))?;
    }
    Ok(instance.id)
}

/// Makes the administrator: a service ID with every right but purging, and the file that holds its API key. An API key whose file
/// was never written is of no use to anybody: its service ID goes, and there is a new one.
pub(super) async fn appoint(
    keys: &KeyManager,
    folder: &Folder,
    instance: Uuid,
    (url, ca): (String, String),
    now: Timestamp,
) -> Result<(), Error> {
    if folder.read(ADMIN_FILE)?.is_some() {
        return Ok(());
    }
    let call = |action| Call::internal(Uuid::nil(), action, FIRST_START, now);
    let known = keys.service_ids(&call(Action::ListServiceIds)).await?;
    for orphan in known.iter().filter(|known| known.owner.is_none() && known.name == ADMINISTRATOR) {
        keys.delete_service_id(&call(Action::DeleteServiceId), &orphan.id.to_string()).await?;
    }
    let description = Some("Made at the first start; the command line on this machine uses it".to_owned());
    let new = NewServiceId { name: ADMINISTRATOR.to_owned(), description };
    let service_id = keys.create_service_id(&call(Action::CreateServiceId), new).await?.id.to_string();
    let roles = vec![Role::Administrator, Role::Manager];
    let grant = NewGrant { service_id: service_id.clone(), roles, target: Target::default() };
    keys.create_grant(&call(Action::CreateGrant), grant).await?;
    let new = NewApiKey {
        service_id,
        name: ADMINISTRATOR.to_owned(),
        description: None,
        expires: None,
        home: Some(instance),
    };
    let (_, secret) = keys.create_api_key(&call(Action::CreateApiKey), new).await?;
    write(folder, &Administrator { url, api_key: PrivateText::new(Zeroizing::new(secret.expose().to_owned())), ca })
}

/// Keeps the file true when address or authority have changed. An administrator may have taken it away.
pub(super) fn refresh(folder: &Folder, url: String, ca: String) -> Result<(), Error> {
    let Some(bytes) = folder.read(ADMIN_FILE)? else { return Ok(()) };
    let old: Administrator = serde_json::from_slice(&bytes).map_err(|_| Error::AdminFile(folder.path(ADMIN_FILE)))?;
    if old.url == url && old.ca == ca {
        return Ok(());
    }
    write(folder, &Administrator { url, ca, ..old })
}

fn write(folder: &Folder, administrator: &Administrator) -> Result<(), Error> {
    let text = serde_json::to_vec_pretty(administrator).map(Zeroizing::new);
    let text = text.map_err(|_| Error::AdminFile(folder.path(ADMIN_FILE)))?;
    Ok(folder.write(ADMIN_FILE, &text)?)
}
