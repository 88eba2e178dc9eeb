//! Making keys: what is taken and what is refused, whole or not at all.

use crate::{NOW, call, call_at, fresh, later, make, new, plain, seen, standard, with};
use keymanager::{
    Action, CreateImportAccess, EncryptedPayload, Error, Key, KeyManager, NewInstancePolicy, NewKey, Overrides,
    Payload, RotationSetting, Rule, State,
};
use std::sync::Arc;
use store::{Kind, Query, Space, Store};
use uuid::Uuid;

async fn create(manager: &KeyManager, instance: Uuid, new: NewKey) -> Result<Key, Error> {
    manager.create_key(&call(instance, Action::CreateKey), new).await
}

/// Everything that a key can be given.
fn full() -> NewKey {
    NewKey {
        description: Some("for the second site".into()),
        aliases: vec!["one".into(), "two".into()],
        tags: vec![String::new(), "t".repeat(30)],
        expires: Some(later(1)),
        ring: Some("default".into()),
        ..new("crk")
    }
}

#[tokio::test]
async fn what_is_made_is_as_it_was_asked_for() {
    let (manager, instance) = fresh().await;
    let bare = Key {
        id: Uuid::nil(),
        instance,
        name: "crk".into(),
        description: None,
        aliases: Vec::new(),
        tags: Vec::new(),
        extractable: false,
        ring: None,
        state: State::Active,
        imported: false,
        version: Uuid::nil(),
        version_created: Some(NOW),
        versions: 1,
        created: NOW,
        created_by: "somebody".into(),
        rotated: None,
        updated: None,
        expires: None,
        suspended: None,
        deleted: None,
        deleted_by: None,
        synced: None,
        rotation: None,
        dual_auth: None,
        set_for_deletion: None,
    };
    let asked = full();
    let all = Key {
        description: asked.description.clone(),
        aliases: asked.aliases.clone(),
        tags: asked.tags.clone(),
        expires: asked.expires,
        ..bare.clone()
    };
    let cases = [
        (new("crk"), bare.clone()),
        (asked, all),
        (with(new("crk"), &[1; 16]), Key { imported: true, ..bare.clone() }),
        (with(new("crk"), &[1; 24]), Key { imported: true, ..bare.clone() }),
        (with(new("crk"), &[1; 32]), Key { imported: true, ..bare.clone() }),
        (standard("crk"), Key { extractable: true, ..bare.clone() }),
        (with(standard("crk"), &[1]), Key { extractable: true, imported: true, ..bare.clone() }),
        (NewKey { description: Some(String::new()), ..new("crk") }, bare.clone()),
    ];
    for (asked, expected) in cases {
        let key = make(&manager, instance, asked).await;
        assert_eq!(key, Key { id: key.id, version: key.version, ..expected });
        assert_eq!(seen(&manager, &key, NOW).await, key);
        assert!(key.id.get_version_num() == 4 && key.version.get_version_num() == 4);
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused() {
    let (manager, instance) = fresh().await;
    let described = |text: &str| NewKey { description: Some(text.into()), ..new("crk") };
    let tagged = |tags: &[&str]| NewKey { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..new("crk") };
    let expiring = |expires| NewKey { expires: Some(expires), ..new("crk") };
    let lengths = "a root key has 16, 24 or 32 random ones";
    let cases = [
        (new(""), "the name is empty: give one".to_owned()),
        (new(" \t"), "the name is empty: give one".into()),
        (new(&"x".repeat(91)), "the name has 91 characters: use 90 or fewer".into()),
        (new("two\nlines"), "the name has a control character: use one line of plain text".into()),
        (described(&"x".repeat(241)), "the description has 241 characters: use 240 or fewer".into()),
        (described("x"), "the description has 1 character: use 2 or more".into()),
        (described("bell\u{7}"), "the description has a control character: use one line of plain text".into()),
        (tagged(&["x"; 31]), "the tags are 31: use 30 or fewer".into()),
        (tagged(&["a", &"x".repeat(31)]), "the tags has 31 characters: use 30 or fewer".into()),
        (tagged(&["a:b"]), "the tags have `a:b` among them: leave out < > , : & |".into()),
        (expiring(NOW), "the expirationDate is past: give a time in the future".into()),
        (expiring(later(-1)), "the expirationDate is past: give a time in the future".into()),
        (with(new("crk"), &[]), format!("the payload has 0 bytes: {lengths}")),
        (with(new("crk"), &[1; 31]), format!("the payload has 31 bytes: {lengths}")),
        (with(new("crk"), &[1; 64]), format!("the payload has 64 bytes: {lengths}")),
        (with(standard("crk"), &[]), "the payload has 0 bytes: a standard key has 1 to 7500".into()),
        (with(standard("crk"), &[1; 7501]), "the payload has 7501 bytes: a standard key has 1 to 7500".into()),
    ];
    for (case, text) in cases {
        assert_eq!(create(&manager, instance, case).await.unwrap_err().to_string(), text);
    }
    for sign in ["<", ">", ",", ":", "&", "|"] {
        assert!(matches!(create(&manager, instance, tagged(&[sign])).await, Err(Error::Field { field: "tags", .. })));
    }
    for (asked, name) in [(NewKey { ring: Some("absent".into()), ..new("crk") }, "absent")] {
        let error = create(&manager, instance, asked).await.unwrap_err();
        assert!(matches!(&error, Error::NotFound { name: said, .. } if said == name), "{error}");
    }
    let longest = "ä".repeat(90);
    assert_eq!(make(&manager, instance, new(&longest)).await.name, longest);
    assert_eq!(make(&manager, instance, described("xy")).await.description.as_deref(), Some("xy"));
}

/// How many records of a kind an instance has.
async fn count(store: &Arc<dyn Store>, instance: Uuid, kind: u8) -> u64 {
    let query = Query { space: Space(*instance.as_bytes()), kind: Kind(kind), terms: Vec::new(), after: 0, limit: 0 };
    store.count(&query).await.unwrap()
}

#[tokio::test]
async fn a_key_is_made_whole_or_not_at_all() {
    let store = crate::memory().await;
    let manager = crate::open(&store).await;
    let instance = crate::tenant(&manager).await;
    make(&manager, instance, full()).await;
    let before = store.events(0, 100).await.unwrap().len();
    let counts = async || {
        [count(&store, instance, 0x12).await, count(&store, instance, 0x13).await, count(&store, instance, 0x19).await]
    };
    assert_eq!(counts().await, [1, 1, 2]);
    let asked = NewKey { aliases: vec!["three".into(), "two".into()], ..new("crk") };
    let creation = call(instance, Action::CreateKey);
    let error = manager.create_key(&creation, asked).await.unwrap_err();
    assert!(matches!(&error, Error::Taken { what: "alias", name } if name == "two"), "{error}");
    assert!(!creation.is_recorded());
    assert_eq!(counts().await, [1, 1, 2]);
    assert_eq!(store.events(0, 100).await.unwrap().len(), before);
    manager.create_key(&creation, NewKey { aliases: vec!["three".into()], ..new("crk") }).await.unwrap();
    assert!(creation.is_recorded());
    assert_eq!(counts().await, [2, 2, 3]);
    assert_eq!(store.events(0, 100).await.unwrap().len(), before + 1);
}

#[tokio::test]
async fn an_instance_that_is_not_there_takes_no_keys() {
    let (manager, instance) = fresh().await;
    for nowhere in [Uuid::nil(), Uuid::from_u128(1)] {
        let error = create(&manager, nowhere, new("crk")).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { what: "instance", .. }), "{error}");
    }
    manager.delete_instance(&call(Uuid::nil(), Action::DeleteInstance), &instance.to_string()).await.unwrap();
    let error = create(&manager, instance, new("crk")).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { what: "instance", .. }), "{error}");
}

