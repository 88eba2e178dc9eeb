//! Root keys as administrators see them.

use crate::{NOW, by, fresh, import, later, new, secret, with_key};
use keymanager::{Error, NewRootKey, RESTORABLE, State};
use kmip::Timestamp;
use std::sync::Arc;
use uuid::Uuid;

#[tokio::test]
async fn what_is_made_is_found_and_listed() {
    let (manager, instance) = fresh().await;
    let description = Some("for the second site".to_owned());
    let first = NewRootKey { description: description.clone(), ..new("first") };
    let first = manager.create_root_key(instance, first, &by(), NOW).await.unwrap();
    let second = manager.create_root_key(instance, import("second", &[9; 16]), &by(), later(1)).await.unwrap();
    assert_eq!(manager.root_keys(instance).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(manager.root_key(instance, "second").await.unwrap(), second);
    assert_eq!(manager.root_key(instance, &first.id.to_string()).await.unwrap(), first);
    assert_eq!((first.state, first.imported, first.versions), (State::Active, false, 1));
    assert_eq!((second.imported, second.created, second.created_by), (true, later(1), "somebody".to_owned()));
    assert_eq!(first.description, description);
}

#[tokio::test]
async fn instances_are_apart() {
    let (manager, instance) = fresh().await;
    let key = manager.create_root_key(instance, new("crk"), &by(), NOW).await.unwrap();
    let other = manager.create_instance("other", &by(), NOW).await.unwrap();
    assert_eq!(
        manager.instances().await.unwrap().iter().map(|found| found.id).collect::<Vec<_>>(),
        [instance, other.id]
    );
    assert_eq!(manager.instance(other.id).await.unwrap(), other);
    assert!(manager.root_keys(other.id).await.unwrap().is_empty());
    for name in ["crk".to_owned(), key.id.to_string()] {
        assert!(matches!(manager.root_key(other.id, &name).await, Err(Error::NotFound { .. })));
    }
    assert!(matches!(manager.disable(other.id, key.id, &by(), NOW).await, Err(Error::NotFound { .. })));
    let nowhere = manager.create_root_key(Uuid::from_u128(1), new("crk"), &by(), NOW).await;
    assert!(matches!(nowhere, Err(Error::NotFound { what: "instance", .. })));
}

#[tokio::test]
async fn a_name_will_do_while_one_key_has_it() {
    let (manager, instance) = fresh().await;
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(manager.create_root_key(instance, new("crk"), &by(), NOW).await.unwrap().id);
    }
    let said = manager.root_key(instance, "crk").await.unwrap_err().to_string();
    assert_eq!(said, "3 root keys are named `crk`: use the id");
    for id in &keys[..2] {
        manager.delete(instance, *id, &[], false, &by(), NOW).await.unwrap();
    }
    assert_eq!(
        manager.root_key(instance, "crk").await.unwrap().id,
        keys[2],
        "deleted ones don't count beside a live one"
    );
    manager.delete(instance, keys[2], &[], false, &by(), NOW).await.unwrap();
    assert!(matches!(manager.root_key(instance, "crk").await, Err(Error::Ambiguous { count: 3, .. })));
}

