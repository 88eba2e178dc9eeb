//! What falls due: just before, just after, late, and where several look at once.

use crate::fake_kmip::FakeKmip;
use crate::liar::{Liar, with as altered};
use crate::{AT_ONCE, NOW, call, call_at, fresh, later, make, memory, new, open, open_with, seen, standard, tenant};
use keymanager::{Action, Key, KeyManager, KmipKey, NewKey, Overrides, RotationSetting, Round, State, Timers};
use kmip::Timestamp;
use std::sync::Arc;
use store::Store;
use tempfile::TempDir;
use uuid::Uuid;

const DAY: i64 = 86_400;
const NOTHING: Round = Round { expired: 0, rotated: 0, purged: 0, failed: 0 };

fn expiring(new: NewKey, expires: Timestamp) -> NewKey {
    NewKey { expires: Some(expires), ..new }
}

fn rotating(months: u32) -> NewKey {
    let rotation = Some(RotationSetting { enabled: true, interval_month: Some(months) });
    NewKey { overrides: Some(Overrides { rotation, dual_auth_delete: None }), ..new("crk") }
}

async fn round(manager: &KeyManager, now: Timestamp) -> Round {
    manager.do_what_is_due(now).await.unwrap()
}

fn before(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.millis() - 1)
}

async fn delete(manager: &KeyManager, key: &Key, now: Timestamp) {
    manager.delete_key(&call_at(key.instance, Action::DeleteKey, now), &key.id.to_string(), false).await.unwrap();
}

async fn is_there(manager: &KeyManager, key: &Key) -> bool {
    manager.key(&call(key.instance, Action::ReadKeyMetadata), &key.id.to_string(), None).await.is_ok()
}

/// The actions of the events so far, with who did them.
async fn events(store: &Arc<dyn Store>) -> Vec<(String, String)> {
    let read = |body: &[u8]| {
        let event: serde_json::Value = serde_json::from_slice(body).unwrap();
        (event["action"].as_str().unwrap().to_owned(), event["initiator"]["id"].as_str().unwrap().to_owned())
    };
    store.events(0, 10_000).await.unwrap().iter().map(|event| read(&event.body)).collect()
}

#[tokio::test]
async fn each_is_done_when_its_time_has_come_and_once() {
    let store = memory().await;
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    let month = later(30 * DAY);
    let (expiry, expired) = (later(3600), Round { expired: 2, ..NOTHING });
    let first = make(&manager, instance, expiring(new("crk"), expiry)).await;
    let second = make(&manager, instance, expiring(standard("key"), expiry)).await;
    let rotated = make(&manager, instance, rotating(1)).await;
    let deleted = make(&manager, instance, new("deleted")).await;
    delete(&manager, &deleted, NOW).await;
    let purge = later(90 * DAY);
    let steps = [
        (NOW, NOTHING),
        (before(expiry), NOTHING),
        (expiry, expired),
        (expiry, NOTHING),
        (before(month), NOTHING),
        (month, Round { rotated: 1, ..NOTHING }),
        (month, NOTHING),
        (before(later(60 * DAY)), NOTHING),
        (later(60 * DAY), Round { rotated: 1, ..NOTHING }),
        (before(purge), NOTHING),
        (purge, Round { rotated: 1, purged: 1, ..NOTHING }),
        (purge, NOTHING),
    ];
    for (index, (now, expected)) in steps.into_iter().enumerate() {
        assert_eq!(round(&manager, now).await, expected, "step {index}");
    }
    for key in [first, second] {
        let key = seen(&manager, &key, expiry).await;
        assert_eq!((key.state, key.updated), (State::Deactivated, Some(expiry)));
    }
    let rotated = seen(&manager, &rotated, purge).await;
    assert_eq!((rotated.versions, rotated.rotated), (4, Some(purge)));
    assert!(!is_there(&manager, &deleted).await);
    let done: Vec<_> = events(&store).await.into_iter().filter(|(_, by)| by == "key-manager").collect();
    let count = |action: &str| done.iter().filter(|(found, _)| found == action).count();
    let counts = ["kms.secrets.expire", "kms.secrets.rotate", "kms.secrets.purge"].map(count);
    assert_eq!((counts, done.len()), ([2, 3, 1], 6), "{done:?}");
}

