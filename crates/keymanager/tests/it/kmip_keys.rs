//! KMIP objects as standard keys: what can be done with them here, and what can't.

use crate::fake_kmip::{FakeKmip, SEALED};
use crate::{NOW, call, call_at, fresh, later, make, new, plain, tenant};
use keymanager::{Action, Error, Key, KeyManager, KmipKey, NewKey, RotationSetting, State};
use std::sync::Arc;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);

async fn with_object() -> (KeyManager, Uuid, Arc<FakeKmip>, KmipKey) {
    let (manager, instance) = fresh().await;
    let service = FakeKmip::over(&manager);
    let object = service.add(instance, ID);
    (manager, instance, service, object)
}

fn as_key(instance: Uuid, object: &KmipKey) -> Key {
    Key {
        id: object.id,
        instance,
        name: "vmware_kmip_12345678-9abc-4def-8123-456789abcdef".into(),
        description: None,
        aliases: Vec::new(),
        tags: Vec::new(),
        extractable: true,
        ring: None,
        state: State::Active,
        imported: false,
        version: object.id,
        version_created: Some(NOW),
        versions: 1,
        created: NOW,
        created_by: "CertificateID-0011".into(),
        rotated: None,
        updated: Some(later(1)),
        expires: None,
        suspended: None,
        deleted: None,
        deleted_by: None,
        synced: None,
        rotation: None,
        dual_auth: None,
        set_for_deletion: None,
    }
}

#[tokio::test]
async fn an_object_is_a_standard_key_of_its_instance() {
    let (manager, instance, _service, object) = with_object().await;
    let expected = as_key(instance, &object);
    for name in [ID.to_string(), ID.to_string().to_uppercase()] {
        for ring in [None, Some("default")] {
            let call = call(instance, Action::ReadKey);
            assert_eq!(manager.key(&call, &name, ring).await.unwrap(), expected);
            let (key, payload) = manager.key_with_payload(&call, &name, ring).await.unwrap();
            assert_eq!((key, payload.unwrap().expose()), (expected.clone(), SEALED));
        }
    }
    let id = ID.to_string();
    let absent =
        [(instance, expected.name.as_str(), None), (instance, &id, Some("other")), (tenant(&manager).await, &id, None)];
    for (instance, name, ring) in absent {
        let error = manager.key(&call(instance, Action::ReadKey), name, ring).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { what: "key", .. }), "{error}");
    }
}

#[tokio::test]
async fn it_is_deleted_restored_and_purged() {
    let (manager, instance, _service, object) = with_object().await;
    let (id, active) = (ID.to_string(), as_key(instance, &object));
    let call = |action, seconds| call_at(instance, action, later(seconds));
    let refused = manager.restore(&call(Action::RestoreKey, 0), &id).await.unwrap_err();
    assert!(matches!(refused, Error::State { key: ID, .. }), "{refused}");
    let refused = manager.purge(&call(Action::PurgeKey, 0), &id).await.unwrap_err();
    assert!(matches!(refused, Error::NotDeleted(ID)), "{refused}");

    let deletion = call(Action::DeleteKey, 0);
    let deleted = manager.delete_key(&deletion, &id, false).await.unwrap();
    let (state, by) = (State::Destroyed, Some("somebody".to_owned()));
    assert_eq!(deleted, Key { state, deleted: Some(NOW), deleted_by: by, ..active.clone() });
    assert!(deletion.is_recorded(), "by the service");
    let (found, payload) = manager.key_with_payload(&call(Action::ReadKey, 0), &id, None).await.unwrap();
    assert_eq!((found, payload.is_none()), (deleted.clone(), true));
    let refused = manager.delete_key(&call(Action::DeleteKey, 0), &id, true).await.unwrap_err();
    assert!(matches!(refused, Error::Deleted(ID)), "{refused}");

    assert_eq!(manager.restore(&call(Action::RestoreKey, 100), &id).await.unwrap(), active);
    manager.delete_key(&deletion, &id, false).await.unwrap();
    assert_eq!(manager.purge(&call(Action::PurgeKey, 20_000), &id).await.unwrap(), deleted);
    let gone = manager.purge(&call(Action::PurgeKey, 20_000), &id).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound { .. }), "{gone}");
}

#[tokio::test]
async fn what_is_erased_is_not_restored() {
    let (manager, instance, service, object) = with_object().await;
    service.put(instance, KmipKey { deleted: Some(NOW), erased: true, ..object });
    let refused = manager.restore(&call_at(instance, Action::RestoreKey, later(100)), &ID.to_string()).await;
    assert!(matches!(refused, Err(Error::RestoreExpired(ID))));
}

#[tokio::test]
async fn nothing_else_is_done_with_it() {
    let (manager, instance, service, object) = with_object().await;
    let (call, id) = (call(instance, Action::RotateKey), ID.to_string());
    for _ in 0..2 {
        let root = [
            manager.wrap_data(&call, &id, None, &[]).await.err(),
            manager.unwrap_data(&call, &id, &[0; 100], &[]).await.err(),
            manager.rewrap_data(&call, &id, &[0; 100], &[]).await.err(),
            manager.rotate(&call, &id, None).await.err(),
            manager.rotate(&call, &id, Some(plain(&[1; 32]))).await.err(),
            manager.enable(&call, &id).await.err(),
            manager.disable(&call, &id).await.err(),
            manager.versions(&call, &id, true).await.err(),
        ];
        for (number, error) in root.into_iter().enumerate() {
            assert!(matches!(error, Some(Error::RootKeyRequired(ID))), "{number}: {error:?}");
        }
        let rotation = RotationSetting { enabled: true, interval_month: Some(1) };
        let kmip = [
            manager.move_key(&call, &id, "default").await.err(),
            manager.create_alias(&call, &id, "alias").await.err(),
            manager.set_dual_auth(&call, &id, true).await.err(),
            manager.set_rotation(&call, &id, rotation).await.err(),
            manager.set_for_deletion(&call, &id).await.err(),
        ];
        for (number, error) in kmip.into_iter().enumerate() {
            assert!(matches!(error, Some(Error::KmipKey(ID))), "{number}: {error:?}");
        }
        assert_eq!(manager.key(&call, &id, None).await.unwrap().rotation, None);
        service.put(instance, KmipKey { deleted: Some(NOW), ..object.clone() });
    }
}

/// A key of the key manager's own goes before an object of the same identifier; that can't be, unless somebody made it so.
#[tokio::test]
async fn own_keys_go_first() {
    let (manager, instance, service, object) = with_object().await;
    let key = make(&manager, instance, NewKey { ring: None, ..new("own") }).await;
    service.put(instance, KmipKey { id: key.id, ..object });
    assert_eq!(manager.key(&call(instance, Action::ReadKey), &key.id.to_string(), None).await.unwrap(), key);
}
