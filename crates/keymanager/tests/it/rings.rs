//! Key rings: their names, their number, who sees them, and that no key is ever in one that is not there.

use crate::interposed::{Interposed, puts};
use crate::people::{House, house, on};
use crate::{AT_ONCE, NOW, call, fresh, make, memory, new, open, open_with, tenant};
use keymanager::{
    Action, DEFAULT_RING, Denied, Error, Filter, Key, KeyManager, KeyRing, ListQuery, NewKey, Role, State, Target,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Batch, Store};
use uuid::Uuid;

/// Kinds of records.
const KEY: u8 = 0x12;
const RING: u8 = 0x18;

async fn ring(manager: &KeyManager, instance: Uuid, name: &str) -> Result<KeyRing, Error> {
    manager.create_key_ring(&call(instance, Action::CreateKeyRing), name).await
}

async fn delete(manager: &KeyManager, instance: Uuid, name: &str, force: bool) -> Result<(), Error> {
    manager.delete_key_ring(&call(instance, Action::DeleteKeyRing), name, force).await
}

async fn names(manager: &KeyManager, instance: Uuid) -> Vec<String> {
    let rings = manager.key_rings(&call(instance, Action::ListKeyRings)).await.unwrap();
    rings.into_iter().map(|ring| ring.name).collect()
}

fn in_ring(name: &str, ring: &str) -> NewKey {
    NewKey { ring: Some(ring.into()), ..new(name) }
}

/// A key in a ring, deleted.
async fn deleted(manager: &KeyManager, instance: Uuid, ring: &str) -> Key {
    let key = make(manager, instance, in_ring("deleted", ring)).await;
    manager.delete_key(&call(instance, Action::DeleteKey), &key.id.to_string(), false).await.unwrap()
}

/// The keys of a ring in every state.
async fn keys_in(manager: &KeyManager, instance: Uuid, ring: &str) -> Vec<Key> {
    let filter = Filter { ring: Some(ring.into()), states: Some(State::ALL.to_vec()), ..Filter::default() };
    let query = ListQuery { filter, limit: 5000, ..ListQuery::default() };
    manager.list_keys(&call(instance, Action::ListKeys), &query).await.unwrap().keys
}

#[tokio::test]
async fn a_name_is_checked() {
    let (manager, instance) = fresh().await;
    let (longest, too_long) = ("a".repeat(100), "a".repeat(101));
    for (name, taken) in [
        ("ab", true),
        ("A-9", true),
        ("--", true),
        (&longest[..], true),
        (&too_long[..], false),
        ("a", false),
        ("", false),
        ("default", false),
        ("Default", false),
        ("under_score", false),
        ("with space", false),
        ("a.b", false),
        ("é-é", false),
        ("a/b", false),
    ] {
        match ring(&manager, instance, name).await {
            Ok(ring) => {
                assert_eq!((ring.name, ring.created, &ring.created_by[..], taken), (name.into(), NOW, "somebody", true))
            }
            Err(Error::Field { field: "id", .. }) => assert!(!taken, "{name}"),
            Err(other) => panic!("{name}: {other}"),
        }
    }
    assert_eq!(names(&manager, instance).await, ["ab", "A-9", "--", &longest]);
}

#[tokio::test]
async fn a_name_is_one_rings_only_and_there_are_50() {
    let (manager, instance) = fresh().await;
    let other = tenant(&manager).await;
    for nth in 0..50 {
        ring(&manager, instance, &format!("ring-{nth}")).await.unwrap();
    }
    assert!(matches!(ring(&manager, instance, "ring-0").await, Err(Error::Taken { what: "key ring", .. })));
    assert!(matches!(ring(&manager, instance, "one-more").await, Err(Error::Limit { most: 50, .. })));
    ring(&manager, other, "ring-0").await.unwrap();
    assert_eq!(names(&manager, other).await, ["ring-0"]);
    delete(&manager, instance, "ring-7", false).await.unwrap();
    ring(&manager, instance, "one-more").await.unwrap();
    assert_eq!(names(&manager, instance).await.len(), 50);
    assert!(matches!(delete(&manager, instance, "ring-7", true).await, Err(Error::NotFound { what: "key ring", .. })));
    for force in [true, false] {
        assert!(matches!(delete(&manager, instance, DEFAULT_RING, force).await, Err(Error::Field { field: "id", .. })));
    }
}

