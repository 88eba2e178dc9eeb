//! Root keys behind the engine: what is disabled or deleted stops at once, what is rotated and rewrapped goes on, and a restart
//! changes nothing.

use engine::registry::Rewrap;
use kmip::enums::ResultReason;
use kmip::{Version, attribute};
use store::{Batch, Change, Kind, Store};
use uuid::Uuid;
use wrap::KeyRef;

use crate::ask::{attribute, create, material, reason, unique, value};
use crate::bench::{Bench, by};

async fn get(bench: &Bench, key: &str) -> Option<ResultReason> {
    reason(&bench.ask("Get", &unique(key)).await)
}

const DENIED: Option<ResultReason> = Some(ResultReason::PermissionDenied);

#[tokio::test]
async fn a_disabled_root_key_stops_its_adapters_at_once() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let bytes = bench.material(&key).await;
    for _ in 0..3 {
        bench.disable().await;
        assert_eq!(get(&bench, &key).await, DENIED);
        assert_eq!(reason(&bench.ask("Get Attributes", &unique(&key)).await), DENIED);
        assert_eq!(reason(&bench.ask("Create", &create(&[])).await), DENIED);
        assert_eq!(reason(&bench.ask("Locate", "").await), DENIED);
        assert!(bench.ask("Query", "Query Function: Query Operations").await.is_ok(), "what needs no key goes on");
        bench.enable().await;
        assert_eq!(bench.material(&key).await, bytes);
    }
    bench.delete().await;
    assert_eq!(get(&bench, &key).await, DENIED);
    bench.restore().await;
    assert_eq!(bench.material(&key).await, bytes);
}

/// A root key is its own adapters' matter alone.
#[tokio::test]
async fn other_root_keys_go_on() {
    let bench = Bench::new().await;
    let client = bench.stranger(None, "other").await;
    bench.disable().await;
    assert!(bench.ask_as(&client, Version::V1_4, "Create", &create(&[])).await.is_ok());
    assert_eq!(reason(&bench.ask("Create", &create(&[])).await), DENIED);
}

#[tokio::test]
async fn after_a_rewrap_the_old_version_is_needed_no_more() {
    let bench = Bench::new().await;
    let stranger = bench.neighbour("other").await;
    let key = bench.key(&[]).await;
    let bytes = bench.material(&key).await;
    let place = KeyRef { instance: bench.instance, key: bench.root_key };
    let old = bench.client.adapter().key.wrapped.key_version;
    bench.rotate().await;
    assert_eq!(bench.material(&key).await, bytes, "between the two, the old version serves");
    let which = Rewrap { root_key: place, newest: Uuid::nil(), after: None, most: 10 };
    let rewrap = async || bench.engine.registry().rewrap(which, &by(), bench.now()).await.unwrap().done;
    assert_eq!((rewrap().await, rewrap().await), (2, 0));
    // What rewraps changes what the clients are admitted to; a connection that was there before goes on.
    assert_eq!(bench.material(&key).await, bytes);
    let admitted = bench.engine.registry().admit(&bench.client.certificate().fingerprint).unwrap();
    assert_ne!(admitted.adapter().key.wrapped.key_version, old);
    forget(&bench, old).await;
    let engine = bench.second_engine().await.unwrap();
    for client in [&bench.client, &stranger] {
        assert!(bench.ask_at(&engine, client, "Create", &create(&[])).await.unwrap().is_ok());
    }
    let payload = bench.ask_at(&engine, &bench.client, "Get", &unique(&key)).await.unwrap().unwrap();
    assert_eq!(material(&payload), Some(bytes));
}

/// Removes a root key's version from the store.
async fn forget(bench: &Bench, version: Uuid) {
    let records = bench.store.records().await;
    let record =
        records.iter().find(|record| record.key.kind == Kind(0x13) && record.key.id == version.into_bytes()).unwrap();
    let delete = Change::Delete { key: record.key, version: record.version };
    bench.store.commit(Batch { changes: vec![delete], events: Vec::new() }).await.unwrap();
}

/// Without the rewrap, the old version is needed: the control of the test above.
#[tokio::test]
async fn before_a_rewrap_the_old_version_is_needed() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let old = bench.client.adapter().key.wrapped.key_version;
    bench.rotate().await;
    forget(&bench, old).await;
    let engine = bench.second_engine().await.unwrap();
    let answer = bench.ask_at(&engine, &bench.client, "Get", &unique(&key)).await.unwrap();
    assert_eq!(reason(&answer), Some(ResultReason::GeneralFailure));
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let mut bench = Bench::on_disk().await;
    let mut keys = Vec::new();
    for number in 0..5 {
        let key = bench.key(&[attribute("x-number", &number.to_string())]).await;
        keys.push((key.clone(), bench.material(&key).await));
    }
    bench.done("Activate", &unique(&keys[0].0)).await;
    for _ in 0..3 {
        bench = bench.restarted().await;
        for (key, bytes) in &keys {
            assert_eq!(bench.material(key).await, *bytes);
        }
        let payload = bench.done("Get Attributes", &(unique(&keys[0].0) + "Attribute Name: \"State\"")).await;
        assert_eq!(value(&payload, &attribute::STATE), Some(kmip::Value::Enumeration(2)));
        bench.pass(1000);
    }
}
