//! Aliases: which there can be, that each is one key's, and that both records that say so agree.

use crate::fake_kmip::FakeKmip;
use crate::interposed::{Interposed, puts};
use crate::people::{house, on};
use crate::{AT_ONCE, NOW, call, fresh, make, memory, new, open_with, tenant};
use keymanager::{Action, Alias, Error, Key, KeyManager, NewKey, Role, Target};
use std::sync::Arc;
use store::Store;
use uuid::Uuid;

const KEY: u8 = 0x12;

async fn name(manager: &KeyManager, key: &Key, alias: &str) -> Result<Alias, Error> {
    manager.create_alias(&call(key.instance, Action::CreateAlias), &key.id.to_string(), alias).await
}

async fn take(manager: &KeyManager, key: &Key, alias: &str) -> Result<(), Error> {
    manager.delete_alias(&call(key.instance, Action::DeleteAlias), &key.id.to_string(), alias).await
}

/// The key that a name finds, and its aliases.
async fn named(manager: &KeyManager, instance: Uuid, name: &str) -> Option<(Uuid, Vec<String>)> {
    let key = manager.key(&call(instance, Action::ReadKeyMetadata), name, None).await.ok();
    key.map(|key| (key.id, key.aliases))
}

async fn aliases(manager: &KeyManager, key: &Key) -> Vec<String> {
    named(manager, key.instance, &key.id.to_string()).await.unwrap().1
}

fn with(aliases: &[&str]) -> NewKey {
    NewKey { aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(), ..new("key") }
}

#[tokio::test]
async fn an_alias_is_checked() {
    let (manager, instance) = fresh().await;
    let (longest, too_long) = ("a".repeat(90), "a".repeat(91));
    for (alias, good) in [
        ("ab", true),
        ("A_9-z", true),
        ("--", true),
        (&longest[..], true),
        // No identifier of a key is written so, and this is none of the reserved words.
        ("c92f6048480844aeb4c024cf0d4f46a2", true),
        ("Keys", true),
        (&too_long[..], false),
        ("a", false),
        ("", false),
        ("with space", false),
        ("dot.ted", false),
        ("a/b", false),
        ("é-é", false),
        ("c92f6048-4808-44ae-b4c0-24cf0d4f46a2", false),
        ("C92F6048-4808-44AE-B4C0-24CF0D4F46A2", false),
        ("allowed_ip", false),
        ("key", false),
        ("keys", false),
        ("metadata", false),
        ("policy", false),
        ("policies", false),
        ("registration", false),
        ("registrations", false),
        ("ring", false),
        ("rings", false),
        ("rotate", false),
        ("wrap", false),
        ("unwrap", false),
        ("rewrap", false),
        ("version", false),
        ("versions", false),
    ] {
        let key = make(&manager, instance, new("key")).await;
        match name(&manager, &key, alias).await {
            Ok(made) => {
                assert!(good, "{alias}");
                assert_eq!(
                    (&made.name[..], made.key, made.created, &made.created_by[..]),
                    (alias, key.id, NOW, "somebody")
                );
                assert_eq!(named(&manager, instance, alias).await, Some((key.id, vec![alias.to_owned()])));
                take(&manager, &key, alias).await.unwrap();
            }
            Err(Error::Field { field: "alias", .. }) => assert!(!good, "{alias}"),
            Err(other) => panic!("{alias}: {other}"),
        }
        let made = manager.create_key(&call(instance, Action::CreateKey), with(&[alias])).await;
        assert_eq!(made.is_ok(), good, "{alias}");
    }
}

#[tokio::test]
async fn an_alias_is_one_keys_only() {
    let (manager, instance) = fresh().await;
    let other = tenant(&manager).await;
    let (one, two) = (make(&manager, instance, with(&["alias"])).await, make(&manager, instance, new("two")).await);
    for key in [&one, &two] {
        assert!(matches!(name(&manager, key, "alias").await, Err(Error::Taken { what: "alias", .. })));
    }
    let create = async |aliases: &[&str]| manager.create_key(&call(instance, Action::CreateKey), with(aliases)).await;
    assert!(matches!(create(&["alias"]).await, Err(Error::Taken { what: "alias", .. })));
    assert!(matches!(create(&["twice", "twice"]).await, Err(Error::Field { field: "aliases", .. })));
    assert!(matches!(create(&["a1", "a2", "a3", "a4", "a5", "a6"]).await, Err(Error::Field { field: "aliases", .. })));
    // It differs by case, and from instance to instance.
    name(&manager, &two, "ALIAS").await.unwrap();
    let elsewhere = make(&manager, other, with(&["alias"])).await;
    for (instance, alias, key) in [(instance, "alias", &one), (instance, "ALIAS", &two), (other, "alias", &elsewhere)] {
        assert_eq!(named(&manager, instance, alias).await.unwrap().0, key.id);
    }
    assert!(matches!(take(&manager, &two, "alias").await, Err(Error::NotFound { what: "alias", .. })));
    take(&manager, &one, "alias").await.unwrap();
    assert_eq!(named(&manager, instance, "alias").await, None);
    assert!(matches!(take(&manager, &one, "alias").await, Err(Error::NotFound { what: "alias", .. })));
    name(&manager, &two, "alias").await.unwrap();
    assert_eq!(aliases(&manager, &two).await, ["ALIAS", "alias"]);
    assert_eq!(named(&manager, other, "alias").await.unwrap().0, elsewhere.id);
}

