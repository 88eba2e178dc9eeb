//! Policies of a key: rotation, and the first of two people's word for its deletion.

use crate::fake_kmip::FakeKmip;
use crate::{AT_ONCE, NOW, call, call_at, fresh, later, make, memory, new, open_with, seen, standard, tenant, with};
use keymanager::{Action, Call, Error, Key, KeyManager, RotationSetting, SetForDeletion, State};
use uuid::Uuid;

fn setting(enabled: bool, interval_month: Option<u32>) -> RotationSetting {
    RotationSetting { enabled, interval_month }
}

async fn rotation(manager: &KeyManager, key: &Key, setting: RotationSetting) -> Result<Key, Error> {
    manager.set_rotation(&call(key.instance, Action::WriteKeyPolicies), &key.id.to_string(), setting).await
}

async fn dual_auth(manager: &KeyManager, key: &Key, enabled: bool) -> Result<Key, Error> {
    manager.set_dual_auth(&call(key.instance, Action::WriteKeyPolicies), &key.id.to_string(), enabled).await
}

/// A setting, and what the policy says after it: enabled, months; none where it is refused and stays as it was.
type Step = (bool, Option<u32>, Option<(bool, u32)>);

#[tokio::test]
async fn a_rotation_policy_keeps_its_interval() {
    let (manager, instance) = fresh().await;
    let steps = |steps: &[Step]| steps.to_vec();
    let cases = [
        steps(&[(true, Some(1), Some((true, 1))), (true, Some(12), Some((true, 12)))]),
        steps(&[(true, Some(4), Some((true, 4))), (false, None, Some((false, 4))), (true, None, Some((true, 4)))]),
        steps(&[(true, Some(4), Some((true, 4))), (false, Some(5), Some((false, 5)))]),
        steps(&[(false, None, Some((false, 1))), (false, Some(6), Some((false, 6)))]),
        steps(&[(true, None, None), (true, Some(0), None), (true, Some(13), None), (false, Some(0), None)]),
        steps(&[(true, Some(2), Some((true, 2))), (true, Some(99), None), (false, Some(99), None)]),
    ];
    for steps in cases {
        let key = make(&manager, instance, new("crk")).await;
        let mut expected = None;
        for (enabled, months, after) in steps {
            match (rotation(&manager, &key, setting(enabled, months)).await, after) {
                (Ok(key), Some(after)) => {
                    expected = Some(after);
                    assert!(key.updated.is_some());
                }
                (Err(Error::Field { field: "interval_month", .. }), None) => {}
                (outcome, _) => panic!("{enabled} {months:?}: {outcome:?}"),
            }
            let found = seen(&manager, &key, NOW).await.rotation;
            assert_eq!(found.map(|policy| (policy.enabled, policy.interval_month)), expected);
        }
    }
}

#[tokio::test]
async fn a_policy_is_the_same_one_when_it_changes() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, new("crk")).await;
    let id = key.id.to_string();
    let other = Call::internal(instance, Action::WriteKeyPolicies, "another", later(60));
    rotation(&manager, &key, setting(true, Some(3))).await.unwrap();
    let first = dual_auth(&manager, &key, true).await.unwrap();
    manager.set_rotation(&other, &id, setting(false, None)).await.unwrap();
    let second = manager.set_dual_auth(&other, &id, true).await.unwrap();
    let stamps = |key: &Key| [key.rotation.clone().unwrap().stamp, key.dual_auth.clone().unwrap().stamp];
    for (before, after) in stamps(&first).into_iter().zip(stamps(&second)) {
        assert_eq!((before.id, before.created, before.created_by.as_str()), (after.id, NOW, "somebody"));
        assert_eq!((before.updated, before.updated_by.as_str()), (NOW, "somebody"));
        assert_eq!((after.created, after.created_by.as_str()), (NOW, "somebody"));
        assert_eq!((after.updated, after.updated_by.as_str()), (later(60), "another"));
    }
    let [rotation, dual_auth] = stamps(&second);
    assert_ne!(rotation.id, dual_auth.id);
}

