//! Quarantine: whoever asks is handed the key, and then it is not destroyed, whatever comes in between.

use std::sync::Arc;

use engine::manage::Error;
use engine::quarantine::{Ended, NewQuarantine, Quarantine, Refusal, Then};
use kmip::enums::State;
use kmip::{Timestamp, attribute};
use store::Kind;
use uuid::Uuid;

use crate::ask::{opaque, reason, unique};
use crate::bench::{Bench, NOW, by};

const DAY: i64 = 86_400;
const NOTHING: Ended = Ended { destroyed: 0, held: 0, failed: 0 };

fn uuid(key: &str) -> Uuid {
    Uuid::parse_str(key).unwrap()
}

async fn enter(bench: &Bench, key: &str, then: Then) -> Result<Quarantine, Error> {
    // What came in the same moment counts as a use in quarantine.
    bench.pass(1);
    let new = NewQuarantine { until: Timestamp::from_seconds(bench.now().seconds() + 30 * DAY), then };
    bench.engine.quarantine(bench.client.adapter(), uuid(key), new, &by(), bench.now()).await
}

async fn release(bench: &Bench, key: &str) -> Result<(), Error> {
    bench.engine.release(bench.client.adapter(), uuid(key), &by(), bench.now()).await
}

async fn state(bench: &Bench, key: &str) -> State {
    bench.engine.object(bench.client.adapter(), uuid(key), bench.now()).await.unwrap().state.unwrap()
}

async fn active(bench: &Bench) -> String {
    let key = bench.key(&[]).await;
    bench.done("Activate", &unique(&key)).await;
    key
}

async fn end(bench: &Bench) -> Ended {
    bench.engine.end_quarantines(bench.now()).await
}

#[tokio::test]
async fn nobody_asks_and_it_ends_when_it_should() {
    let bench = Bench::on_disk().await;
    let (key, kept) = (active(&bench).await, active(&bench).await);
    enter(&bench, &key, Then::Destroy).await.unwrap();
    enter(&bench, &kept, Then::Keep).await.unwrap();
    bench.pass(30 * DAY - 2);
    assert_eq!(end(&bench).await, NOTHING);
    let bench = bench.restarted().await;
    bench.pass(1);
    assert_eq!(end(&bench).await, Ended { destroyed: 1, ..NOTHING });
    assert_eq!((state(&bench, &key).await, state(&bench, &kept).await), (State::Destroyed, State::Deactivated));
    assert_eq!(end(&bench).await, NOTHING);
    let left: Vec<Uuid> = bench.engine.quarantined(bench.instance).iter().map(|each| each.object).collect();
    assert_eq!(left, [uuid(&kept)]);
}

#[tokio::test]
async fn who_asks_stops_the_clock_for_good() {
    let bench = Bench::on_disk().await;
    let key = active(&bench).await;
    let bytes = bench.material(&key).await;
    enter(&bench, &key, Then::Destroy).await.unwrap();
    bench.pass(DAY);
    assert_eq!(bench.material(&key).await, bytes);
    // Nothing that was in memory is left, and the uses of the last minute are not written.
    let bench = bench.restarted().await;
    let asked = bench.engine.asked_in_quarantine().remove(0).1.asked.unwrap();
    assert_eq!((asked.at, asked.by.as_str()), (Timestamp::from_seconds(NOW + 1 + DAY), bench.client.initiator()));
    bench.pass(365 * DAY);
    assert_eq!(end(&bench).await, NOTHING);
    assert_eq!(bench.material(&key).await, bytes);
    release(&bench, &key).await.unwrap();
    assert_eq!(state(&bench, &key).await, State::Active);
}

