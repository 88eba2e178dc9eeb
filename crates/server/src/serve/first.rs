//! What a first start makes beside keys and certificates: one instance, one root key, one adapter, and the administrator's API key.
//!
//! Each step looks for what an earlier attempt may have made, so that a first start that was cut off is taken up where it ended.

use super::Error;
use crate::api::PrivateText;
use crate::folder::Folder;
use engine::Engine;
use engine::registry::{self, NewAdapter};
use keymanager::{Actor, KeyManager, NewRootKey, Role};
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
const API_KEY: &str = "administrator";
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
    let by = Actor::new(FIRST_START);
    let instance = match keys.instances().await?.into_iter().next() {
        Some(instance) => instance,
        None => keys.create_instance(INSTANCE, &by, now).await?,
    };
    let root_key = match keys.root_keys(instance.id).await?.into_iter().next() {
        Some(root_key) => root_key,
        None => {
            let new = NewRootKey { name: ROOT_KEY.into(), description: None, payload: None };
            keys.create_root_key(instance.id, new, &by, now).await?
        }
    };
    if engine.registry().adapters(instance.id).is_empty() {
        let new = NewAdapter { instance: instance.id, name: ADAPTER.into(), description: None, root_key: root_key.id };
        let by = registry::Actor { id: FIRST_START.into() };
        let made = engine.registry().create_adapter(new, &by, now).await;
        made.map_err(|error| Error::Engine(error.to_string()))?;
    }
    Ok(instance.id)
}

/// Makes the administrator's API key and the file that holds it. A key whose file was never written is of no use to anybody: it is
/// revoked.
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
    let by = Actor::new(FIRST_START);
    for orphan in keys.api_keys(instance).await?.into_iter().filter(|key| key.name == API_KEY && key.revoked.is_none())
    {
        keys.revoke_api_key(instance, orphan.id, &by, now).await?;
    }
    let (_, secret) = keys.create_api_key(instance, API_KEY, Role::Administrator, &by, now).await?;
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