#[tokio::test]
async fn an_identifier_goes_before_a_name() {
    let (manager, instance) = fresh().await;
    let first = manager.create_root_key(instance, new("first"), &by(), NOW).await.unwrap();
    let second = manager.create_root_key(instance, new(&first.id.to_string()), &by(), NOW).await.unwrap();
    assert_eq!(manager.root_key(instance, &second.name).await.unwrap(), first);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused() {
    let (manager, instance) = fresh().await;
    let long = "x".repeat(91);
    let described = |text: &str| NewRootKey { description: Some(text.into()), ..new("crk") };
    let cases = [
        (new(""), "the name is empty: give one"),
        (new(" \t"), "the name is empty: give one"),
        (new(&long), "the name has 91 characters: use 90 or fewer"),
        (new("two\nlines"), "the name has a control character: use one line of plain text"),
        (described(&"x".repeat(241)), "the description has 241 characters: use 240 or fewer"),
        (described("bell\u{7}"), "the description has a control character: use one line of plain text"),
        (import("crk", &[]), "the key material has 0 bytes: give 16, 24 or 32 random bytes"),
        (import("crk", &[1; 31]), "the key material has 31 bytes: give 16, 24 or 32 random bytes"),
        (import("crk", &[1; 64]), "the key material has 64 bytes: give 16, 24 or 32 random bytes"),
    ];
    for (case, text) in cases {
        assert_eq!(manager.create_root_key(instance, case, &by(), NOW).await.unwrap_err().to_string(), text);
    }
    assert!(manager.root_keys(instance).await.unwrap().is_empty());
    let longest = "ä".repeat(90);
    assert_eq!(manager.create_root_key(instance, new(&longest), &by(), NOW).await.unwrap().name, longest);
    assert_eq!(manager.create_root_key(instance, described(""), &by(), NOW).await.unwrap().description, None);
}

#[tokio::test]
async fn rotation_keeps_to_where_the_material_comes_from() {
    let (manager, instance) = fresh().await;
    let generated = manager.create_root_key(instance, new("generated"), &by(), NOW).await.unwrap().id;
    let imported = manager.create_root_key(instance, import("imported", &[1; 32]), &by(), NOW).await.unwrap().id;
    let rotate =
        async |key, payload: Option<&[u8]>| manager.rotate(instance, key, payload.map(secret), &by(), later(5)).await;
    assert!(matches!(rotate(imported, None).await, Err(Error::PayloadRequired(id)) if id == imported));
    assert!(matches!(rotate(generated, Some(&[2; 32])).await, Err(Error::PayloadForbidden(id)) if id == generated));
    assert!(matches!(rotate(imported, Some(&[2; 20])).await, Err(Error::Field { .. })));
    for (key, payload) in [(generated, None), (imported, Some(&[2; 24][..]))] {
        let before = manager.root_key(instance, &key.to_string()).await.unwrap();
        let after = rotate(key, payload).await.unwrap();
        assert_eq!((after.versions, after.rotated, after.updated), (2, Some(later(5)), Some(later(5))));
        assert_ne!(after.version, before.version);
        let versions = manager.versions(instance, key).await.unwrap();
        let listed: Vec<_> = versions.iter().map(|version| (version.id, version.number, version.created)).collect();
        assert_eq!(listed, [(after.version, 2, later(5)), (before.version, 1, NOW)]);
    }
}

#[tokio::test]
async fn a_key_in_use_is_deleted_by_force_alone() {
    let (manager, key) = with_key().await;
    let users = ["default".to_owned(), "dc2".to_owned()];
    let said = manager.delete(key.instance, key.id, &users, false, &by(), NOW).await.unwrap_err().to_string();
    let id = key.id;
    assert_eq!(
        said,
        format!(
            "root key {id} is used by default, dc2, whose keys would be unreadable without it: remove them first, or force the deletion"
        )
    );
    let deleted = manager.delete(key.instance, key.id, &users, true, &by(), NOW).await.unwrap();
    assert_eq!((deleted.deleted, deleted.deleted_by.as_deref()), (Some(NOW), Some("somebody")));
}

#[tokio::test]
async fn deletion_is_taken_back_within_30_days() {
    let last = Timestamp::from_millis(NOW.millis() + RESTORABLE);
    assert_eq!(last, later(30 * 86_400));
    for (when, restored) in [(NOW, true), (last, true), (Timestamp::from_millis(last.millis() + 1), false)] {
        let (manager, key) = with_key().await;
        let deleted = manager.delete(key.instance, key.id, &[], false, &by(), NOW).await.unwrap();
        assert_eq!(deleted.restorable_until(), Some(last));
        match manager.restore(key.instance, key.id, &by(), when).await {
            Ok(key) => {
                assert!(restored && key.state == State::Active && key.deleted.is_none() && key.deleted_by.is_none())
            }
            Err(error) => assert!(!restored && matches!(error, Error::RestoreExpired(_)), "{error}"),
        }
    }
}

/// Changes of one key at the same time: each that was answered was made, none twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_the_same_time_are_all_made() {
    let (manager, key) = with_key().await;
    let manager = Arc::new(manager);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (manager, key) = (Arc::clone(&manager), key.clone());
            tokio::spawn(async move {
                let mut made = 0;
                for _ in 0..10 {
                    match manager.rotate(key.instance, key.id, None, &by(), NOW).await {
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
    let after = manager.root_key(key.instance, "crk").await.unwrap();
    assert_eq!(after.versions, 1 + made);
    let numbers: Vec<_> =
        manager.versions(key.instance, key.id).await.unwrap().iter().map(|version| version.number).collect();
    assert_eq!(numbers, (1..=after.versions).rev().collect::<Vec<_>>());
}