/// The first keys of an instance, made at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_made_at_the_same_time_are_all_made() {
    let store = crate::memory().await;
    let manager = Arc::new(crate::open(&store).await);
    let instance = crate::tenant(&manager).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let manager = Arc::clone(&manager);
            tokio::spawn(async move { create(&manager, instance, new("crk")).await.unwrap().id })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&store, instance, 0x12).await, 8);
}

/// A first key and the deletion of its instance, at once: one of them comes true.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_key_is_made_in_an_instance_that_goes() {
    let store = crate::memory().await;
    let manager = Arc::new(crate::open(&store).await);
    for _ in 0..100 {
        let instance = crate::tenant(&manager).await;
        let making = {
            let manager = Arc::clone(&manager);
            tokio::spawn(async move { create(&manager, instance, new("crk")).await.is_ok() })
        };
        let deletion = call(Uuid::nil(), Action::DeleteInstance);
        let is_deleted = manager.delete_instance(&deletion, &instance.to_string()).await.is_ok();
        let is_made = making.await.unwrap();
        assert_ne!(is_deleted, is_made);
        assert_eq!(count(&store, instance, 0x12).await, u64::from(is_made));
        assert_eq!(count(&store, instance, 0x13).await, u64::from(is_made));
    }
}

#[tokio::test]
async fn a_ring_takes_keys_while_it_stands() {
    let (manager, instance) = fresh().await;
    for ring in ["one", "two"] {
        manager.create_key_ring(&call(instance, Action::CreateKeyRing), ring).await.unwrap();
    }
    let key = make(&manager, instance, NewKey { ring: Some("one".into()), ..new("crk") }).await;
    let id = key.id.to_string();
    let find = async |ring| manager.key(&call(instance, Action::ReadKeyMetadata), &id, Some(ring)).await.is_ok();
    assert_eq!((key.ring(), find("one").await, find("two").await, find("default").await), ("one", true, false, false));
    let patch = call(instance, Action::PatchKey);
    let moved = manager.move_key(&patch, &id, "two").await.unwrap();
    assert_eq!(moved, Key { ring: Some("two".into()), updated: Some(NOW), ..key });
    assert_eq!((find("one").await, find("two").await, find("default").await), (false, true, false));
    let error = manager.move_key(&patch, &id, "three").await.unwrap_err();
    assert!(matches!(&error, Error::NotFound { name, .. } if name == "three"), "{error}");
    assert_eq!(manager.move_key(&patch, &id, "default").await.unwrap().ring, None);
    assert!(find("default").await);
}

