//! What was answered is there, whatever part of the files is lost or late.

use std::fs;
use std::path::Path;

use store::{Change, Error, Expect, Store};
use tempfile::tempdir;

use crate::common::{batch, everything, key, open, put};

/// Copies what would be on stable storage if the power went now: SQLite's own log is not flushed when a commit is answered.
fn after_power_cut(from: &Path, to: &Path) {
    for name in ["store.db", "store.db-log1", "store.db-log2"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// Copies what a killed process leaves. The commit log is copied last: it holds what the tables copied before lack.
fn after_kill(from: &Path, to: &Path) {
    for name in ["store.db", "store.db-wal", "store.db-log1", "store.db-log2"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

async fn check_records(store: &dyn Store, records: u64) {
    let page = store.find(&everything()).await.unwrap();
    let found: Vec<_> = page.records.iter().map(|(_, record)| record.key).collect();
    assert_eq!(found, (0..records).map(key).collect::<Vec<_>>());
    assert_eq!(store.events(0, usize::MAX).await.unwrap().len() as u64, records);
}

#[tokio::test]
async fn a_power_cut_loses_nothing_that_was_answered() {
    let mut folder = tempdir().unwrap();
    let mut stored = 0;
    for _ in 0..5 {
        let store = open(&folder.path().join("store.db")).await.unwrap();
        check_records(&*store, stored).await;
        for _ in 0..10 {
            store.commit(batch(vec![put(stored, Expect::Absent, 3000)])).await.unwrap();
            stored += 1;
            if stored % 3 == 0 {
                check_records(&*store, stored).await;
            }
        }
        let next = tempdir().unwrap();
        after_power_cut(folder.path(), next.path());
        folder = next;
    }
}

/// Far more than the commit log's files hold: they are written over, and a copy taken at any time opens to everything.
#[tokio::test]
async fn the_commit_log_is_written_over_only_when_it_may_be() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await.unwrap();
    for stored in 1..=160 {
        store.commit(batch(vec![put(stored - 1, Expect::Absent, 300_000)])).await.unwrap();
        if stored % 16 == 0 {
            let copy = tempdir().unwrap();
            store.count(&everything()).await.unwrap();
            after_kill(folder.path(), copy.path());
            check_records(&*open(&copy.path().join("store.db")).await.unwrap(), stored).await;
        }
    }
    let size = ["store.db-log1", "store.db-log2"].map(|name| folder.path().join(name).metadata().unwrap().len());
    assert!(size.iter().sum::<u64>() < 40 << 20, "{size:?} of 48 MB");
}

#[tokio::test]
async fn a_damaged_commit_log_is_never_passed_over() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await.unwrap();
    for id in 0..5 {
        store.commit(batch(vec![put(id, Expect::Absent, 1000)])).await.unwrap();
    }
    let copy = tempdir().unwrap();
    after_power_cut(folder.path(), copy.path());
    let log = copy.path().join("store.db-log1");
    let mut bytes = fs::read(&log).unwrap();
    bytes[2000] ^= 1;
    fs::write(&log, bytes).unwrap();
    for _ in 0..2 {
        let opened = open(&copy.path().join("store.db")).await.err();
        assert!(matches!(opened, Some(Error::Damaged(text)) if text.contains("store.db-log1, offset ")));
    }
}

/// Somebody's shell with an open transaction keeps the tables from changing, which delays searches and nothing else.
#[tokio::test]
async fn another_programs_transaction_delays_no_commit() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await.unwrap();
    let shell = rusqlite::Connection::open(&path).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    for id in 0..20 {
        store.commit(batch(vec![put(id, Expect::Absent, 10)])).await.unwrap();
        store.commit(batch(vec![put(id, Expect::Version(1), 20)])).await.unwrap();
        let record = store.get(&key(id)).await.unwrap().unwrap();
        assert_eq!((record.version, record.body.len()), (2, 20));
    }
    store.commit(batch(vec![Change::Delete { key: key(0), version: 2 }])).await.unwrap();
    assert_eq!(store.get(&key(0)).await, Ok(None));
    shell.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.count(&everything()).await, Ok(19));
}