#[tokio::test]
async fn only_what_rotates_by_itself_has_a_rotation_policy() {
    let (manager, instance) = fresh().await;
    let fake = FakeKmip::over(&manager);
    let object = fake.add(instance, Uuid::from_u128(0xB));
    let on = setting(true, Some(1));
    let imported = make(&manager, instance, with(new("crk"), &[1; 32])).await;
    assert!(matches!(rotation(&manager, &imported, on).await, Err(Error::RotationOfImported(id)) if id == imported.id));
    for standard in
        [make(&manager, instance, standard("key")).await, make(&manager, instance, with(standard("key"), &[1])).await]
    {
        assert!(
            matches!(rotation(&manager, &standard, on).await, Err(Error::RootKeyRequired(id)) if id == standard.id)
        );
        assert!(dual_auth(&manager, &standard, true).await.is_ok());
    }
    let write = call(instance, Action::WriteKeyPolicies);
    let of_object = manager.set_rotation(&write, &object.id.to_string(), on).await;
    assert!(matches!(of_object, Err(Error::KmipKey(id)) if id == object.id));
}

#[tokio::test]
async fn dual_authorization_stays() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, new("crk")).await;
    for (enabled, stays) in [(false, false), (true, false), (true, false), (false, true), (true, false)] {
        let outcome = dual_auth(&manager, &key, enabled).await;
        assert_eq!(matches!(outcome, Err(Error::DualAuthStays(id)) if id == key.id), stays, "{outcome:?}");
        assert_eq!(outcome.is_ok(), !stays);
    }
    assert!(seen(&manager, &key, NOW).await.dual_auth.unwrap().enabled);
}

/// What can be done in each state: policies as long as the key is there, the word for its deletion where it can be deleted.
#[tokio::test]
async fn policies_are_set_while_the_key_is_there() {
    for state in [State::Active, State::Suspended, State::Deactivated, State::Destroyed] {
        let manager = open_with(&memory().await, AT_ONCE).await;
        let instance = tenant(&manager).await;
        let expires = (state == State::Deactivated).then_some(later(5));
        let key = make(&manager, instance, keymanager::NewKey { expires, ..new("crk") }).await;
        dual_auth(&manager, &key, true).await.unwrap();
        let (id, now) = (key.id.to_string(), later(10));
        let by = |action| call_at(instance, action, now);
        match state {
            State::PreActive | State::Active | State::Deactivated => {}
            State::Suspended => drop(manager.disable(&by(Action::DisableKey), &id).await.unwrap()),
            State::Destroyed => {
                manager.set_for_deletion(&by(Action::SetKeyForDeletion), &id).await.unwrap();
                let second = Call::internal(instance, Action::DeleteKey, "another", now);
                manager.delete_key(&second, &id, false).await.unwrap();
            }
        }
        assert_eq!(seen(&manager, &key, now).await.state, state);
        let outcomes = [
            manager.set_rotation(&by(Action::WriteKeyPolicies), &id, setting(true, Some(1))).await,
            manager.set_dual_auth(&by(Action::WriteKeyPolicies), &id, true).await,
            manager.set_for_deletion(&by(Action::SetKeyForDeletion), &id).await,
            manager.unset_for_deletion(&by(Action::UnsetKeyForDeletion), &id).await,
        ];
        for outcome in outcomes {
            match outcome {
                Ok(key) => assert!(key.state == state && state != State::Destroyed, "{state}"),
                Err(error) => {
                    assert!(state == State::Destroyed && matches!(error, Error::Deleted(_)), "{state}: {error}")
                }
            }
        }
    }
}

#[tokio::test]
async fn the_first_word_is_recorded_renewed_and_taken_back() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, new("crk")).await;
    let id = key.id.to_string();
    let set = async |by: &str, at| {
        let call = Call::internal(instance, Action::SetKeyForDeletion, by, later(at));
        manager.set_for_deletion(&call, &id).await.map(|key| key.set_for_deletion)
    };
    assert!(matches!(set("one", 0).await, Err(Error::NotDualAuth(id)) if id == key.id));
    let unset = call(instance, Action::UnsetKeyForDeletion);
    assert!(matches!(manager.unset_for_deletion(&unset, &id).await, Err(Error::NotDualAuth(_))));
    dual_auth(&manager, &key, true).await.unwrap();
    for (by, at) in [("one", 1), ("one", 2), ("two", 3)] {
        assert_eq!(set(by, at).await.unwrap(), Some(SetForDeletion { by: by.into(), at: later(at) }));
    }
    for _ in 0..2 {
        assert_eq!(manager.unset_for_deletion(&unset, &id).await.unwrap().set_for_deletion, None);
    }
}
