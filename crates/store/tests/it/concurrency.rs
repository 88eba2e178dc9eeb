//! Much at once: commits that are given up, that contend, and that are read beside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use store::{Error, Expect};
use tempfile::tempdir;

use crate::common::{batch, everything, key, open, put};

/// A batch whose commit is abandoned is still wholly there or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_commit_is_all_or_nothing() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await.unwrap();
    let tasks = (0..200u64).map(|turn| {
        let store = store.clone();
        let pair = vec![put(2 * turn, Expect::Absent, 100), put(2 * turn + 1, Expect::Absent, 100)];
        let task = tokio::spawn(async move { store.commit(batch(pair)).await });
        if turn % 2 == 0 {
            task.abort();
        }
        task
    });
    let mut done = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        done.push(task.await.is_ok());
    }
    store.commit(batch(vec![])).await.unwrap();
    let mut pairs = 0;
    for (turn, done) in (0..).zip(done) {
        let first = store.get(&key(2 * turn)).await.unwrap().is_some();
        assert_eq!(first, store.get(&key(2 * turn + 1)).await.unwrap().is_some());
        assert!(first || !done);
        pairs += usize::from(first);
    }
    assert_eq!(store.events(0, 1000).await.unwrap().len(), pairs + 1);
}

/// Conflicts in a group are answered alone: of many that race to change one record from the same version, one wins.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_rivals_wins_each_version() {
    for address in ["memory:".to_owned(), format!("sqlite:{}", tempdir().unwrap().keep().join("s.db").display())] {
        let store = store::open(&address).await.unwrap();
        store.commit(batch(vec![put(0, Expect::Absent, 10)])).await.unwrap();
        for version in 1..20 {
            let rivals = (0..16u64).map(|rival| {
                let store = store.clone();
                let own = put(version * 100 + rival, Expect::Absent, 10);
                let shared = put(0, Expect::Version(version), 10);
                tokio::spawn(async move { store.commit(batch(vec![own, shared])).await })
            });
            let mut winners = 0;
            for rival in rivals.collect::<Vec<_>>() {
                match rival.await.unwrap() {
                    Ok(()) => winners += 1,
                    Err(error) => assert_eq!(error, Error::Conflict(key(0))),
                }
            }
            assert_eq!(winners, 1);
            assert_eq!(store.count(&everything()).await.unwrap(), version + 1, "the losers left nothing");
        }
    }
}

/// While two writers change records as fast as they can, no reader sees less than what was answered before it asked, nor less
/// than it saw before.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_never_sees_less_than_was_answered() {
    const KEYS: u64 = 3;
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await.unwrap();
    store.commit(batch((0..KEYS).map(|id| put(id, Expect::Absent, 10)).collect())).await.unwrap();
    let answered: Arc<Vec<AtomicU64>> = Arc::new((0..KEYS).map(|_| AtomicU64::new(1)).collect());
    let done = Arc::new(AtomicBool::new(false));
    let readers = (0..3).map(|_| {
        let (store, answered, done) = (store.clone(), answered.clone(), done.clone());
        tokio::spawn(async move {
            let mut seen = [0; KEYS as usize];
            while !done.load(Ordering::Relaxed) {
                for (id, seen) in (0..KEYS).zip(&mut seen) {
                    let least = answered[id as usize].load(Ordering::SeqCst).max(*seen);
                    *seen = store.get(&key(id)).await.unwrap().unwrap().version;
                    assert!(*seen >= least, "{seen} after {least}");
                    tokio::task::yield_now().await;
                }
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for version in 1..1500 {
        let changes = (0..KEYS).map(|id| put(id, Expect::Version(version), 10)).collect();
        store.commit(batch(changes)).await.unwrap();
        answered.iter().for_each(|answered| answered.store(version + 1, Ordering::SeqCst));
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}
