//! Finding keys: by identifier and alias, in their ring and instance, and what is heard of those that are not there.

use crate::{NOW, call, call_at, fresh, later, make, new, standard, tenant, with};
use keymanager::{Action, Error, Key, KeyManager, NewKey, State};
use uuid::Uuid;

async fn find(manager: &KeyManager, instance: Uuid, name: &str, ring: Option<&str>) -> Result<Key, Error> {
    manager.key(&call(instance, Action::ReadKeyMetadata), name, ring).await
}

#[tokio::test]
async fn a_key_is_found_by_its_identifier_and_its_aliases() {
    let (manager, instance) = fresh().await;
    let aliases = vec!["first".to_owned(), "1st".to_owned()];
    let key = make(&manager, instance, NewKey { aliases, ..new("one") }).await;
    make(&manager, instance, new("two")).await;
    let id = key.id.to_string();
    for name in [id.as_str(), &id.to_uppercase(), "first", "1st"] {
        assert_eq!(find(&manager, instance, name, None).await.unwrap(), key, "{name}");
        assert_eq!(find(&manager, instance, name, Some("default")).await.unwrap(), key, "{name}");
    }
    let other_forms = [key.id.simple().to_string(), key.id.urn().to_string(), key.id.braced().to_string()];
    let absent =
        ["", "one", "First", "default", &Uuid::nil().to_string(), &other_forms[0], &other_forms[1], &other_forms[2]];
    for name in absent {
        let error = find(&manager, instance, name, None).await.unwrap_err();
        assert!(matches!(&error, Error::NotFound { what: "key", name: said } if said == name), "{error}");
    }
    for name in [&id, "first"] {
        let error = find(&manager, instance, name, Some("another")).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { what: "key", .. }), "{error}");
    }
}

#[tokio::test]
async fn instances_are_apart() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, NewKey { aliases: vec!["alias".into()], ..new("crk") }).await;
    let other = tenant(&manager).await;
    for name in [key.id.to_string(), "alias".to_owned()] {
        for instance in [other, Uuid::nil()] {
            let error = find(&manager, instance, &name, None).await.unwrap_err();
            assert!(matches!(error, Error::NotFound { .. }), "{error}");
            let error = manager.disable(&call(instance, Action::DisableKey), &name).await.unwrap_err();
            assert!(matches!(error, Error::NotFound { .. }), "{error}");
        }
    }
    make(&manager, other, NewKey { aliases: vec!["alias".into()], ..new("crk") }).await;
}

#[tokio::test]
async fn a_payload_is_a_standard_keys_until_it_is_deleted() {
    let (manager, instance) = fresh().await;
    let payload = async |key: &Key, now| {
        let call = call_at(instance, Action::ReadKey, now);
        let (found, payload) = manager.key_with_payload(&call, &key.id.to_string(), None).await.unwrap();
        assert_eq!(found.id, key.id);
        payload.map(|payload| payload.expose().to_vec())
    };
    for content in [&[7][..], &[7; 16], &[8; 7500]] {
        let key = make(&manager, instance, with(standard("imported"), content)).await;
        assert_eq!(payload(&key, NOW).await.as_deref(), Some(content));
    }
    for root in [new("generated"), with(new("imported"), &[9; 32])] {
        assert_eq!(payload(&make(&manager, instance, root).await, NOW).await, None);
    }
    let key = make(&manager, instance, NewKey { expires: Some(later(60)), ..standard("generated") }).await;
    let another = make(&manager, instance, standard("generated")).await;
    let generated = payload(&key, NOW).await.unwrap();
    assert_eq!(generated.len(), 32);
    assert_ne!(payload(&another, NOW).await.unwrap(), generated);
    assert_eq!(payload(&key, later(60)).await, Some(generated), "also when it is deactivated");
    manager.delete_key(&call(instance, Action::DeleteKey), &another.id.to_string(), false).await.unwrap();
    assert_eq!(payload(&another, NOW).await, None);
    let (found, _) =
        manager.key_with_payload(&call(instance, Action::ReadKey), &another.id.to_string(), None).await.unwrap();
    assert_eq!(found.state, State::Destroyed);
}