#[tokio::test]
async fn of_two_that_make_one_ring_one_does() {
    let store = Interposed::over(memory().await);
    let (first, second) = two(&store).await;
    let instance = tenant(&first).await;
    store.before(puts(RING), async move { drop(ring(&second, instance, "ring").await.unwrap()) });
    assert!(matches!(ring(&first, instance, "ring").await, Err(Error::Taken { .. })));
    assert!(store.is_done());
    assert_eq!(names(&first, instance).await, ["ring"]);
}

/// Two key managers over one store.
async fn two(store: &Arc<Interposed>) -> (KeyManager, KeyManager) {
    let store: Arc<dyn Store> = store.clone();
    (open_with(&store, AT_ONCE).await, open_with(&store, AT_ONCE).await)
}

#[tokio::test]
async fn a_ring_that_keys_are_in_stays() {
    let (manager, instance) = fresh().await;
    ring(&manager, instance, "ring").await.unwrap();
    let key = make(&manager, instance, in_ring("key", "ring")).await;
    for force in [true, false] {
        assert!(matches!(delete(&manager, instance, "ring", force).await, Err(Error::RingInUse { .. })));
    }
    manager.delete_key(&call(instance, Action::DeleteKey), &key.id.to_string(), false).await.unwrap();
    assert!(matches!(delete(&manager, instance, "ring", false).await, Err(Error::RingInUse { .. })));
    make(&manager, instance, in_ring("another", "ring")).await;
    assert!(matches!(delete(&manager, instance, "ring", true).await, Err(Error::RingInUse { .. })));
    assert_eq!(keys_in(&manager, instance, "ring").await.len(), 2);
    // It takes keys as before.
    make(&manager, instance, in_ring("a third", "ring")).await;
}

#[tokio::test]
async fn deleted_keys_move_to_default_with_an_event_each() {
    let store = memory().await;
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    ring(&manager, instance, "ring").await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..300 {
        ids.push(deleted(&manager, instance, "ring").await.id);
    }
    ids.sort();
    let before = store.events(0, 10_000).await.unwrap().len();
    let by = call(instance, Action::DeleteKeyRing);
    manager.delete_key_ring(&by, "ring", true).await.unwrap();
    assert!(by.is_recorded());
    assert_eq!(names(&manager, instance).await, [""; 0]);
    let moved = keys_in(&manager, instance, DEFAULT_RING).await;
    assert_eq!(moved.iter().map(|key| key.id).collect::<Vec<_>>(), ids);
    assert!(moved.iter().all(|key| key.ring.is_none() && key.state == State::Destroyed && key.updated == Some(NOW)));
    assert_eq!(keys_in(&manager, instance, "ring").await, []);
    let events: Vec<_> = store.events(0, 10_000).await.unwrap().split_off(before);
    let of = |action: Action| {
        let action = format!("\"{}\"", action.event());
        events.iter().filter(|event| String::from_utf8_lossy(&event.body).contains(&action)).count()
    };
    assert_eq!((of(Action::PatchKey), of(Action::DeleteKeyRing), events.len()), (300, 1, 301));
}

#[tokio::test]
async fn a_ring_that_gets_a_key_while_it_is_deleted_stays() {
    let moves = |batch: &Batch| puts(KEY)(batch) && !puts(RING)(batch);
    let ends = |batch: &Batch| puts(RING)(batch) && !batch.events.is_empty();
    for (made, at_the_end) in [(true, true), (true, false), (false, true), (false, false)] {
        let store = Interposed::over(memory().await);
        let (first, second) = two(&store).await;
        let instance = tenant(&first).await;
        ring(&first, instance, "ring").await.unwrap();
        deleted(&first, instance, "ring").await;
        let slips = async move {
            if made {
                make(&second, instance, in_ring("late", "ring")).await;
            } else {
                let id = make(&second, instance, new("in default")).await.id.to_string();
                second.move_key(&call(instance, Action::PatchKey), &id, "ring").await.unwrap();
            }
        };
        if at_the_end {
            store.before(ends, slips);
        } else {
            store.before(moves, slips);
        }
        assert!(matches!(delete(&first, instance, "ring", true).await, Err(Error::RingInUse { .. })));
        assert!(store.is_done());
        assert_eq!(names(&first, instance).await, ["ring"]);
        assert_eq!(keys_in(&first, instance, "ring").await.len(), 1);
    }
}

