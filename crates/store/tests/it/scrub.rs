//! What was deleted or replaced is in none of the store's files after a scrub, and commits go on meanwhile.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Batch, Change, Expect, Key, Kind, Query, Space, Store, Term};

const SPACE: Space = Space([4; 16]);
const KIND: Kind = Kind(1);
const RECORDS: u64 = 500;
/// What shows in a file that a body was there: so many bytes in a row.
const PIECE: usize = 16;

fn key(id: u64) -> Key {
    Key { space: SPACE, kind: KIND, id: (u128::from(id.wrapping_mul(0x9E37_79B9_7F4A_7C15)) << 64).to_be_bytes() }
}

/// A body like no other: each piece of it says whose it is, and in which version.
fn body(id: u64, version: u64, length: usize) -> Vec<u8> {
    let pieces = (0u64..).flat_map(|at| {
        let mixed = (id << 40 | version << 32 | at).wrapping_mul(0xD6E8_FEB8_6659_FD93).rotate_left(17);
        mixed.wrapping_mul(0xCA5A_8263_9512_1157).to_be_bytes()
    });
    pieces.take(length).collect()
}

fn length(id: u64) -> usize {
    [60, 170, 90, 300, 1_000, 130, 9_000, 400][(id % 8) as usize]
}

async fn commit(store: &dyn Store, change: Change) {
    store.commit(Batch { changes: vec![change], events: vec![] }).await.unwrap();
}

async fn put(store: &dyn Store, id: u64, version: u64) {
    let expect = if version == 1 { Expect::Absent } else { Expect::Version(version - 1) };
    let terms = vec![Term([id as u8; 16])];
    // Not always as long as before.
    let body = body(id, version, length(id + 3 * version));
    commit(store, Change::Put { key: key(id), expect, body, terms }).await;
}

async fn delete(store: &dyn Store, id: u64, version: u64) {
    commit(store, Change::Delete { key: key(id), version }).await;
}

/// The bodies of which any piece is in any file of the folder.
fn found(folder: &Path, bodies: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let pieces = |(id, version): &(u64, u64)| {
        let body = body(*id, *version, length(id + 3 * version));
        body.chunks_exact(PIECE).map(|piece| <[u8; PIECE]>::try_from(piece).unwrap()).collect::<Vec<_>>()
    };
    let sought: HashSet<_> = bodies.iter().flat_map(pieces).collect();
    let begins: HashSet<_> = sought.iter().map(|piece| [piece[0], piece[1]]).collect();
    let mut begin = vec![false; 1 << 16];
    begins.iter().for_each(|pair| begin[usize::from(u16::from_be_bytes(*pair))] = true);
    let mut there = HashSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let last = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
        let bytes = &bytes[..(last + PIECE).min(bytes.len())];
        for piece in bytes.windows(PIECE).filter(|piece| begin[usize::from(u16::from_be_bytes([piece[0], piece[1]]))]) {
            if let Some(piece) = sought.get(piece) {
                there.insert(*piece);
            }
        }
    }
    bodies.iter().filter(|body| pieces(body).iter().any(|piece| there.contains(piece))).copied().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_deleted_or_replaced_is_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = store::open(&format!("sqlite:{}", folder.path().join("store.db").display())).await.unwrap();
    let (mut gone, mut there) = (Vec::new(), Vec::new());
    // Replaced by longer and shorter ones again and again, so that pages are split, filled and emptied.
    for version in 1..=4 {
        for id in 0..RECORDS {
            put(&*store, id, version).await;
            gone.extend((version > 1).then_some((id, version - 1)));
        }
    }
    for id in 0..RECORDS {
        match id % 3 {
            0 => {
                delete(&*store, id, 4).await;
                gone.push((id, 4));
            }
            _ => there.push((id, 4)),
        }
    }
    assert!(!found(folder.path(), &gone).is_empty(), "without a scrub, it is somewhere");
    store.scrub().await.unwrap();
    assert_eq!(found(folder.path(), &gone), []);
    assert_eq!(found(folder.path(), &there), there);
    // Pages that were in memory are written once more, in place: what was swept out of them does not come back.
    for (id, version) in &there {
        let body = body(*id, *version, length(id + 3 * version));
        commit(&*store, Change::Put { key: key(*id), expect: Expect::Version(*version), body, terms: vec![] }).await;
    }
    // A count waits until the tables show all of it, in SQLite's own log.
    store.count(&Query { space: SPACE, kind: KIND, terms: vec![], after: 0, limit: 0 }).await.unwrap();
    assert_eq!(found(folder.path(), &gone), []);
    store.scrub().await.unwrap();
    assert_eq!(found(folder.path(), &gone), []);
    for (id, version) in there {
        let record = store.get(&key(id)).await.unwrap().unwrap();
        let body = body(id, version, length(id + 3 * version));
        assert_eq!((&record.body[..], record.version), (&body[..], version + 1));
    }
}

/// Commits before, during and after: all are there when the store is opened again after it was left as a killed process leaves it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_go_on_meanwhile_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = store::open(&format!("sqlite:{}", folder.path().join("store.db").display())).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let committers: Vec<_> = (0..4)
        .map(|committer: u64| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let mut count = 0;
                while !stop.load(Ordering::Relaxed) {
                    put(&*store, committer << 32 | count, 1).await;
                    count += 1;
                }
                count
            })
        })
        .collect();
    for _ in 0..20 {
        store.scrub().await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let mut counts = Vec::new();
    for committer in committers {
        counts.push(committer.await.unwrap());
    }
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_string_lossy().contains("reserve") {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    let left = store::open(&format!("sqlite:{}", copy.path().join("store.db").display())).await.unwrap();
    for (committer, count) in (0u64..).zip(counts) {
        assert!(count > 0);
        for number in 0..count {
            assert!(left.get(&key(committer << 32 | number)).await.unwrap().is_some(), "{committer} {number}");
        }
    }
}
