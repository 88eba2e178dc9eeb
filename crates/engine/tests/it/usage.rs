//! The use of keys: gathered, written in batches, gone with the object; and nothing of it costs a Get a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::usage::Usage;
use kmip::Timestamp;
use store::{Error, Kind};
use uuid::Uuid;

use crate::ask::{revoke, unique};
use crate::bench::{Bench, HOME, NOW, by};

const USAGE: Kind = Kind(0x33);

fn uuid(key: &str) -> Uuid {
    Uuid::parse_str(key).unwrap()
}

async fn usage(bench: &Bench, key: &str) -> Usage {
    bench.engine.usage(bench.client.adapter(), uuid(key)).await.unwrap()
}

async fn records(bench: &Bench) -> usize {
    bench.store.records().await.iter().filter(|record| record.key.kind == USAGE).count()
}

#[tokio::test]
async fn what_gathers_shows_at_once_and_after_a_restart() {
    let bench = Bench::on_disk().await;
    let (used, unused) = (bench.key(&[]).await, bench.key(&[]).await);
    assert_eq!(usage(&bench, &used).await, Usage::default());
    for _ in 0..3 {
        bench.material(&used).await;
        bench.pass(10);
    }
    bench.done("Get Attributes", &unique(&used)).await;
    let check = async |bench: &Bench| {
        let found = usage(bench, &used).await;
        let last = found.last.unwrap();
        assert_eq!((found.count, last.at), (3, Timestamp::from_seconds(NOW + 20)));
        assert_eq!((last.by.as_str(), last.address), (bench.client.initiator(), Some(HOME)));
        assert_eq!(last.name, bench.client.certificate().name);
        assert_eq!(found.other, Some((Timestamp::from_seconds(NOW + 30), "Get Attributes".to_owned())));
        assert_eq!(usage(bench, &unused).await, Usage::default());
    };
    check(&bench).await;
    assert_eq!(bench.engine.write_uses().await.unwrap(), 1);
    assert_eq!(bench.engine.write_uses().await.unwrap(), 0);
    check(&bench).await;
    let bench = bench.restarted().await;
    check(&bench).await;
    bench.material(&used).await;
    assert_eq!(usage(&bench, &used).await.count, 4);
    bench.engine.write_uses().await.unwrap();
    assert_eq!(usage(&bench, &used).await.count, 4);
}

#[tokio::test]
async fn a_get_costs_no_commit() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    bench.material(&key).await;
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    bench.store.fail(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        None
    });
    for _ in 0..1000 {
        bench.material(&key).await;
    }
    assert_eq!(commits.load(Ordering::SeqCst), 0);
    bench.engine.write_uses().await.unwrap();
    assert_eq!((commits.load(Ordering::SeqCst), usage(&bench, &key).await.count), (1, 1001));
}

#[tokio::test]
async fn what_can_not_be_written_stays_and_is_written_later() {
    let bench = Bench::new().await;
    let mut keys = Vec::new();
    for _ in 0..200 {
        keys.push(bench.key(&[]).await);
    }
    for key in &keys {
        bench.material(key).await;
    }
    bench.store.fail(|_| Some(Error::Full("the disk".into())));
    assert!(bench.engine.write_uses().await.is_err());
    assert_eq!(usage(&bench, &keys[0]).await.count, 1);
    bench.store.heal();
    // One object of a batch changes at that moment: the others are written, and it is the next time.
    let first = AtomicUsize::new(0);
    bench.store.fail(move |batch| match first.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Some(Error::Conflict(*match &batch.changes[0] {
            store::Change::Put { key, .. } | store::Change::Delete { key, .. } | store::Change::Check { key, .. } => {
                key
            }
        })),
        _ => None,
    });
    assert_eq!(bench.engine.write_uses().await.unwrap(), 199);
    assert_eq!(bench.engine.write_uses().await.unwrap(), 1);
    assert_eq!(records(&bench).await, 200);
    for key in &keys {
        assert_eq!(usage(&bench, key).await.count, 1);
    }
}

#[tokio::test]
async fn an_objects_use_is_purged_with_it() {
    let bench = Bench::new().await;
    let (written, gathered) = (bench.key(&[]).await, bench.key(&[]).await);
    bench.material(&written).await;
    bench.engine.write_uses().await.unwrap();
    assert_eq!(records(&bench).await, 1);
    bench.material(&written).await;
    bench.material(&gathered).await;
    for key in [&written, &gathered] {
        bench.engine.delete_standard_key(bench.instance, uuid(key), &by(), bench.now()).await.unwrap();
        bench.engine.purge_standard_key(bench.instance, uuid(key), &by(), bench.now(), &[]).await.unwrap();
    }
    assert_eq!(bench.engine.write_uses().await.unwrap(), 0);
    assert_eq!(records(&bench).await, 0);
}

#[tokio::test]
async fn a_damaged_record_is_begun_anew_and_fails_nobody() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    bench.material(&key).await;
    bench.engine.write_uses().await.unwrap();
    bench.store.alter(|mut record| {
        if record.key.kind == USAGE {
            let mut body = record.body.to_vec();
            body[20] ^= 1;
            record.body = body.into();
        }
        Some(record)
    });
    assert_eq!(usage(&bench, &key).await, Usage::default());
    bench.material(&key).await;
    assert_eq!(usage(&bench, &key).await.count, 1);
}

#[tokio::test]
async fn a_destroyed_key_keeps_its_use() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    bench.material(&key).await;
    bench.done("Revoke", &revoke(&key, "Key Compromise")).await;
    bench.done("Destroy", &unique(&key)).await;
    bench.engine.write_uses().await.unwrap();
    let found = usage(&bench, &key).await;
    assert_eq!((found.count, found.other.unwrap().1), (1, "Destroy".to_owned()));
}