#[tokio::test]
async fn a_key_may_be_called_by_an_alias_to_get_or_lose_one() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, with(&["first"])).await;
    let (create, delete) = (call(instance, Action::CreateAlias), call(instance, Action::DeleteAlias));
    assert_eq!(manager.create_alias(&create, "first", "second").await.unwrap().key, key.id);
    assert!(create.is_recorded());
    manager.delete_alias(&delete, "second", "first").await.unwrap();
    assert!(delete.is_recorded());
    manager.delete_alias(&delete, "second", "second").await.unwrap();
    assert_eq!(aliases(&manager, &key).await, [""; 0]);
    assert!(matches!(manager.create_alias(&create, "first", "third").await, Err(Error::NotFound { what: "key", .. })));
    assert!(matches!(
        manager.delete_alias(&delete, "second", "second").await,
        Err(Error::NotFound { what: "key", .. })
    ));
}

#[tokio::test]
async fn a_key_has_5_and_an_instance_1000() {
    let (manager, instance) = fresh().await;
    let mut keys = Vec::new();
    for nth in 0..200 {
        let aliases: Vec<String> = (0..5).map(|one| format!("alias-{nth}-{one}")).collect();
        keys.push(make(&manager, instance, NewKey { aliases, ..new("key") }).await);
    }
    assert!(matches!(name(&manager, &keys[0], "sixth").await, Err(Error::Limit { most: 1000, .. })));
    let more = manager.create_key(&call(instance, Action::CreateKey), with(&["one-more"])).await;
    assert!(matches!(more, Err(Error::Limit { most: 1000, .. })));
    take(&manager, &keys[1], "alias-1-0").await.unwrap();
    assert!(matches!(name(&manager, &keys[0], "sixth").await, Err(Error::Limit { most: 5, .. })));
    name(&manager, &keys[1], "fifth").await.unwrap();
    let other = tenant(&manager).await;
    make(&manager, other, with(&["alias-0-0"])).await;
}

#[tokio::test]
async fn the_alias_of_a_deleted_key_is_its_own_until_the_purge() {
    let store = memory().await;
    let manager = open_with(&store, AT_ONCE).await;
    let instance = tenant(&manager).await;
    let (key, other) = (make(&manager, instance, with(&["alias"])).await, make(&manager, instance, new("other")).await);
    let id = key.id.to_string();
    manager.delete_key(&call(instance, Action::DeleteKey), &id, false).await.unwrap();
    assert!(matches!(name(&manager, &key, "another").await, Err(Error::Deleted(deleted)) if deleted == key.id));
    assert!(matches!(name(&manager, &other, "alias").await, Err(Error::Taken { .. })));
    assert_eq!(named(&manager, instance, "alias").await.unwrap().0, key.id);
    manager.purge(&call(instance, Action::PurgeKey), &id).await.unwrap();
    assert_eq!(named(&manager, instance, "alias").await, None);
    name(&manager, &other, "alias").await.unwrap();
}

#[tokio::test]
async fn a_kmip_object_has_none() {
    let (manager, instance) = fresh().await;
    let fake = FakeKmip::over(&manager);
    let id = fake.add(instance, Uuid::from_u128(7)).id.to_string();
    let create = call(instance, Action::CreateAlias);
    assert!(matches!(manager.create_alias(&create, &id, "alias").await, Err(Error::KmipKey(_))));
    let delete = call(instance, Action::DeleteAlias);
    assert!(matches!(manager.delete_alias(&delete, &id, "alias").await, Err(Error::KmipKey(_))));
}