/// A server that was off for a year: each overdue rotation is made up for by one.
#[tokio::test]
async fn what_is_overdue_is_done_once_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let address = format!("sqlite:{}", folder.path().join("data.db").display());
    let store = store::open(&address).await.unwrap();
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, rotating(1)).await;
    let expiring = make(&manager, instance, expiring(new("crk"), later(DAY))).await;
    let deleted = make(&manager, instance, standard("key")).await;
    delete(&manager, &deleted, NOW).await;
    drop(manager);
    store.close().await.unwrap();
    drop(store);
    let manager = open(&store::open(&address).await.unwrap()).await;
    let year = later(365 * DAY);
    assert_eq!(round(&manager, year).await, Round { expired: 1, rotated: 1, purged: 1, failed: 0 });
    assert_eq!(round(&manager, later(365 * DAY + 60)).await, NOTHING);
    assert_eq!(seen(&manager, &key, year).await.versions, 2);
    assert_eq!(seen(&manager, &expiring, year).await.state, State::Deactivated);
    assert!(!is_there(&manager, &deleted).await);
    assert_eq!(round(&manager, later(395 * DAY)).await, Round { rotated: 1, ..NOTHING }, "from then on as before");
}

#[tokio::test]
async fn a_rotation_counts_from_the_last_one() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, rotating(2)).await;
    let by_hand = call_at(instance, Action::RotateKey, later(50 * DAY));
    manager.rotate(&by_hand, &key.id.to_string(), None).await.unwrap();
    for (day, rotated) in [(60, 0), (109, 0), (110, 1), (169, 0), (170, 1)] {
        assert_eq!(round(&manager, later(day * DAY)).await, Round { rotated, ..NOTHING }, "day {day}");
    }
}

/// A key in this state, after so many days, with a rotation policy of a month: whether it rotates.
#[tokio::test]
async fn only_active_keys_rotate_and_only_as_long_as_they_are_told_to() {
    let manager = open_with(&memory().await, AT_ONCE).await;
    let instance = tenant(&manager).await;
    let cases: [(&str, usize); 5] =
        [("active", 1), ("suspended", 0), ("deactivated", 0), ("deleted", 0), ("policy disabled", 0)];
    for (case, rotated) in cases {
        let expires = (case == "deactivated").then_some(later(DAY));
        let key = make(&manager, instance, NewKey { expires, ..rotating(1) }).await;
        let id = key.id.to_string();
        let off = RotationSetting { enabled: false, interval_month: None };
        match case {
            "suspended" => drop(manager.disable(&call(instance, Action::DisableKey), &id).await.unwrap()),
            "deleted" => delete(&manager, &key, NOW).await,
            "policy disabled" => {
                drop(manager.set_rotation(&call(instance, Action::WriteKeyPolicies), &id, off).await.unwrap());
            }
            _ => {}
        }
        let done = round(&manager, later(31 * DAY)).await;
        assert_eq!((done.rotated, done.failed), (rotated, 0), "{case}");
        assert_eq!(seen(&manager, &key, NOW).await.versions, 1 + u32::try_from(rotated).unwrap(), "{case}");
        if case == "suspended" {
            manager.enable(&call_at(instance, Action::EnableKey, later(32 * DAY)), &id).await.unwrap();
            assert_eq!(round(&manager, later(32 * DAY)).await.rotated, 1, "late");
        }
    }
}

/// A suspended key's time passes too: it is deactivated as soon as it is enabled.
#[tokio::test]
async fn a_suspended_key_expires_when_it_is_enabled() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, expiring(new("crk"), later(DAY))).await;
    let id = key.id.to_string();
    manager.disable(&call(instance, Action::DisableKey), &id).await.unwrap();
    assert_eq!(round(&manager, later(2 * DAY)).await, NOTHING);
    manager.enable(&call_at(instance, Action::EnableKey, later(3 * DAY)), &id).await.unwrap();
    round(&manager, later(3 * DAY)).await;
    assert_eq!(seen(&manager, &key, NOW).await.state, State::Deactivated, "it stands in the record");
}

