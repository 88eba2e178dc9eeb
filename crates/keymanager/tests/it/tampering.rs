//! A store that lies: what it gives back damaged, moved or exchanged is an error, never another key.

use crate::{AAD, CONTENT, NOW, by, memory, new, of, open, secret};
use async_trait::async_trait;
use bytes::Bytes;
use keymanager::{Error, KeyManager, RootKey};
use parking_lot::Mutex;
use std::sync::Arc;
use store::{Batch, Change, Event, Expect, Key, Kind, Page, Query, Record, Scan, Space, Store};
use wrap::{Wrapped, Wrapper};

const ROOT_KEY: Kind = Kind(0x12);
const VERSION: Kind = Kind(0x13);

type Lie = Box<dyn Fn(&Key, Record) -> Record + Send + Sync>;

/// A real store, whose answers to `get` pass through a lie.
struct Liar {
    honest: Arc<dyn Store>,
    lie: Mutex<Lie>,
}

#[async_trait]
impl Store for Liar {
    async fn get(&self, key: &Key) -> Result<Option<Record>, store::Error> {
        let record = self.honest.get(key).await?;
        Ok(record.map(|record| self.lie.lock()(key, record)))
    }

    async fn find(&self, query: &Query) -> Result<Page, store::Error> {
        self.honest.find(query).await
    }

    async fn scan(&self, scan: &Scan) -> Result<Page, store::Error> {
        self.honest.scan(scan).await
    }

    async fn count(&self, query: &Query) -> Result<u64, store::Error> {
        self.honest.count(query).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), store::Error> {
        self.honest.commit(batch).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>, store::Error> {
        self.honest.events(after, limit).await
    }

    async fn close(&self) -> Result<(), store::Error> {
        self.honest.close().await
    }
}

/// Two root keys, one with two versions, and something that is wrapped under the first version.
struct Scene {
    liar: Arc<Liar>,
    key: RootKey,
    other: RootKey,
    wrapped: Wrapped,
}

impl Scene {
    async fn new() -> Self {
        let liar = Arc::new(Liar { honest: memory().await, lie: Mutex::new(Box::new(|_, record| record)) });
        let store: Arc<dyn Store> = liar.clone();
        let manager = open(&store).await;
        let instance = manager.create_instance("tenant", &by(), NOW).await.unwrap().id;
        let key = manager.create_root_key(instance, new("one"), &by(), NOW).await.unwrap();
        let other = manager.create_root_key(instance, new("two"), &by(), NOW).await.unwrap();
        let wrapped = manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
        let key = manager.rotate(instance, key.id, None, &by(), NOW).await.unwrap();
        Scene { liar, key, other, wrapped }
    }

    fn lie(&self, lie: impl Fn(&Key, Record) -> Record + Send + Sync + 'static) {
        *self.liar.lie.lock() = Box::new(lie);
    }

    /// A key manager that has opened nothing yet.
    async fn manager(&self) -> KeyManager {
        let store: Arc<dyn Store> = self.liar.clone();
        open(&store).await
    }

    async fn record(&self, kind: Kind, id: uuid::Uuid) -> Record {
        let key = Key { space: Space(*self.key.instance.as_bytes()), kind, id: *id.as_bytes() };
        self.liar.honest.get(&key).await.unwrap().unwrap()
    }

