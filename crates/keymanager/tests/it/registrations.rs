//! Registrations: seen with their keys, and told again.

use crate::fake_kmip::FakeKmip;
use crate::network_policies::holder;
use crate::{NOW, call, call_at, fresh, later, make, new, seen, standard, tenant};
use keymanager::{Action, Error, Key, KeyManager, NewKey, Origin, Role, State};
use kmip::Timestamp;
use uuid::Uuid;

const HOUR: i64 = 3600;

async fn sync(manager: &KeyManager, key: &Key, now: Timestamp) -> Result<(), Error> {
    manager.sync_key(&call_at(key.instance, Action::SyncKey, now), &key.id.to_string()).await
}

#[tokio::test]
async fn registrations_are_listed_with_their_keys() {
    let (manager, instance) = fresh().await;
    let fake = FakeKmip::over(&manager);
    let (first, second) = (make(&manager, instance, new("first")).await, make(&manager, instance, new("second")).await);
    let other = make(&manager, tenant(&manager).await, new("other")).await;
    for (key, name) in [(&first, "dc1"), (&second, "dc2"), (&first, "dc3"), (&other, "dc4")] {
        fake.register(key.instance, key.id, name);
    }
    fake.register(instance, Uuid::from_u128(1), "of a key that is gone");
    let list = async |which: Option<&Key>| {
        let id = which.map(|key| key.id.to_string());
        let found = manager.registrations(&call(instance, Action::ListRegistrations), id.as_deref()).await.unwrap();
        found.into_iter().map(|(key, registration)| (key.name, registration.name)).collect::<Vec<_>>()
    };
    let names =
        |names: &[(&str, &str)]| names.iter().map(|(key, name)| ((*key).into(), (*name).into())).collect::<Vec<_>>();
    assert_eq!(list(None).await, names(&[("first", "dc1"), ("second", "dc2"), ("first", "dc3")]));
    assert_eq!(list(Some(&first)).await, names(&[("first", "dc1"), ("first", "dc3")]));
    assert_eq!(list(Some(&make(&manager, instance, standard("key")).await)).await, []);
    let object = fake.add(instance, Uuid::from_u128(0xB));
    let of_object =
        manager.registrations(&call(instance, Action::ListRegistrations), Some(&object.id.to_string())).await;
    assert!(of_object.unwrap().is_empty());
    let foreign = manager.registrations(&call(instance, Action::ListRegistrations), Some(&other.id.to_string())).await;
    assert!(matches!(foreign, Err(Error::NotFound { what: "key", .. })));
}

/// A registration is seen by whoever sees its key.
#[tokio::test]
async fn registrations_are_seen_as_far_as_keys_are() {
    let (manager, instance) = fresh().await;
    let fake = FakeKmip::over(&manager);
    manager.create_key_ring(&call(instance, Action::CreateKeyRing), "ring-1").await.unwrap();
    let here = make(&manager, instance, NewKey { ring: Some("ring-1".into()), ..new("here") }).await;
    let there = make(&manager, instance, new("there")).await;
    fake.register(instance, here.id, "dc1");
    fake.register(instance, there.id, "dc2");
    let reader = holder(&manager, instance, Role::Reader, Some("ring-1")).await;
    let call = manager.enter(&reader, Some(instance), Action::ListRegistrations, Origin::default(), NOW).await.unwrap();
    let all = manager.registrations(&call, None).await.unwrap();
    assert_eq!(all.iter().map(|(key, _)| key.id).collect::<Vec<_>>(), [here.id]);
    assert_eq!(manager.registrations(&call, Some(&here.id.to_string())).await.unwrap().len(), 1);
    assert!(matches!(manager.registrations(&call, Some(&there.id.to_string())).await, Err(Error::Unauthorized)));
}