/// Two nodes over one store, no pause between rotations asked for, many keys: each is done once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_nodes_do_each_once() {
    let store = memory().await;
    let nodes = [open_with(&store, AT_ONCE).await, open_with(&store, AT_ONCE).await, open_with(&store, AT_ONCE).await];
    let nodes = nodes.map(Arc::new);
    let instance = tenant(&nodes[0]).await;
    let timers = Timers { purge_at: 90 * DAY * 1000, ..AT_ONCE };
    let purging = [open_with(&store, timers).await, open_with(&store, timers).await].map(Arc::new);
    let mut keys = Vec::new();
    for _ in 0..20 {
        keys.push(make(&nodes[0], instance, rotating(1)).await);
        make(&nodes[0], instance, expiring(new("crk"), later(DAY))).await;
        delete(&nodes[0], &make(&nodes[0], instance, new("deleted")).await, NOW).await;
    }
    let all = nodes.iter().chain(&purging).cloned();
    let tasks: Vec<_> =
        all.map(|node| tokio::spawn(async move { node.do_what_is_due(later(100 * DAY)).await.unwrap() })).collect();
    let mut sum = NOTHING;
    for task in tasks {
        let Round { expired, rotated, purged, failed } = task.await.unwrap();
        sum = Round {
            expired: sum.expired + expired,
            rotated: sum.rotated + rotated,
            purged: sum.purged + purged,
            failed: sum.failed + failed,
        };
    }
    assert_eq!(sum, Round { expired: 20, rotated: 20, purged: 20, failed: 0 });
    for key in keys {
        assert_eq!(seen(&nodes[0], &key, later(100 * DAY)).await.versions, 2);
    }
    let done = events(&store).await.into_iter().filter(|(_, by)| by == "key-manager").count();
    assert_eq!(done, 60);
}

/// More than a page of each.
#[tokio::test]
async fn a_round_goes_through_every_page() {
    let (manager, instance) = fresh().await;
    for _ in 0..300 {
        make(&manager, instance, expiring(standard("key"), later(DAY))).await;
        make(&manager, instance, rotating(1)).await;
    }
    assert_eq!(round(&manager, later(31 * DAY)).await, Round { expired: 300, rotated: 300, ..NOTHING });
    assert_eq!(round(&manager, later(31 * DAY)).await, NOTHING);
}

/// A record that somebody changed outside is counted and left; all others are done.
#[tokio::test]
async fn a_damaged_record_keeps_nobody_else_from_their_turn() {
    let liar = Liar::new(memory().await);
    let store: Arc<dyn Store> = liar.clone();
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    let bad = make(&manager, instance, expiring(new("bad"), later(DAY))).await;
    make(&manager, instance, expiring(new("good"), later(DAY))).await;
    make(&manager, tenant(&manager).await, expiring(new("elsewhere"), later(DAY))).await;
    let of_bad = move |at: &store::Key| at.kind == store::Kind(0x12) && at.id == *bad.id.as_bytes();
    liar.lie(move |at, record| if of_bad(at) { altered(record, |body| body[40] ^= 1) } else { record });
    assert_eq!(round(&manager, later(2 * DAY)).await, Round { expired: 2, failed: 1, ..NOTHING });
    assert_eq!(round(&manager, later(2 * DAY)).await, Round { failed: 1, ..NOTHING });
    liar.lie(|_, record| record);
    assert_eq!(round(&manager, later(2 * DAY)).await, Round { expired: 1, ..NOTHING });
}

/// KMIP objects are looked through once an hour.
#[tokio::test]
async fn deleted_kmip_objects_are_purged_too() {
    let (manager, instance) = fresh().await;
    let fake = FakeKmip::over(&manager);
    for id in 1..=600 {
        let key = fake.add(instance, Uuid::from_u128(id));
        if id % 2 == 0 {
            let (deleted, deleted_by) = (Some(later(i64::from(id == 600))), Some("somebody".into()));
            fake.put(instance, KmipKey { deleted, deleted_by, ..key });
        }
    }
    let due = later(90 * DAY);
    let hour = before(later(90 * DAY + 3600));
    let steps = [(before(due), 0), (due, 0), (before(hour), 0), (hour, 300), (due, 0), (later(91 * DAY), 0)];
    for (index, (now, purged)) in steps.into_iter().enumerate() {
        assert_eq!(round(&manager, now).await, Round { purged, ..NOTHING }, "step {index}");
    }
    let left = manager.key(&call(instance, Action::ReadKeyMetadata), &Uuid::from_u128(1).to_string(), None).await;
    assert_eq!(left.unwrap().state, State::Active);
}

/// What can't be done stays due.
#[tokio::test]
async fn what_fails_is_tried_again() {
    let liar = Liar::new(memory().await);
    let store: Arc<dyn Store> = liar.clone();
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, rotating(1)).await;
    let deleted = make(&manager, instance, new("deleted")).await;
    delete(&manager, &deleted, NOW).await;
    liar.lie(|at, record| if at.kind == store::Kind(0x12) { altered(record, |body| body[40] ^= 1) } else { record });
    assert_eq!(round(&manager, later(100 * DAY)).await, Round { failed: 2, ..NOTHING });
    liar.lie(|_, record| record);
    assert_eq!(round(&manager, later(100 * DAY)).await, Round { rotated: 1, purged: 1, ..NOTHING });
    assert_eq!(seen(&manager, &key, later(100 * DAY)).await.versions, 2);
}