#[tokio::test]
async fn a_ring_that_is_deleted_takes_no_key_that_was_under_way() {
    let store = Interposed::over(memory().await);
    let (first, second) = two(&store).await;
    let (second, instance) = (Arc::new(second), tenant(&first).await);
    let key = make(&first, instance, new("in default")).await.id.to_string();
    let deletion = || {
        let second = Arc::clone(&second);
        async move { delete(&second, instance, "ring", true).await.unwrap() }
    };
    ring(&first, instance, "ring").await.unwrap();
    store.before(puts(KEY), deletion());
    let made = first.create_key(&call(instance, Action::CreateKey), in_ring("late", "ring")).await;
    assert!(matches!(made, Err(Error::NotFound { what: "key ring", .. })), "{made:?}");
    ring(&first, instance, "ring").await.unwrap();
    store.before(puts(KEY), deletion());
    let moved = first.move_key(&call(instance, Action::PatchKey), &key, "ring").await;
    assert!(matches!(moved, Err(Error::NotFound { what: "key ring", .. })), "{moved:?}");
    assert!(store.is_done());
    assert_eq!(keys_in(&first, instance, "ring").await, []);
}

#[tokio::test]
async fn a_key_that_is_restored_while_its_ring_is_deleted_keeps_it() {
    let store = Interposed::over(memory().await);
    let (first, second) = two(&store).await;
    let instance = tenant(&first).await;
    ring(&first, instance, "ring").await.unwrap();
    let key = deleted(&first, instance, "ring").await.id.to_string();
    // Right before it is moved.
    store.before(puts(KEY), async move {
        second.restore(&call(instance, Action::RestoreKey), &key).await.unwrap();
    });
    assert!(matches!(delete(&first, instance, "ring", true).await, Err(Error::RingInUse { .. })));
    assert!(store.is_done());
    assert_eq!(keys_in(&first, instance, "ring").await.len(), 1);
    make(&first, instance, in_ring("as before", "ring")).await;
}

/// As if the process ended once the next ring is closed.
fn cut_off(store: &Interposed) {
    let closed = AtomicBool::new(false);
    store.refuse(move |batch| !puts(RING)(batch) || closed.swap(true, Ordering::SeqCst));
}

#[tokio::test]
async fn a_slow_deletion_spares_the_next_ring_of_that_name() {
    let store = Interposed::over(memory().await);
    let (first, second) = two(&store).await;
    let instance = tenant(&first).await;
    ring(&first, instance, "ring").await.unwrap();
    // The slow one has seen the ring empty. Then it is deleted, made again with a key in it, and another deletion has just begun.
    let (inner, gone) = (store.clone(), |batch: &Batch| puts(RING)(batch) && !batch.events.is_empty());
    store.before(gone, async move {
        delete(&second, instance, "ring", false).await.unwrap();
        ring(&second, instance, "ring").await.unwrap();
        deleted(&second, instance, "ring").await;
        cut_off(&inner);
        assert!(matches!(delete(&second, instance, "ring", true).await, Err(Error::Store(_))));
        inner.refuse(|_| false);
    });
    assert!(matches!(delete(&first, instance, "ring", false).await, Err(Error::RingInUse { .. })));
    assert!(store.is_done());
    assert_eq!(names(&first, instance).await, ["ring"]);
    assert_eq!(keys_in(&first, instance, "ring").await.len(), 1);
}