/// What its end destroyed can be restored as a destroyed key can, and is what it was before its quarantine.
#[tokio::test]
async fn what_was_destroyed_comes_back_as_it_was_before() {
    let bench = Bench::new().await;
    let key = active(&bench).await;
    let bytes = bench.material(&key).await;
    enter(&bench, &key, Then::Destroy).await.unwrap();
    bench.pass(30 * DAY);
    assert_eq!(end(&bench).await, Ended { destroyed: 1, ..NOTHING });
    bench.engine.restore_standard_key(bench.instance, uuid(&key), &by(), bench.now()).await.unwrap();
    assert_eq!(state(&bench, &key).await, State::Active);
    assert_eq!(bench.material(&key).await, bytes);
}

/// A store that takes no changes keeps nobody from a key; that it was used is known from its use.
#[tokio::test]
async fn a_full_disk_hands_the_key_out_and_its_use_holds_it() {
    let bench = Bench::on_disk().await;
    let key = active(&bench).await;
    let bytes = bench.material(&key).await;
    enter(&bench, &key, Then::Destroy).await.unwrap();
    bench.pass(DAY);
    bench.store.fail(|_| Some(store::Error::Full("the disk".into())));
    assert_eq!(bench.material(&key).await, bytes);
    bench.store.heal();
    bench.engine.write_uses().await.unwrap();
    let bench = bench.restarted().await;
    assert!(bench.engine.asked_in_quarantine().is_empty());
    bench.pass(40 * DAY);
    assert_eq!(end(&bench).await, Ended { held: 1, ..NOTHING });
    assert_eq!(end(&bench).await, NOTHING);
    assert_eq!(bench.engine.asked_in_quarantine().len(), 1);
    assert_eq!(bench.material(&key).await, bytes);
}

/// Either the client has the key and it stays, or it is destroyed and the client hears so.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn asking_and_ending_at_once() {
    for _ in 0..50 {
        let bench = Arc::new(Bench::new().await);
        let key = active(&bench).await;
        bench.material(&key).await;
        enter(&bench, &key, Then::Destroy).await.unwrap();
        bench.pass(31 * DAY);
        let asking = {
            let (bench, key) = (Arc::clone(&bench), key.clone());
            tokio::spawn(async move { bench.ask("Get", &unique(&key)).await })
        };
        let ended = end(&bench).await;
        let answer = asking.await.unwrap();
        assert_eq!(answer.is_ok(), ended.destroyed == 0, "{answer:?} {ended:?}");
        let left = state(&bench, &key).await;
        assert_eq!(left, if answer.is_ok() { State::Deactivated } else { State::Destroyed });
    }
}

#[tokio::test]
async fn what_is_decided_otherwise_ends_it() {
    let bench = Bench::new().await;
    let (destroyed, purged, deleted) = (active(&bench).await, active(&bench).await, active(&bench).await);
    for key in [&destroyed, &purged, &deleted] {
        enter(&bench, key, Then::Destroy).await.unwrap();
    }
    bench.done("Destroy", &unique(&destroyed)).await;
    for key in [&purged, &deleted] {
        bench.engine.delete_standard_key(bench.instance, uuid(key), &by(), bench.now()).await.unwrap();
    }
    bench.engine.purge_standard_key(bench.instance, uuid(&purged), &by(), bench.now(), &[]).await.unwrap();
    bench.pass(31 * DAY);
    assert_eq!(end(&bench).await, NOTHING);
    let left: Vec<Uuid> = bench.engine.quarantined(bench.instance).iter().map(|each| each.object).collect();
    assert_eq!(left, [uuid(&deleted)]);
    let records = bench.store.records().await;
    assert_eq!(records.iter().filter(|record| record.key.kind == Kind(0x34)).count(), 1);
    // Restored, it is in its quarantine still, which has run out.
    bench.engine.restore_standard_key(bench.instance, uuid(&deleted), &by(), bench.now()).await.unwrap();
    assert_eq!(end(&bench).await, Ended { destroyed: 1, ..NOTHING });
}