async fn set(manager: &KeyManager, instance: Uuid, rule: Rule) {
    let call = call(instance, Action::WriteInstancePolicies);
    manager.set_instance_policies(&call, vec![NewInstancePolicy { rule, enabled: true }]).await.unwrap();
}

#[tokio::test]
async fn a_new_key_has_its_instances_policies_or_its_own() {
    let (manager, instance) = fresh().await;
    set(&manager, instance, Rule::DualAuthDelete).await;
    set(&manager, instance, Rule::Rotation { interval_month: Some(3) }).await;
    let own = |rotation, dual_auth_delete| Some(Overrides { rotation, dual_auth_delete });
    let months = |enabled, interval_month| Some(RotationSetting { enabled, interval_month });
    let cases = [
        (new("crk"), Some((true, 3)), Some(true)),
        (with(new("crk"), &[1; 32]), None, Some(true)),
        (standard("crk"), None, Some(true)),
        (NewKey { overrides: own(None, None), ..new("crk") }, None, None),
        (NewKey { overrides: own(months(true, Some(12)), None), ..new("crk") }, Some((true, 12)), None),
        (NewKey { overrides: own(months(false, Some(2)), Some(false)), ..new("crk") }, Some((false, 2)), Some(false)),
        (NewKey { overrides: own(None, Some(true)), ..standard("crk") }, None, Some(true)),
    ];
    for (asked, rotation, dual_auth) in cases {
        let key = make(&manager, instance, asked).await;
        assert_eq!(key.rotation.as_ref().map(|policy| (policy.enabled, policy.interval_month)), rotation);
        assert_eq!(key.dual_auth.as_ref().map(|policy| policy.enabled), dual_auth);
        let stamps =
            key.rotation.iter().map(|policy| &policy.stamp).chain(key.dual_auth.iter().map(|policy| &policy.stamp));
        for stamp in stamps {
            let expected = (NOW, "somebody", NOW, "somebody");
            assert_eq!((stamp.created, &*stamp.created_by, stamp.updated, &*stamp.updated_by), expected);
        }
    }
    let refused = async |asked| create(&manager, instance, asked).await.unwrap_err();
    let error = refused(NewKey { overrides: own(months(true, Some(1)), None), ..standard("crk") }).await;
    assert!(matches!(error, Error::RootKeyRequired(_)), "{error}");
    let error = refused(NewKey { overrides: own(months(true, Some(1)), None), ..with(new("crk"), &[1; 32]) }).await;
    assert!(matches!(error, Error::RotationOfImported(_)), "{error}");
    for interval in [None, Some(0), Some(13)] {
        let error = refused(NewKey { overrides: own(months(true, interval), None), ..new("crk") }).await;
        assert!(matches!(error, Error::Field { field: "interval_month", .. }), "{error}");
    }
}

