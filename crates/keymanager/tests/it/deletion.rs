//! The end of a key: in use, by two people, restored as it was, and purged so that nothing is left.

use crate::fake_kmip::FakeKmip;
use crate::{AT_ONCE, NOW, call_at, fresh, later, make, memory, new, open_with, seen, standard, tenant, with_key};
use keymanager::{Action, Call, Error, Key, KeyManager, NewKey, Overrides, State};
use kmip::Timestamp;
use store::{Kind, Query, Space};
use uuid::Uuid;

async fn delete(manager: &KeyManager, key: &Key, force: bool) -> Result<Key, Error> {
    manager.delete_key(&call_at(key.instance, Action::DeleteKey, later(5)), &key.id.to_string(), force).await
}

#[tokio::test]
async fn a_key_in_use_is_deleted_by_force_alone() {
    let (manager, key) = with_key().await;
    let other = make(&manager, key.instance, new("other")).await;
    let service = FakeKmip::over(&manager);
    service.register(key.instance, key.id, "default");
    service.register(key.instance, key.id, "dc2");
    service.register(Uuid::nil(), other.id, "of another instance");
    let said = delete(&manager, &key, false).await.unwrap_err().to_string();
    let expected = format!(
        "root key {} is used by default, dc2, whose keys would be unreadable without it: remove them first, or force the deletion",
        key.id
    );
    assert_eq!(said, expected);
    assert_eq!(seen(&manager, &key, later(5)).await, key);
    let at = Some(later(5));
    let deleted = delete(&manager, &key, true).await.unwrap();
    let by = Some("somebody".to_owned());
    let expected = Key { state: State::Destroyed, deleted: at, deleted_by: by, updated: at, synced: at, ..key };
    assert_eq!(deleted, expected);
    delete(&manager, &other, false).await.unwrap();
}

#[tokio::test]
async fn two_people_are_needed_where_the_policy_says_so() {
    const WEEK: i64 = 7 * 86_400_000;
    let word = Timestamp::from_millis(later(10).millis() + WEEK);
    let over = Timestamp::from_millis(word.millis() + 1);
    // Who sets it for deletion after ten seconds, who deletes it and when, whether by force, and whether that is enough.
    let cases = [
        (None, "second", later(20), false, false),
        (None, "second", later(20), true, false),
        (Some("first"), "first", later(20), false, false),
        (Some("first"), "first", later(20), true, false),
        (Some("first"), "second", later(10), false, true),
        (Some("first"), "second", word, false, true),
        (Some("first"), "second", over, false, false),
        (Some("first"), "second", over, true, false),
    ];
    for (first, second, now, force, enough) in cases {
        let (manager, instance) = fresh().await;
        let overrides = Some(Overrides { rotation: None, dual_auth_delete: Some(true) });
        let key = make(&manager, instance, NewKey { overrides, ..standard("key") }).await;
        let id = key.id.to_string();
        if let Some(first) = first {
            let call = Call::internal(instance, Action::SetKeyForDeletion, first, later(10));
            manager.set_for_deletion(&call, &id).await.unwrap();
        }
        let call = Call::internal(instance, Action::DeleteKey, second, now);
        match manager.delete_key(&call, &id, force).await {
            Ok(deleted) => assert!(enough && deleted.set_for_deletion.is_none() && deleted.dual_auth == key.dual_auth),
            Err(error) => {
                assert!(!enough && matches!(error, Error::AuthorizationsNotMet(of) if of == key.id), "{error}");
            }
        }
    }
}

/// A policy that is there and not enabled asks for nobody.
#[tokio::test]
async fn one_person_is_enough_else() {
    let (manager, instance) = fresh().await;
    let overrides = Some(Overrides { rotation: None, dual_auth_delete: Some(false) });
    delete(&manager, &make(&manager, instance, NewKey { overrides, ..new("key") }).await, false).await.unwrap();
}

#[tokio::test]
async fn a_restored_key_is_what_it_was() {
    let (manager, instance) = fresh().await;
    let overrides = Some(Overrides { rotation: None, dual_auth_delete: Some(false) });
    let asked = NewKey { overrides, aliases: vec!["alias".into()], tags: vec!["tag".into()], ..new("crk") };
    let key = make(&manager, instance, asked).await;
    for disabled in [false, true] {
        let call = |action, seconds| call_at(instance, action, later(seconds));
        if disabled {
            manager.disable(&call(Action::DisableKey, 200), "alias").await.unwrap();
        }
        let deleted = manager.delete_key(&call(Action::DeleteKey, 300), "alias", false).await.unwrap();
        assert_eq!(deleted.suspended, None);
        let restored = manager.restore(&call(Action::RestoreKey, 400), "alias").await.unwrap();
        let at = Some(later(400));
        assert_eq!(restored, Key { updated: at, synced: at, ..key.clone() });
    }
}

#[tokio::test]
async fn an_expired_key_is_not_restored() {
    let (manager, instance) = fresh().await;
    for (seconds, restored) in [(1099, true), (1100, false)] {
        let key = make(&manager, instance, NewKey { expires: Some(later(1100)), ..new("crk") }).await;
        delete(&manager, &key, false).await.unwrap();
        let found = manager.restore(&call_at(instance, Action::RestoreKey, later(seconds)), &key.id.to_string()).await;
        match found {
            Ok(key) => assert!(restored && key.state == State::Active),
            Err(error) => assert!(!restored && matches!(error, Error::Expired(of) if of == key.id), "{error}"),
        }
    }
}

/// What is left of a purged key is its events.
#[tokio::test]
async fn nothing_is_left_of_a_purged_key() {
    let store = memory().await;
    let manager = open_with(&store, AT_ONCE).await;
    let instance = tenant(&manager).await;
    let aliases = vec!["one".into(), "two".into()];
    let key = make(&manager, instance, NewKey { aliases, ..new("crk") }).await;
    let other = make(&manager, instance, new("other")).await;
    let (id, call) = (key.id.to_string(), |action| call_at(instance, action, NOW));
    for _ in 0..3 {
        manager.rotate(&call(Action::RotateKey), &id, None).await.unwrap();
    }
    let error = manager.purge(&call(Action::PurgeKey), &id).await.unwrap_err();
    assert!(matches!(error, Error::NotDeleted(of) if of == key.id), "{error}");
    manager.delete_key(&call(Action::DeleteKey), &id, false).await.unwrap();
    let purge = call(Action::PurgeKey);
    assert_eq!(manager.purge(&purge, "one").await.unwrap().id, key.id);
    assert!(purge.is_recorded());
    for name in [&id, "one", "two"] {
        for found in [manager.key(&call(Action::ReadKey), name, None).await, manager.purge(&purge, name).await] {
            assert!(matches!(found, Err(Error::NotFound { .. })));
        }
    }
    for (kind, left) in [(0x12, 1), (0x13, 1), (0x19, 0)] {
        let space = Space(*instance.as_bytes());
        let query = Query { space, kind: Kind(kind), terms: Vec::new(), after: 0, limit: 10 };
        assert_eq!(store.find(&query).await.unwrap().records.len(), left, "records of kind {kind:#x}");
    }
    assert_eq!(seen(&manager, &other, NOW).await, other);
    make(&manager, instance, NewKey { aliases: vec!["one".into()], ..new("crk") }).await;
}
