//! Every change has its event, in the same batch, and what changes nothing has none.

use crate::{NOW, by, memory, new, open};
use keymanager::Role;
use std::sync::Arc;
use store::Store;

async fn events(store: &Arc<dyn Store>) -> Vec<serde_json::Value> {
    let events = store.events(0, 100).await.unwrap();
    events.iter().map(|event| serde_json::from_slice(&event.body).unwrap()).collect()
}

#[tokio::test]
async fn every_change_has_its_event() {
    let store = memory().await;
    let manager = open(&store).await;
    let instance = manager.create_instance("tenant", &by(), NOW).await.unwrap().id;
    let key = manager.create_root_key(instance, new("crk"), &by(), NOW).await.unwrap().id;
    manager.rotate(instance, key, None, &by(), NOW).await.unwrap();
    manager.disable(instance, key, &by(), NOW).await.unwrap();
    manager.enable(instance, key, &by(), NOW).await.unwrap();
    manager.delete(instance, key, &[], false, &by(), NOW).await.unwrap();
    manager.restore(instance, key, &by(), NOW).await.unwrap();
    let (api_key, _) = manager.create_api_key(instance, "admin", Role::Administrator, &by(), NOW).await.unwrap();
    manager.revoke_api_key(instance, api_key.id, &by(), NOW).await.unwrap();
    manager.revoke_api_key(instance, api_key.id, &by(), NOW).await.unwrap();
    manager.enable(instance, key, &by(), NOW).await.unwrap_err();
    let expected = [
        ("kms.instances.create", instance, "tenant"),
        ("kms.secrets.create", key, "crk"),
        ("kms.secrets.rotate", key, "crk"),
        ("kms.secrets.disable", key, "crk"),
        ("kms.secrets.enable", key, "crk"),
        ("kms.secrets.delete", key, "crk"),
        ("kms.secrets.restore", key, "crk"),
        ("kms.apikeys.create", api_key.id, "admin"),
        ("kms.apikeys.revoke", api_key.id, "admin"),
    ];
    let expected = expected.map(|(action, id, name)| {
        serde_json::json!({
            "eventTime": "2026-01-02T03:04:05Z",
            "action": action,
            "outcome": "success",
            "initiator": { "id": "somebody" },
            "target": { "id": id.to_string(), "name": name },
            "requestData": { "instanceID": instance.to_string() },
        })
    });
    assert_eq!(events(&store).await, expected);
}