#[tokio::test]
async fn a_deactivation_date_comes_back() {
    let bench = Bench::new().await;
    let key = active(&bench).await;
    let later = crate::ask::attribute("Deactivation Date", &crate::ask::date(NOW + 10 * DAY));
    bench.done("Add Attribute", &(unique(&key) + &later)).await;
    enter(&bench, &key, Then::Destroy).await.unwrap();
    release(&bench, &key).await.unwrap();
    assert_eq!(state(&bench, &key).await, State::Active);
    enter(&bench, &key, Then::Keep).await.unwrap();
    bench.pass(11 * DAY);
    release(&bench, &key).await.unwrap();
    assert_eq!(state(&bench, &key).await, State::Deactivated, "its own date has passed");
    let shown = bench.engine.object(bench.client.adapter(), uuid(&key), bench.now()).await.unwrap();
    let date = shown.attributes.iter().find(|each| each.name.is(&attribute::DEACTIVATION_DATE)).unwrap();
    assert_eq!(date.value.as_date_time().unwrap().0, NOW + 10 * DAY);
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let bench = Bench::new().await;
    let key = active(&bench).await;
    let stateless = crate::ask::id(&bench.done("Register", &opaque("00ff", &[])).await);
    let refusal = |outcome: Result<Quarantine, Error>| match outcome {
        Err(Error::Quarantine(_, refusal)) => Some(refusal),
        _ => None,
    };
    assert_eq!(refusal(enter(&bench, &stateless, Then::Destroy).await), Some(Refusal::Stateless));
    assert!(matches!(release(&bench, &key).await, Err(Error::Quarantine(_, Refusal::NotThere))));
    enter(&bench, &key, Then::Destroy).await.unwrap();
    let before = bench.store.records().await;
    assert_eq!(refusal(enter(&bench, &key, Then::Keep).await), Some(Refusal::There));
    assert_eq!(bench.store.records().await, before);
    let neighbour = bench.neighbour("other").await;
    let elsewhere = bench.engine.release(neighbour.adapter(), uuid(&key), &by(), bench.now()).await;
    assert!(matches!(elsewhere, Err(Error::NotFound("key"))));
    let other = bench.ask_as(&neighbour, kmip::Version::V1_4, "Get", &unique(&key)).await;
    assert!(reason(&other).is_some());
    assert!(bench.engine.asked_in_quarantine().is_empty(), "another adapter's client asks for nothing of ours");
}

/// Who writes to the database can neither end a quarantine early nor put back a state that never was.
#[tokio::test]
async fn a_changed_record_decides_nothing() {
    let bench = Bench::new().await;
    let key = active(&bench).await;
    let bytes = bench.material(&key).await;
    enter(&bench, &key, Then::Destroy).await.unwrap();
    bench.store.alter(|mut record| {
        if record.key.kind == Kind(0x34) {
            let mut body = record.body.to_vec();
            body[24] ^= 1;
            record.body = body.into();
        }
        Some(record)
    });
    bench.pass(31 * DAY);
    assert_eq!(end(&bench).await, Ended { failed: 1, ..NOTHING });
    assert!(release(&bench, &key).await.is_err());
    assert_eq!(bench.material(&key).await, bytes, "and nobody is kept from the key");
    assert_eq!(bench.engine.asked_in_quarantine().len(), 1);
}

/// Its owner disabled the root key: that is no failure, and nothing is lost of the quarantine.
#[tokio::test]
async fn a_disabled_root_key_puts_its_end_off() {
    let bench = Bench::new().await;
    let key = active(&bench).await;
    enter(&bench, &key, Then::Destroy).await.unwrap();
    for (days, after) in [(1, NOTHING), (31, Ended { destroyed: 1, ..NOTHING })] {
        bench.pass(days * DAY);
        bench.disable().await;
        assert_eq!(end(&bench).await, NOTHING, "{days} days");
        bench.enable().await;
        assert_eq!(end(&bench).await, after, "{days} days");
    }
}
