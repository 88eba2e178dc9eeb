//! Records for the tests that need no particular ones.

use std::path::Path;
use std::sync::Arc;

use store::{Batch, Change, Error, Expect, Key, Kind, Query, Space, Store, Term};

pub(crate) const SPACE: Space = Space([1; 16]);
pub(crate) const KIND: Kind = Kind(1);

pub(crate) fn key(id: u64) -> Key {
    Key { space: SPACE, kind: KIND, id: (u128::from(id) << 64 | 7).to_be_bytes() }
}

pub(crate) fn put(id: u64, expect: Expect, length: usize) -> Change {
    Change::Put { key: key(id), expect, body: vec![id.to_le_bytes()[0]; length], terms: vec![Term([5; 16])] }
}

pub(crate) fn batch(changes: Vec<Change>) -> Batch {
    Batch { changes, events: vec![b"event".to_vec()] }
}

pub(crate) fn everything() -> Query {
    Query { space: SPACE, kind: KIND, terms: vec![], after: 0, limit: 100_000 }
}

pub(crate) async fn open(path: &Path) -> Result<Arc<dyn Store>, Error> {
    store::open(&format!("sqlite:{}", path.display())).await
}

/// A closed store with so many records of 1,000 bytes.
pub(crate) async fn filled(path: &Path, records: u64) {
    let store = open(path).await.unwrap();
    store.commit(batch((0..records).map(|id| put(id, Expect::Absent, 1000)).collect())).await.unwrap();
    store.close().await.unwrap();
}
