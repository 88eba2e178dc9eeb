//! What is opened, what is refused, and what a refusal leaves untouched.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use store::{Error, Expect};
use tempfile::tempdir;

use crate::common::{batch, filled, key, open, put};

#[tokio::test]
async fn an_address_that_means_nothing_is_refused() {
    for address in ["", "sqlite:", "sqlite", "memory", "memory:x", "postgres://h/d", "/path"] {
        assert_eq!(store::open(address).await.err(), Some(Error::Address(address.into())));
    }
    let missing = store::open("sqlite:/nonexistent/folder/store.db").await.err();
    assert!(matches!(missing, Some(Error::Io(text)) if text.contains("/nonexistent/folder/store.db")));
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await.unwrap();
    store.commit(batch(vec![put(1, Expect::Absent, 10)])).await.unwrap();
    let files: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap()).collect();
    assert!(files.len() >= 4, "database, log, index, lock");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_is_gone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let first = open(&path).await.unwrap();
    assert_eq!(open(&path).await.err(), Some(Error::Locked(path.display().to_string())));
    first.close().await.unwrap();
    let second = open(&path).await.unwrap();
    assert_eq!(first.get(&key(1)).await, Err(Error::Closed));
    assert_eq!(first.close().await, Err(Error::Closed));
    drop(second);
    open(&path).await.unwrap();
}

/// Everything in a folder but what any reader of a write-ahead log makes.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| !["lock", "db-shm"].iter().any(|own| path.extension().unwrap() == *own))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

async fn check_newer(path: &Path) {
    let before = contents(path.parent().unwrap());
    assert_eq!(open(path).await.err(), Some(Error::Newer { found: 99, known: 1 }));
    assert!(contents(path.parent().unwrap()) == before, "the files were changed");
}

#[tokio::test]
async fn a_newer_format_is_left_untouched() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path, 10).await;
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    // As a killed process leaves it: the new version stands in the log alone.
    let crashed = tempdir().unwrap();
    for name in ["store.db", "store.db-wal"] {
        fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    check_newer(&crashed.path().join("store.db")).await;
    drop(db);
    check_newer(&path).await;
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA application_id=77; PRAGMA user_version=1; CREATE TABLE theirs (x)").unwrap();
    drop(db);
    assert!(matches!(open(&path).await.err(), Some(Error::Damaged(text)) if text.contains("another program")));
}
