//! API keys and who stands behind them: who is let in, who is not, and that what is taken from somebody is gone at once.

use crate::held::Held;
use crate::liar::Liar;
use crate::people::{House, everywhere, house, house_over, new_api_key, on};
use crate::{NOW, call, later, memory};
use keymanager::{Action, ApiKeyKind, Denied, Error, NewApiKey, Principal, Role, ServiceId};
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use uuid::Uuid;

#[tokio::test]
async fn a_secret_lets_its_holder_in() {
    let house = house().await;
    let service_id = house.service_id(house.tenant, "backup").await;
    let (key, secret) = house.api_key(&service_id).await;
    let by_secret = house.manager.authenticate(secret.expose(), later(1_000_000_000)).await.unwrap();
    let by_id = house.manager.principal(key.id, later(1_000_000_000)).await.unwrap();
    for principal in [by_secret, by_id] {
        let Principal { iam_id, service_id: of, api_key, name, home, .. } = principal;
        assert_eq!(iam_id, format!("iam-ServiceId-{}", service_id.id));
        assert_eq!((of, api_key, home), (Some(service_id.id), key.id, Some(house.tenant)));
        assert_eq!(name, "backup");
    }
    assert_eq!(key.kind, ApiKeyKind::ServiceId);
    assert_eq!((key.service_id, key.instance), (Some(service_id.id), house.tenant));
    let listed = house.manager.api_keys(&call(Uuid::nil(), Action::ListApiKeys), "backup").await.unwrap();
    assert_eq!(listed, [key]);
    let text = secret.expose();
    assert!(text.starts_with("keystead_") && text.len() == 52, "{text}");
    assert!(text.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character)));
}

#[tokio::test]
async fn any_other_secret_does_not() {
    let house = house().await;
    let (_, secret) = house.api_key(&house.service_id(house.tenant, "backup").await).await;
    let good = secret.expose();
    let mut wrong = vec![
        String::new(),
        "keystead_".into(),
        good[9..].to_owned(),
        good[..51].to_owned(),
        format!("{good}A"),
        format!(" {good}"),
        good.replace("keystead_", "Keystead_"),
        good.to_uppercase(),
    ];
    for place in 9..good.len() {
        let other = if &good[place..=place] == "A" { "B" } else { "A" };
        wrong.push(format!("{}{other}{}", &good[..place], &good[place + 1..]));
    }
    for secret in wrong {
        assert!(matches!(house.manager.authenticate(&secret, NOW).await, Err(Denied::Unknown)), "{secret}");
    }
    assert!(matches!(house.manager.principal(Uuid::from_u128(1), NOW).await, Err(Denied::Unknown)));
}

#[tokio::test]
async fn a_revoked_key_is_good_for_nothing() {
    let house = house().await;
    let service_id = house.service_id(house.tenant, "backup").await;
    let (key, secret) = house.api_key(&service_id).await;
    let (other, kept) = house.api_key(&service_id).await;
    for (key, secret) in [(&key, &secret), (&other, &kept)] {
        house.manager.principal(key.id, NOW).await.unwrap();
        house.manager.authenticate(secret.expose(), NOW).await.unwrap();
    }
    let by = call(house.tenant, Action::DeleteApiKey);
    let revoked = house.manager.revoke_api_key(&by, "backup", key.id).await.unwrap();
    assert_eq!(revoked.revoked, Some(NOW));
    assert!(by.is_recorded());
    let again = keymanager::Call::internal(house.tenant, Action::DeleteApiKey, "somebody", later(2));
    assert_eq!(house.manager.revoke_api_key(&again, "backup", key.id).await.unwrap(), revoked, "once is enough");
    assert!(!again.is_recorded());
    let denied = |denied| matches!(denied, Err(Denied::Revoked(id)) if id == key.id);
    assert!(denied(house.manager.authenticate(secret.expose(), NOW).await));
    assert!(denied(house.manager.principal(key.id, NOW).await));
    assert!(house.manager.authenticate(kept.expose(), NOW).await.is_ok());
    assert!(house.manager.principal(other.id, NOW).await.is_ok());
    let listed = house.manager.api_keys(&call(house.tenant, Action::ListApiKeys), "backup").await.unwrap();
    assert_eq!(listed, [revoked, other]);
}

/// Whether or not it was seen before it ended.
#[tokio::test]
async fn a_key_ends_at_its_expiry() {
    let house = house().await;
    let service_id = house.service_id(house.tenant, "backup").await.id.to_string();
    let make = async |expires| {
        let new = NewApiKey { expires: Some(expires), ..new_api_key(&service_id) };
        house.manager.create_api_key(&call(house.tenant, Action::CreateApiKey), new).await
    };
    for moments in [vec![0, 59, 60, 61, 0], vec![60, 0, 61]] {
        let (key, secret) = make(later(60)).await.unwrap();
        for when in moments {
            let good = when < 60;
            for found in [
                house.manager.authenticate(secret.expose(), later(when)).await,
                house.manager.principal(key.id, later(when)).await,
            ] {
                match found {
                    Ok(_) => assert!(good, "after {when} s"),
                    Err(error) => assert!(!good && matches!(error, Denied::Expired(id) if id == key.id), "{when}"),
                }
            }
        }
    }
    for past in [later(0), later(-1)] {
        assert!(matches!(make(past).await, Err(Error::Field { field: "expires", .. })));
    }
}