/// Creation and policies are no notice; the last sync and what happens in a key's life are.
#[tokio::test]
async fn a_sync_waits_an_hour_for_the_last_notice() {
    let (manager, instance) = fresh().await;
    let fake = FakeKmip::over(&manager);
    let key = make(&manager, instance, new("crk")).await;
    manager.set_dual_auth(&call(instance, Action::WriteKeyPolicies), &key.id.to_string(), false).await.unwrap();
    sync(&manager, &key, NOW).await.unwrap();
    assert_eq!(seen(&manager, &key, NOW).await.synced, Some(NOW));
    for (seconds, left) in
        [(0, Some(HOUR)), (1, Some(HOUR - 1)), (HOUR - 1, Some(1)), (HOUR, None), (HOUR + 1, Some(HOUR - 1))]
    {
        match (sync(&manager, &key, later(seconds)).await, left) {
            (Ok(()), None) => {}
            (Err(Error::TooEarly { seconds, .. }), Some(left)) => assert_eq!(seconds, left),
            (outcome, _) => panic!("after {seconds} s: {outcome:?}"),
        }
    }
    assert_eq!(fake.rewraps(), [key.id, key.id]);
    let life = [Action::DisableKey, Action::EnableKey, Action::RotateKey, Action::DeleteKey, Action::RestoreKey];
    for (index, action) in (2..).zip(life) {
        let now = later(index * HOUR);
        let (call, id) = (call_at(instance, action, now), key.id.to_string());
        match action {
            Action::DisableKey => manager.disable(&call, &id).await,
            Action::EnableKey => manager.enable(&call, &id).await,
            Action::RotateKey => manager.rotate(&call, &id, None).await,
            Action::DeleteKey => manager.delete_key(&call, &id, false).await,
            _ => manager.restore(&call, &id).await,
        }
        .unwrap();
        let early = sync(&manager, &key, later((index + 1) * HOUR - 1)).await;
        assert!(matches!(early, Err(Error::TooEarly { seconds: 1, .. })), "after {action:?}: {early:?}");
    }
}

/// What can't be unwrapped needs no new wrap: the state is all that there is to tell.
#[tokio::test]
async fn a_sync_wraps_again_while_the_key_unwraps() {
    let cases = [(None, true), (Some(Action::DisableKey), false), (Some(Action::DeleteKey), false)];
    for (action, wraps) in cases {
        let (manager, instance) = fresh().await;
        let fake = FakeKmip::over(&manager);
        let key = make(&manager, instance, new("crk")).await;
        let (call, id) = (call(instance, action.unwrap_or(Action::ReadKey)), key.id.to_string());
        match action {
            Some(Action::DisableKey) => drop(manager.disable(&call, &id).await.unwrap()),
            Some(_) => drop(manager.delete_key(&call, &id, false).await.unwrap()),
            None => {}
        }
        sync(&manager, &key, later(HOUR)).await.unwrap();
        assert_eq!(fake.rewraps().len(), usize::from(wraps), "after {action:?}");
        assert_eq!(seen(&manager, &key, later(HOUR)).await.synced, Some(later(HOUR)));
    }
}

#[tokio::test]
async fn a_sync_that_failed_can_be_tried_again_at_once() {
    let (manager, instance) = fresh().await;
    let fake = FakeKmip::over(&manager);
    let key = make(&manager, instance, new("crk")).await;
    fake.fail();
    for _ in 0..2 {
        assert!(matches!(sync(&manager, &key, NOW).await, Err(Error::Busy)));
    }
    assert_eq!(seen(&manager, &key, NOW).await.synced, None);
    assert_eq!(seen(&manager, &key, NOW).await.state, State::Active);
}

#[tokio::test]
async fn only_root_keys_are_synced() {
    let (manager, instance) = fresh().await;
    let fake = FakeKmip::over(&manager);
    let object = fake.add(instance, Uuid::from_u128(0xB));
    let key = make(&manager, instance, standard("key")).await;
    assert!(matches!(sync(&manager, &key, NOW).await, Err(Error::RootKeyRequired(id)) if id == key.id));
    let of_object = manager.sync_key(&call(instance, Action::SyncKey), &object.id.to_string()).await;
    assert!(matches!(of_object, Err(Error::RootKeyRequired(id)) if id == object.id));
}
