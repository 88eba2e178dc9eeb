//! A snapshot is what the store was at one moment, whatever goes on meanwhile, and opens as a store.

use std::sync::Arc;

use store::{Batch, Change, Error, Expect, Key, Kind, Order, Scan, Space, Store, Term, open};
use tempfile::TempDir;

const SPACE: Space = Space([7; 16]);

fn key(number: u64) -> Key {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    Key { space: SPACE, kind: Kind(1), id }
}

/// Two records at a time, which must never be seen apart.
fn pair(number: u64) -> Batch {
    let put = |key| Change::Put {
        key,
        expect: Expect::Absent,
        body: number.to_be_bytes().to_vec(),
        terms: vec![Term([1; 16])],
    };
    let other = Key { kind: Kind(2), ..key(number) };
    Batch { changes: vec![put(key(number)), put(other)], events: vec![number.to_string().into_bytes()] }
}

async fn at(folder: &TempDir, name: &str) -> Arc<dyn Store> {
    open(&format!("sqlite:{}", folder.path().join(name).display())).await.unwrap()
}

async fn all(store: &dyn Store, kind: u8) -> Vec<(u64, u64, Vec<u8>)> {
    let scan = Scan {
        space: SPACE,
        kind: Kind(kind),
        term: None,
        order: Order::Made { after: None },
        descending: false,
        limit: usize::MAX >> 1,
    };
    let page = store.scan(&scan).await.unwrap();
    page.records.into_iter().map(|(place, record)| (place, record.version, record.body.to_vec())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_one_moment_under_load_and_opens() {
    let folder = tempfile::tempdir().unwrap();
    let store = at(&folder, "db").await;
    for number in 0..200 {
        store.commit(pair(number)).await.unwrap();
    }
    let update = |version| Change::Put { key: key(5), expect: Expect::Version(version), body: vec![9], terms: vec![] };
    store.commit(Batch { changes: vec![update(1)], events: vec![] }).await.unwrap();
    store.commit(Batch { changes: vec![Change::Delete { key: key(6), version: 1 }], events: vec![] }).await.unwrap();
    let before = (all(&*store, 1).await, all(&*store, 2).await);
    let writing = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 200..600 {
                store.commit(pair(number)).await.unwrap();
            }
        }
    });
    let path = folder.path().join("copy");
    store.snapshot(&path).await.unwrap();
    writing.await.unwrap();
    let copy = at(&folder, "copy").await;
    let (ones, twos) = (all(&*copy, 1).await, all(&*copy, 2).await);
    assert_eq!(ones[..before.0.len()], before.0, "places, versions and bodies are those of the store");
    assert_eq!(twos[..before.1.len()], before.1);
    assert_eq!(ones.len() + 1, twos.len(), "no batch is there in part");
    assert_eq!(copy.events(0, 10_000).await.unwrap().len(), twos.len());
    copy.commit(pair(1_000)).await.unwrap();
    assert_eq!(all(&*store, 1).await.len(), 599, "the store went on");
}

#[tokio::test]
async fn what_is_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = at(&folder, "db").await;
    std::fs::write(folder.path().join("there"), "mine").unwrap();
    for path in ["there", "no/such/folder"] {
        let outcome = store.snapshot(&folder.path().join(path)).await;
        assert!(matches!(outcome, Err(Error::Io(_))), "{outcome:?}");
    }
    assert_eq!(std::fs::read(folder.path().join("there")).unwrap(), b"mine");
    let memory = open("memory:").await.unwrap();
    assert!(memory.snapshot(&folder.path().join("new")).await.is_err());
    assert!(!folder.path().join("new").exists());
}