/// What is taken, and what is then left of two rights.
#[derive(Clone, Copy, Debug)]
enum Taken {
    Key,
    Grant,
    Authorization,
    ServiceId,
    Instance,
}

/// Somebody uses their API key; something is taken; the very next use knows it.
#[tokio::test]
async fn what_is_taken_is_gone_at_once() {
    for taken in [Taken::Key, Taken::Grant, Taken::Authorization, Taken::ServiceId, Taken::Instance] {
        let house = house().await;
        let owner = if matches!(taken, Taken::Instance) { house.tenant } else { Uuid::nil() };
        let service_id = house.service_id(owner, "backup").await;
        let (key, secret) = house.api_key(&service_id).await;
        let grant = house.grant(&service_id, &[Role::Manager], on(house.tenant)).await.id;
        let authorization = house.authorize(house.tenant, house.other, &[Role::VmwareKmipManager]).await.id;
        assert_eq!(rights(&house, key.id, secret.expose()).await, Some([true, true]), "{taken:?}");
        let (nowhere, tenant) = (|action| call(Uuid::nil(), action), |action| call(house.tenant, action));
        let (id, manager) = (service_id.id.to_string(), &house.manager);
        let left = match taken {
            Taken::Key => {
                manager.revoke_api_key(&nowhere(Action::DeleteApiKey), &id, key.id).await.unwrap();
                None
            }
            Taken::Grant => {
                manager.delete_grant(&tenant(Action::DeleteGrant), &id, grant).await.unwrap_err();
                manager.delete_grant(&nowhere(Action::DeleteGrant), &id, grant).await.unwrap();
                Some([false, false])
            }
            Taken::Authorization => {
                manager.delete_authorization(&nowhere(Action::DeleteAuthorization), authorization).await.unwrap();
                Some([true, false])
            }
            Taken::ServiceId => {
                manager.delete_service_id(&nowhere(Action::DeleteServiceId), &id).await.unwrap();
                None
            }
            Taken::Instance => {
                let by = nowhere(Action::DeleteInstance);
                manager.delete_instance(&by, &house.tenant.to_string()).await.unwrap();
                None
            }
        };
        assert_eq!(rights(&house, key.id, secret.expose()).await, left, "{taken:?}");
    }
}

/// Also what is given counts at once.
#[tokio::test]
async fn what_is_given_counts_at_once() {
    let house = house().await;
    let service_id = house.service_id(Uuid::nil(), "backup").await;
    let (key, secret) = house.api_key(&service_id).await;
    assert_eq!(rights(&house, key.id, secret.expose()).await, Some([false, false]));
    house.grant(&service_id, &[Role::Manager], on(house.tenant)).await;
    assert_eq!(rights(&house, key.id, secret.expose()).await, Some([true, false]));
    house.authorize(house.tenant, house.other, &[Role::VmwareKmipManager]).await;
    assert_eq!(rights(&house, key.id, secret.expose()).await, Some([true, true]));
}

/// Whether somebody may read adapters of the tenant and of the other instance; none where they are nobody. Secret and identifier say
/// the same.
async fn rights(house: &House, key: Uuid, secret: &str) -> Option<[bool; 2]> {
    let mut found = Vec::new();
    for principal in [house.manager.principal(key, NOW).await, house.manager.authenticate(secret, NOW).await] {
        found.push(match principal {
            Ok(who) => {
                let may = async |instance| house.enter(&who, instance, Action::ReadAdapter).await.is_ok();
                Some([may(house.tenant).await, may(house.other).await])
            }
            Err(Denied::Unknown | Denied::Revoked(_)) => None,
            Err(error) => panic!("{error}"),
        });
    }
    assert_eq!(found[0], found[1]);
    found[0]
}

