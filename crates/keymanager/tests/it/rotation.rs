//! Rotation: where its material comes from, what it makes, and what happens when many rotate at once.

use crate::fake_kmip::FakeKmip;
use crate::{AT_ONCE, call_at, fresh, later, make, memory, new, open_with, plain, tenant, with, with_key};
use keymanager::{Action, Error, Key, KeyManager, KeyVersion};
use std::sync::Arc;

async fn rotate(manager: &KeyManager, key: &Key, payload: Option<&[u8]>) -> Result<Key, Error> {
    let call = call_at(key.instance, Action::RotateKey, later(5));
    manager.rotate(&call, &key.id.to_string(), payload.map(plain)).await
}

async fn versions(manager: &KeyManager, key: &Key) -> Vec<KeyVersion> {
    let call = call_at(key.instance, Action::ListKeyVersions, later(5));
    manager.versions(&call, &key.id.to_string(), false).await.unwrap()
}

#[tokio::test]
async fn rotation_keeps_to_where_the_material_comes_from() {
    let (manager, instance) = fresh().await;
    let generated = make(&manager, instance, new("generated")).await;
    let imported = make(&manager, instance, with(new("imported"), &[1; 32])).await;
    let refused = async |key, payload| rotate(&manager, key, payload).await.unwrap_err();
    assert!(matches!(refused(&imported, None).await, Error::PayloadRequired(id) if id == imported.id));
    assert!(matches!(refused(&generated, Some(&[2; 32])).await, Error::PayloadForbidden(id) if id == generated.id));
    for length in [0, 1, 15, 17, 20, 31, 33, 64] {
        let payload = vec![2; length];
        let error = rotate(&manager, &imported, Some(&payload)).await.unwrap_err();
        assert!(matches!(error, Error::Field { field: "payload", .. }), "{error}");
    }
    for (before, payload) in [(generated, None), (imported, Some(&[2; 24][..]))] {
        let after = rotate(&manager, &before, payload).await.unwrap();
        let expected = Key {
            version: after.version,
            version_created: Some(later(5)),
            versions: 2,
            rotated: Some(later(5)),
            updated: Some(later(5)),
            synced: Some(later(5)),
            ..before.clone()
        };
        assert_eq!(after, expected);
        assert_ne!(after.version, before.version);
        let listed = versions(&manager, &before).await;
        let listed: Vec<_> = listed.iter().map(|version| (version.id, version.number, version.created)).collect();
        assert_eq!(listed, [(after.version, 2, later(5)), (before.version, 1, before.created)]);
    }
}

/// A deleted key is deleted before anything else is wrong with the request.
#[tokio::test]
async fn the_state_goes_first() {
    let (manager, instance) = fresh().await;
    for (asked, payload) in [(new("generated"), Some(&[2; 32][..])), (with(new("imported"), &[1; 32]), None)] {
        let key = make(&manager, instance, asked).await;
        let deletion = call_at(instance, Action::DeleteKey, later(5));
        manager.delete_key(&deletion, &key.id.to_string(), false).await.unwrap();
        assert!(matches!(rotate(&manager, &key, payload).await, Err(Error::Deleted(id)) if id == key.id));
    }
}

#[tokio::test]
async fn adapters_are_wrapped_again() {
    let (manager, key) = with_key().await;
    let service = FakeKmip::over(&manager);
    rotate(&manager, &key, None).await.unwrap();
    assert!(service.rewraps().is_empty(), "nobody waits for it");
    assert_eq!(manager.work_on_rotations(|| later(6)).await.unwrap(), 0);
    assert_eq!(service.rewraps(), [key.id]);
    rotate(&manager, &key, None).await.unwrap_err();
    manager.work_on_rotations(|| later(6)).await.unwrap();
    assert_eq!(service.rewraps(), [key.id], "what is refused wraps nothing again");
}

#[tokio::test]
async fn a_rotation_stands_where_wrapping_again_fails() {
    let (manager, key) = with_key().await;
    let service = FakeKmip::over(&manager);
    service.fail();
    assert_eq!(rotate(&manager, &key, None).await.unwrap().versions, 2);
    assert_eq!(manager.work_on_rotations(|| later(6)).await.unwrap(), 1);
    assert!(service.rewraps().is_empty());
}

/// Changes of one key at the same time: each that was answered was made, none twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_the_same_time_are_all_made() {
    let manager = Arc::new(open_with(&memory().await, AT_ONCE).await);
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, new("crk")).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (manager, key) = (Arc::clone(&manager), key.clone());
            tokio::spawn(async move {
                let mut made = 0;
                for _ in 0..10 {
                    match rotate(&manager, &key, None).await {
                        Ok(_) => made += 1,
                        Err(error) => assert!(matches!(error, Error::Busy), "{error}"),
                    }
                }
                made
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += task.await.unwrap();
    }
    let numbers: Vec<_> = versions(&manager, &key).await.iter().map(|version| version.number).collect();
    assert_eq!(numbers, (1..=1 + made).rev().collect::<Vec<_>>());
}