/// The policy keyCreateImportAccess says which keys are made, and made anew: rotated, restored.
#[tokio::test]
async fn what_the_instance_forbids_is_not_made() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, new("crk")).await;
    let nothing = CreateImportAccess {
        create_root_key: false,
        create_standard_key: false,
        import_root_key: false,
        import_standard_key: false,
        enforce_token: false,
    };
    set(&manager, instance, Rule::KeyCreateImportAccess(nothing)).await;
    for asked in [new("crk"), standard("crk"), with(new("crk"), &[1; 32]), with(standard("crk"), &[1; 32])] {
        assert!(matches!(create(&manager, instance, asked).await, Err(Error::CreateImportAccess(_))));
    }
    let (id, call) = (key.id.to_string(), |action, seconds| call_at(instance, action, later(seconds)));
    let rotated = manager.rotate(&call(Action::RotateKey, 0), &id, None).await;
    assert!(matches!(rotated, Err(Error::CreateImportAccess(_))));
    manager.delete_key(&call(Action::DeleteKey, 0), &id, false).await.unwrap();
    let restored = manager.restore(&call(Action::RestoreKey, 100), &id).await;
    assert!(matches!(restored, Err(Error::CreateImportAccess(_))));
    let allowed = CreateImportAccess { create_root_key: true, ..nothing };
    set(&manager, instance, Rule::KeyCreateImportAccess(allowed)).await;
    manager.restore(&call(Action::RestoreKey, 200), &id).await.unwrap();
    manager.rotate(&call(Action::RotateKey, 300), &id, None).await.unwrap();
    make(&manager, instance, new("crk")).await;
}

#[tokio::test]
async fn an_import_token_is_for_root_keys() {
    let (manager, instance) = fresh().await;
    let encrypted =
        || EncryptedPayload { ciphertext: vec![1; 512], nonce: vec![1; 28], iv: vec![1; 12], algorithm: None };
    let asked = NewKey { payload: Some(Payload::Encrypted(encrypted())), ..standard("crk") };
    assert!(matches!(create(&manager, instance, asked).await, Err(Error::RootKeyRequired(_))));
    let asked = NewKey { payload: Some(Payload::Encrypted(encrypted())), ..new("crk") };
    let error = create(&manager, instance, asked).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "there is no token: {error}");
    let enforced = CreateImportAccess {
        create_root_key: true,
        create_standard_key: true,
        import_root_key: true,
        import_standard_key: true,
        enforce_token: true,
    };
    let imported = make(&manager, instance, with(new("crk"), &[1; 32])).await;
    set(&manager, instance, Rule::KeyCreateImportAccess(enforced)).await;
    let error = create(&manager, instance, with(new("crk"), &[1; 32])).await.unwrap_err();
    assert!(matches!(error, Error::CreateImportAccess(_)), "{error}");
    let rotation = call(instance, Action::RotateKey);
    let error = manager.rotate(&rotation, &imported.id.to_string(), Some(plain(&[2; 32]))).await.unwrap_err();
    assert!(matches!(error, Error::CreateImportAccess(_)), "{error}");
}