/// While many use an API key, it is revoked: nobody is let in who asks after that was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_slips_in_after_a_revocation() {
    let house = Arc::new(house().await);
    let service_id = house.service_id(Uuid::nil(), "backup").await;
    for _ in 0..50 {
        let (key, _) = house.api_key(&service_id).await;
        let users: Vec<_> = (0..4)
            .map(|_| {
                let house = Arc::clone(&house);
                tokio::spawn(async move {
                    while house.manager.principal(key.id, NOW).await.is_ok() {
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let by = call(Uuid::nil(), Action::DeleteApiKey);
        house.manager.revoke_api_key(&by, "backup", key.id).await.unwrap();
        for _ in 0..10 {
            assert!(matches!(house.manager.principal(key.id, NOW).await, Err(Denied::Revoked(_))));
        }
        for user in users {
            user.await.unwrap();
        }
    }
}

/// Who asked for a revocation and did not wait for the answer revoked nonetheless. Until it comes true, the key is used; then no more.
#[tokio::test]
async fn a_revocation_that_nobody_waits_for_counts_too() {
    let held = Held::new(memory().await);
    let store: Arc<dyn Store> = held.clone();
    let house = house_over(store).await;
    let (key, _) = house.api_key(&house.service_id(Uuid::nil(), "backup").await).await;
    house.manager.principal(key.id, NOW).await.unwrap();
    let (hold, before) = (held.hold().await, held.begun());
    let by = call(Uuid::nil(), Action::DeleteApiKey);
    let begun = async || {
        while held.begun() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        _ = house.manager.revoke_api_key(&by, "backup", key.id) => panic!("it can't be answered yet"),
        () = begun() => {}
    }
    for _ in 0..3 {
        house.manager.principal(key.id, NOW).await.unwrap();
    }
    drop(hold);
    let denied = async || {
        while house.manager.principal(key.id, NOW).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), denied()).await.expect("the key is still good");
}

/// Who is known is asked for each request: the store is not.
#[tokio::test]
async fn who_is_known_costs_no_look_up() {
    let liar = Liar::new(memory().await);
    let store: Arc<dyn Store> = liar.clone();
    let house = house_over(store).await;
    let who = house.somebody(&[Role::Manager], on(house.tenant)).await;
    liar.looks();
    for _ in 0..100 {
        house.manager.principal(who.api_key, NOW).await.unwrap();
    }
    assert_eq!(liar.looks(), 0);
    house.service_id(Uuid::nil(), "anything").await;
    house.manager.principal(who.api_key, NOW).await.unwrap();
    assert!(liar.looks() > 0, "a change of anybody is one of everybody");
}

/// Thousands of principals: all of them are right, whatever is kept of them.
#[tokio::test]
async fn more_principals_than_are_kept() {
    let house = house().await;
    let service_id = house.service_id(house.tenant, "many").await;
    house.grant(&service_id, &[Role::Reader], on(house.tenant)).await;
    let mut keys = Vec::new();
    for _ in 0..5000 {
        keys.push(house.api_key(&service_id).await.0.id);
    }
    for round in 0..2 {
        for key in &keys {
            assert_eq!(house.manager.principal(*key, NOW).await.unwrap().api_key, *key, "{round}");
        }
    }
}

#[tokio::test]
async fn home_is_where_there_is_something_to_do() {
    let house = house().await;
    let (tenant, other) = (house.tenant, house.other);
    let cases = [
        (Uuid::nil(), vec![], None),
        (Uuid::nil(), vec![everywhere()], None),
        (Uuid::nil(), vec![on(other)], Some(other)),
        (Uuid::nil(), vec![on(other), on(other)], Some(other)),
        (Uuid::nil(), vec![on(other), on(tenant)], None),
        (tenant, vec![], Some(tenant)),
        (tenant, vec![on(other)], Some(tenant)),
    ];
    for (number, (owner, targets, home)) in cases.into_iter().enumerate() {
        let service_id: ServiceId = house.service_id(owner, &number.to_string()).await;
        for target in targets {
            house.grant(&service_id, &[Role::Reader], target).await;
        }
        let (key, _) = house.api_key(&service_id).await;
        assert_eq!(house.manager.principal(key.id, NOW).await.unwrap().home, home, "case {number}");
    }
}

/// A home that was named; whoever administers one instance names that one or none.
#[tokio::test]
async fn a_home_can_be_named() {
    let house = house().await;
    let (tenant, other, nowhere) = (house.tenant, house.other, Uuid::from_u128(1));
    let installations = house.service_id(Uuid::nil(), "installation's").await;
    let tenants = house.service_id(tenant, "tenant's").await;
    let cases = [
        (Uuid::nil(), &installations, Some(other), Ok(other)),
        (Uuid::nil(), &tenants, Some(other), Ok(other)),
        (Uuid::nil(), &tenants, None, Ok(tenant)),
        (Uuid::nil(), &tenants, Some(nowhere), Err("there is no instance `00000000-0000-0000-0000-000000000001` here")),
        (tenant, &tenants, Some(tenant), Ok(tenant)),
        (tenant, &tenants, Some(other), Err("the caller does not have access")),
        (tenant, &tenants, Some(nowhere), Err("the caller does not have access")),
    ];
    for (number, (realm, service_id, home, expected)) in cases.into_iter().enumerate() {
        let new = NewApiKey { home, ..new_api_key(&service_id.id.to_string()) };
        match (house.manager.create_api_key(&call(realm, Action::CreateApiKey), new).await, expected) {
            (Ok((key, _)), Ok(home)) => {
                assert_eq!(house.manager.principal(key.id, NOW).await.unwrap().home, Some(home), "case {number}");
            }
            (Err(error), Err(text)) => assert!(error.to_string().starts_with(text), "case {number}: {error}"),
            (Ok(_), Err(_)) => panic!("case {number} was made"),
            (Err(error), Ok(_)) => panic!("case {number}: {error}"),
        }
    }
}