    /// Every use of the key fails, in words that name the damage.
    async fn all_fails(&self, what: &str) {
        let manager = self.manager().await;
        let said = format!("the key manager failed: the record of {what}");
        let found = manager.unwrap(&of(&self.key), &self.wrapped, AAD).await.map(|_| ()).unwrap_err().to_string();
        assert!(found.starts_with(&said), "{found}");
        let found = manager.wrap(&of(&self.key), &secret(CONTENT), AAD).await.map(|_| ()).unwrap_err().to_string();
        assert!(found.starts_with(&said), "{found}");
    }
}

#[tokio::test]
async fn every_byte_of_a_record_counts() {
    let scene = Scene::new().await;
    for (kind, what, id) in [(ROOT_KEY, "root key", scene.key.id), (VERSION, "root key version", scene.key.version)] {
        let length = scene.record(kind, id).await.body.len();
        for place in 0..length {
            scene.lie(
                move |key, record| if key.kind == kind { with(record, |body| body[place] ^= 0x10) } else { record },
            );
            scene.all_fails(what).await;
        }
        for length in 0..length {
            scene.lie(
                move |key, record| if key.kind == kind { with(record, |body| body.truncate(length)) } else { record },
            );
            scene.all_fails(what).await;
        }
    }
}

fn with(record: Record, change: impl Fn(&mut Vec<u8>)) -> Record {
    let mut body = record.body.to_vec();
    change(&mut body);
    Record { body: Bytes::from(body), ..record }
}

#[tokio::test]
async fn records_are_good_at_their_own_place_alone() {
    let scene = Scene::new().await;
    let cases = [
        (ROOT_KEY, "root key", scene.record(ROOT_KEY, scene.other.id).await),
        (ROOT_KEY, "root key", scene.record(VERSION, scene.key.version).await),
        (VERSION, "root key version", scene.record(VERSION, scene.other.version).await),
        (VERSION, "root key version", scene.record(ROOT_KEY, scene.key.id).await),
    ];
    for (kind, what, other) in cases {
        // With the place and version of what was asked for, and as it is.
        let body = other.body.clone();
        scene.lie(move |key, record| if key.kind == kind { Record { body: body.clone(), ..record } } else { record });
        scene.all_fails(what).await;
        scene.lie(move |key, record| if key.kind == kind { other.clone() } else { record });
        scene.all_fails(what).await;
    }
}

#[tokio::test]
async fn a_version_number_of_the_store_counts() {
    let scene = Scene::new().await;
    for (kind, what) in [(ROOT_KEY, "root key"), (VERSION, "root key version")] {
        scene.lie(
            move |key, record| {
                if key.kind == kind { Record { version: record.version + 1, ..record } } else { record }
            },
        );
        scene.all_fails(what).await;
    }
}

/// An old record under a new version number, put there by somebody who can write to the store: a disabled key stays disabled.
#[tokio::test]
async fn an_old_record_is_not_good_again() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    let active = scene.record(ROOT_KEY, scene.key.id).await;
    manager.disable(scene.key.instance, scene.key.id, &by(), NOW).await.unwrap();
    let disabled = scene.record(ROOT_KEY, scene.key.id).await;
    let put = Change::Put {
        key: active.key,
        expect: Expect::Version(disabled.version),
        body: active.body.to_vec(),
        terms: Vec::new(),
    };
    scene.liar.honest.commit(Batch { changes: vec![put], events: Vec::new() }).await.unwrap();
    scene.all_fails("root key").await;
    let error = manager.enable(scene.key.instance, scene.key.id, &by(), NOW).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { what: "root key", id } if id == scene.key.id), "{error}");
}

#[tokio::test]
async fn the_mark_of_the_master_key_counts() {
    let scene = Scene::new().await;
    let check = Kind(0x10);
    let length = {
        let key = Key { space: Space::INSTALLATION, kind: check, id: [0; 16] };
        scene.liar.honest.get(&key).await.unwrap().unwrap().body.len()
    };
    for place in 0..length {
        scene.lie(move |key, record| if key.kind == check { with(record, |body| body[place] ^= 1) } else { record });
        let store: Arc<dyn Store> = scene.liar.clone();
        let opened = KeyManager::open(store, crate::master(1), Arc::new(wrap::primitive::SystemRandom)).await;
        let error = opened.err().expect("refused");
        assert!(matches!(error, Error::Damaged { .. } | Error::MasterKey { .. }), "{error}");
    }
}