#[tokio::test]
async fn who_does_not_reach_a_key_learns_nothing() {
    let house = house().await;
    let (manager, tenant) = (&house.manager, house.tenant);
    manager.create_key_ring(&call(tenant, Action::CreateKeyRing), "ring").await.unwrap();
    let key = make(manager, tenant, with(&["taken"])).await.id.to_string();
    let keeper = house.somebody(&[Role::Manager], Target { ring: Some("ring".into()), ..on(tenant) }).await;
    let create = house.enter(&keeper, tenant, Action::CreateAlias).await.unwrap();
    let delete = house.enter(&keeper, tenant, Action::DeleteAlias).await.unwrap();
    for id in [&key[..], "taken", "nowhere"] {
        for alias in ["taken", "free"] {
            assert!(matches!(manager.create_alias(&create, id, alias).await, Err(Error::Unauthorized)), "{id} {alias}");
            assert!(matches!(manager.delete_alias(&delete, id, alias).await, Err(Error::Unauthorized)), "{id} {alias}");
        }
    }
}

/// Two key managers over one store, and an instance.
async fn two() -> (Arc<Interposed>, KeyManager, Arc<KeyManager>, Uuid) {
    let store = Interposed::over(memory().await);
    let shared: Arc<dyn Store> = store.clone();
    let (first, second) = (open_with(&shared, AT_ONCE).await, open_with(&shared, AT_ONCE).await);
    let instance = tenant(&first).await;
    (store, first, Arc::new(second), instance)
}

#[tokio::test]
async fn of_two_keys_that_take_an_alias_at_once_one_gets_it() {
    let (store, first, second, instance) = two().await;
    let (one, two) = (make(&first, instance, new("one")).await, make(&first, instance, new("two")).await);
    let (manager, key) = (Arc::clone(&second), two.clone());
    store.before(puts(KEY), async move { drop(name(&manager, &key, "alias").await.unwrap()) });
    assert!(matches!(name(&first, &one, "alias").await, Err(Error::Taken { .. })));
    assert!(store.is_done());
    assert_eq!(named(&first, instance, "alias").await.unwrap().0, two.id);
    assert_eq!((aliases(&first, &one).await, aliases(&first, &two).await), (vec![], vec!["alias".to_owned()]));

    let (manager, key) = (Arc::clone(&second), two.clone());
    store.before(puts(KEY), async move { drop(name(&manager, &key, "another").await.unwrap()) });
    let made = first.create_key(&call(instance, Action::CreateKey), with(&["another"])).await;
    assert!(matches!(made, Err(Error::Taken { what: "alias", .. })), "{made:?}");

    // The fifth of a key, and a sixth at once.
    for alias in ["third", "fourth"] {
        name(&first, &two, alias).await.unwrap();
    }
    let (manager, key) = (Arc::clone(&second), two.clone());
    store.before(puts(KEY), async move { drop(name(&manager, &key, "fifth").await.unwrap()) });
    assert!(matches!(name(&first, &two, "sixth").await, Err(Error::Limit { most: 5, .. })));
    assert_eq!(aliases(&first, &two).await, ["alias", "another", "third", "fourth", "fifth"]);
    assert_eq!(named(&first, instance, "sixth").await, None);
}

#[tokio::test]
async fn an_alias_that_is_taken_away_twice_at_once_goes_once() {
    let (store, first, second, instance) = two().await;
    let (one, two) = (make(&first, instance, with(&["alias"])).await, make(&first, instance, new("two")).await);
    let (manager, key, next) = (Arc::clone(&second), one.clone(), two.clone());
    store.before(puts(KEY), async move {
        take(&manager, &key, "alias").await.unwrap();
        drop(name(&manager, &next, "alias").await.unwrap());
    });
    assert!(matches!(take(&first, &one, "alias").await, Err(Error::NotFound { what: "alias", .. })));
    assert!(store.is_done());
    assert_eq!(named(&first, instance, "alias").await, Some((two.id, vec!["alias".to_owned()])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_happens_at_once_both_records_agree() {
    let store = memory().await;
    let manager = Arc::new(open_with(&store, AT_ONCE).await);
    let instance = tenant(&manager).await;
    let mut keys = Vec::new();
    for nth in 0..3 {
        keys.push(make(&manager, instance, new(&format!("key {nth}"))).await);
    }
    let mut tasks = Vec::new();
    for nth in 0..6 {
        let (manager, key) = (Arc::clone(&manager), keys[nth % 3].clone());
        tasks.push(tokio::spawn(async move {
            for round in 0..40 {
                let alias = format!("alias-{}", (nth + round) % 4);
                let _ = name(&manager, &key, &alias).await;
                if round % 3 == 0 {
                    let _ = take(&manager, &key, &alias).await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for nth in 0..4 {
        let alias = format!("alias-{nth}");
        let mut with_it = Vec::new();
        for key in &keys {
            if aliases(&manager, key).await.contains(&alias) {
                with_it.push(key.id);
            }
        }
        let named = named(&manager, instance, &alias).await.map(|(key, _)| key);
        assert_eq!(named.into_iter().collect::<Vec<_>>(), with_it, "{alias}");
    }
}
