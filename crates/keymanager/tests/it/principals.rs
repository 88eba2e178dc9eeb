//! API keys: who is let in, and who is not.

use crate::{NOW, by, fresh, later};
use keymanager::{Denied, Error, Principal, Role};
use uuid::Uuid;

#[tokio::test]
async fn a_secret_lets_its_holder_in() {
    let (manager, instance) = fresh().await;
    let (key, secret) = manager.create_api_key(instance, "admin", Role::Administrator, &by(), NOW).await.unwrap();
    let principal = manager.authenticate(secret.expose(), later(1_000_000_000)).await.unwrap();
    let expected = Principal { instance, api_key: key.id, name: "admin".into(), role: Role::Administrator };
    assert_eq!(principal, expected);
    assert_eq!(principal.actor().id, format!("ApiKey-{}", key.id));
    assert_eq!(manager.api_keys(instance).await.unwrap(), [key]);
    let text = secret.expose();
    assert!(text.starts_with("keystead_") && text.len() == 52, "{text}");
    assert!(text.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character)));
}

#[tokio::test]
async fn any_other_secret_does_not() {
    let (manager, instance) = fresh().await;
    let (_, secret) = manager.create_api_key(instance, "admin", Role::Administrator, &by(), NOW).await.unwrap();
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
        assert!(matches!(manager.authenticate(&secret, NOW).await, Err(Denied::Unknown)), "{secret}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_good_for_nothing() {
    let (manager, instance) = fresh().await;
    let (key, secret) = manager.create_api_key(instance, "admin", Role::Administrator, &by(), NOW).await.unwrap();
    let (other, kept) = manager.create_api_key(instance, "admin", Role::Administrator, &by(), NOW).await.unwrap();
    let revoked = manager.revoke_api_key(instance, key.id, &by(), later(1)).await.unwrap();
    assert_eq!(revoked.revoked, Some(later(1)));
    assert_eq!(manager.revoke_api_key(instance, key.id, &by(), later(2)).await.unwrap(), revoked, "once is enough");
    assert!(matches!(manager.authenticate(secret.expose(), NOW).await, Err(Denied::Revoked(id)) if id == key.id));
    assert!(manager.authenticate(kept.expose(), NOW).await.is_ok());
    assert_eq!(manager.api_keys(instance).await.unwrap(), [revoked, other]);
}

#[tokio::test]
async fn a_key_ends_at_its_expiry() {
    let (manager, instance) = fresh().await;
    let make =
        async |expires| manager.create_api_key_until(instance, "admin", Role::Administrator, expires, &by(), NOW).await;
    let (key, secret) = make(later(60)).await.unwrap();
    for (when, good) in [(0, true), (59, true), (60, false), (61, false)] {
        match manager.authenticate(secret.expose(), later(when)).await {
            Ok(_) => assert!(good, "after {when} s"),
            Err(error) => assert!(!good && matches!(error, Denied::Expired(id) if id == key.id), "after {when} s"),
        }
    }
    for past in [later(0), later(-1)] {
        assert!(matches!(make(past).await, Err(Error::Field { field: "expiry date", .. })));
    }
}

#[tokio::test]
async fn instances_do_not_see_each_others_keys() {
    let (manager, instance) = fresh().await;
    let other = manager.create_instance("other", &by(), NOW).await.unwrap().id;
    let (key, secret) = manager.create_api_key(instance, "admin", Role::Administrator, &by(), NOW).await.unwrap();
    assert!(manager.api_keys(other).await.unwrap().is_empty());
    for (instance, id) in [(other, key.id), (instance, Uuid::nil())] {
        assert!(matches!(manager.revoke_api_key(instance, id, &by(), NOW).await, Err(Error::NotFound { .. })));
    }
    assert_eq!(manager.authenticate(secret.expose(), NOW).await.unwrap().instance, instance);
    let nowhere = manager.create_api_key(Uuid::nil(), "admin", Role::Administrator, &by(), NOW).await;
    assert!(matches!(nowhere, Err(Error::NotFound { what: "instance", .. })));
}
