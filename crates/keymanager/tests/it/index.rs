//! Keys that were written when they were found by other terms are found by today's.

use crate::earlier::{left_behind, open_over};
use crate::interposed::Interposed;
use crate::{call, make, memory, new, open, tenant};
use keymanager::{Action, Filter, KeyManager, ListQuery, Scope, Search, SortBy, State};
use std::sync::Arc;
use store::{Batch, Change, Expect, Kind, Order, Scan, Space, Store};
use uuid::Uuid;

const KEY: &str = "c92f6048-4808-44ae-b4c0-24cf0d4f46a2";

/// The names of the keys that are found in many ways.
async fn found(manager: &KeyManager) -> Vec<Vec<String>> {
    let instance = manager.instances(&call(Uuid::nil(), Action::ListInstances)).await.unwrap()[0].id;
    let search = |exact| Search { word: "defAULT".into(), scopes: vec![Scope::Name], not: false, exact };
    let filters = [
        Filter::default(),
        Filter { extractable: Some(false), ring: Some("default".into()), ..Filter::default() },
        Filter { states: Some(vec![State::Active]), ..Filter::default() },
        Filter { search: Some(search(true)), ..Filter::default() },
        Filter { search: Some(search(false)), ..Filter::default() },
    ];
    let mut all = Vec::new();
    for filter in filters {
        for sort in [SortBy::Id, SortBy::Creation, SortBy::State] {
            let by = call(instance, Action::ListKeys);
            let count = manager.count_keys(&by, &filter).await.unwrap();
            let query = ListQuery { filter: filter.clone(), sort: vec![(sort, false)], offset: 0, limit: 10 };
            let keys = manager.list_keys(&by, &query).await.unwrap().keys;
            assert_eq!(count, keys.len() as u64);
            all.push(keys.into_iter().map(|key| key.id.to_string()).collect());
        }
    }
    all
}

#[tokio::test]
async fn what_version_0_1_left_behind_is_found() {
    let store = left_behind().await;
    let manager = open_over(Arc::clone(&store)).await;
    assert_eq!(found(&manager).await, vec![vec![KEY.to_owned()]; 15]);
    // From then on opening changes nothing.
    let refusing = Interposed::over(store);
    refusing.refuse(|_| true);
    assert_eq!(found(&open_over(refusing).await).await.len(), 15);
}

#[tokio::test]
async fn a_damaged_key_keeps_nobody_from_the_rest() {
    let store = left_behind().await;
    let instance = Space(*Uuid::parse_str("fbea127c-d492-4538-b089-020276b09264").unwrap().as_bytes());
    let key = store::Key { space: instance, kind: Kind(0x12), id: [7; 16] };
    let damaged = Change::Put { key, expect: Expect::Absent, body: vec![0; 100], terms: Vec::new() };
    store.commit(Batch { changes: vec![damaged], events: Vec::new() }).await.unwrap();
    let manager = open_over(store).await;
    assert_eq!(found(&manager).await.first(), Some(&vec![KEY.to_owned()]));
}

#[tokio::test]
async fn a_new_store_has_nothing_to_bring_up_to_date() {
    let store = memory().await;
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, new("key")).await;
    drop(manager);
    let refusing = Interposed::over(Arc::clone(&store));
    refusing.refuse(|_| true);
    let refusing: Arc<dyn Store> = refusing;
    open(&refusing).await;
    let (space, order) = (Space(*instance.as_bytes()), Order::Id { after: None });
    let scan = Scan { space, kind: Kind(0x12), term: None, order, descending: false, limit: 9 };
    let records = store.scan(&scan).await.unwrap().records;
    assert_eq!(
        records.iter().map(|(_, record)| (record.key.id, record.version)).collect::<Vec<_>>(),
        [(*key.id.as_bytes(), 1)]
    );
}