#[tokio::test]
async fn a_deletion_that_was_cut_off_is_in_nobodys_way() {
    let store = Interposed::over(memory().await);
    let (first, _) = two(&store).await;
    let instance = tenant(&first).await;
    for name in ["used", "unused"] {
        ring(&first, instance, name).await.unwrap();
        deleted(&first, instance, name).await;
    }
    for name in ["used", "unused"] {
        cut_off(&store);
        assert!(matches!(delete(&first, instance, name, true).await, Err(Error::Store(_))));
    }
    store.refuse(|_| false);
    assert_eq!(names(&first, instance).await, ["used", "unused"]);
    assert!(matches!(ring(&first, instance, "used").await, Err(Error::Taken { .. })));
    // One is used as before; the other one goes, as was begun.
    make(&first, instance, in_ring("as before", "used")).await;
    assert!(matches!(delete(&first, instance, "used", true).await, Err(Error::RingInUse { .. })));
    delete(&first, instance, "unused", true).await.unwrap();
    assert_eq!(names(&first, instance).await, ["used"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_happens_at_once_no_key_is_in_a_ring_that_is_not_there() {
    let store = memory().await;
    let manager = Arc::new(open_with(&store, AT_ONCE).await);
    let instance = tenant(&manager).await;
    let mut tasks = Vec::new();
    for nth in 0..8 {
        let manager = Arc::clone(&manager);
        tasks.push(tokio::spawn(async move {
            for _ in 0..40 {
                if nth % 2 == 0 {
                    let _ = ring(&manager, instance, "ring").await;
                    let _ = delete(&manager, instance, "ring", true).await;
                } else if let Ok(key) =
                    manager.create_key(&call(instance, Action::CreateKey), in_ring("key", "ring")).await
                {
                    manager.delete_key(&call(instance, Action::DeleteKey), &key.id.to_string(), false).await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let rings = names(&manager, instance).await;
    assert!(rings.len() <= 1);
    if rings.is_empty() {
        assert_eq!(keys_in(&manager, instance, "ring").await, []);
    } else {
        delete(&manager, instance, "ring", true).await.unwrap();
    }
    make(&manager, instance, new("as before")).await;
}

/// Somebody with a role on one ring of an instance.
async fn keeper(house: &House, ring: &str, role: Role) -> keymanager::Principal {
    house.somebody(&[role], Target { ring: Some(ring.into()), ..on(house.tenant) }).await
}

#[tokio::test]
async fn who_reaches_a_ring_sees_it_and_no_other() {
    let house = house().await;
    let (manager, tenant) = (&house.manager, house.tenant);
    for name in ["one", "two"] {
        ring(manager, tenant, name).await.unwrap();
        ring(manager, house.other, name).await.unwrap();
    }
    let key = make(manager, tenant, in_ring("key", "two")).await;
    let of_all = house.somebody(&[Role::Manager], on(tenant)).await;
    let of_one = keeper(&house, "one", Role::Manager).await;
    let of_default = house.somebody(&[Role::Manager], Target { ring: Some(DEFAULT_RING.into()), ..on(tenant) }).await;
    let of_key = house.somebody(&[Role::Manager], Target { key: Some(key.id), ..on(tenant) }).await;
    for (who, sees) in [
        (&of_all, Some(vec!["one", "two"])),
        (&of_one, Some(vec!["one"])),
        (&of_default, Some(vec![])),
        (&of_key, None),
    ] {
        let seen = match house.enter(who, tenant, Action::ListKeyRings).await {
            Ok(call) => manager.key_rings(&call).await.ok(),
            Err(Denied::Forbidden(_)) => None,
            Err(other) => panic!("{other:?}"),
        };
        let seen = seen.map(|rings| rings.into_iter().map(|ring| ring.name).collect::<Vec<_>>());
        assert_eq!(seen, sees.map(|names| names.into_iter().map(str::to_owned).collect()));
    }
    let create = async |who| match house.enter(who, tenant, Action::CreateKeyRing).await {
        Ok(call) => manager.create_key_ring(&call, "three").await.is_ok(),
        Err(_) => false,
    };
    let delete = async |who, name| match house.enter(who, tenant, Action::DeleteKeyRing).await {
        Ok(call) => manager.delete_key_ring(&call, name, false).await,
        Err(_) => Err(Error::Unauthorized),
    };
    assert!(!create(&of_one).await && !create(&of_default).await && !create(&of_key).await);
    assert!(create(&of_all).await);
    for name in ["two", "three", "nowhere", DEFAULT_RING] {
        assert!(matches!(delete(&of_one, name).await, Err(Error::Unauthorized)), "{name}");
    }
    assert!(delete(&of_one, "one").await.is_ok());
    assert_eq!(names(manager, house.other).await, ["one", "two"]);
}
