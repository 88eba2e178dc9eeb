//! A store that lies: what it gives back damaged, moved or exchanged is an error, never another key.

use crate::liar::{Liar, with};
use crate::{AAD, CONTENT, call, make, memory, new, of, open, secret, tenant};
use bytes::Bytes;
use keymanager::{Action, Error, Key, KeyManager, Timers};
use std::sync::Arc;
use store::{Batch, Change, Expect, Key as Place, Kind, Record, Space, Store};
use wrap::{Wrapped, Wrapper};

const KEY: Kind = Kind(0x12);
const VERSION: Kind = Kind(0x13);

/// Two root keys, one with two versions, and something that is wrapped under the first version.
struct Scene {
    liar: Arc<Liar>,
    key: Key,
    other: Key,
    wrapped: Wrapped,
}

impl Scene {
    async fn new() -> Self {
        let liar = Liar::new(memory().await);
        let store: Arc<dyn Store> = liar.clone();
        let manager = open(&store).await;
        let instance = tenant(&manager).await;
        let key = make(&manager, instance, new("one")).await;
        let other = make(&manager, instance, new("two")).await;
        let wrapped = manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
        let key = manager.rotate(&call(instance, Action::RotateKey), &key.id.to_string(), None).await.unwrap();
        Scene { liar, key, other, wrapped }
    }

    /// A key manager that has opened nothing yet.
    async fn manager(&self) -> KeyManager {
        let store: Arc<dyn Store> = self.liar.clone();
        open(&store).await
    }

    async fn record(&self, kind: Kind, id: uuid::Uuid) -> Record {
        let key = Place { space: Space(*self.key.instance.as_bytes()), kind, id: *id.as_bytes() };
        self.liar.honest().get(&key).await.unwrap().unwrap()
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
    for (kind, what, id) in [(KEY, "key", scene.key.id), (VERSION, "key version", scene.key.version)] {
        let length = scene.record(kind, id).await.body.len();
        for place in 0..length {
            scene.liar.lie(
                move |key, record| if key.kind == kind { with(record, |body| body[place] ^= 0x10) } else { record },
            );
            scene.all_fails(what).await;
        }
        for length in 0..length {
            scene.liar.lie(
                move |key, record| if key.kind == kind { with(record, |body| body.truncate(length)) } else { record },
            );
            scene.all_fails(what).await;
        }
    }
}

#[tokio::test]
async fn records_are_good_at_their_own_place_alone() {
    let scene = Scene::new().await;
    let cases = [
        (KEY, "key", scene.record(KEY, scene.other.id).await),
        (KEY, "key", scene.record(VERSION, scene.key.version).await),
        (VERSION, "key version", scene.record(VERSION, scene.other.version).await),
        (VERSION, "key version", scene.record(KEY, scene.key.id).await),
    ];
    for (kind, what, other) in cases {
        // With the place and version of what was asked for, and as it is.
        let body = other.body.clone();
        scene
            .liar
            .lie(move |key, record| if key.kind == kind { with(record, |old| *old = body.to_vec()) } else { record });
        scene.all_fails(what).await;
        scene.liar.lie(move |key, record| if key.kind == kind { other.clone() } else { record });
        scene.all_fails(what).await;
    }
}

#[tokio::test]
async fn a_version_number_of_the_store_counts() {
    let scene = Scene::new().await;
    for (kind, what) in [(KEY, "key"), (VERSION, "key version")] {
        scene.liar.lie(move |key, record| {
            if key.kind == kind { Record { version: record.version + 1, ..record.clone() } } else { record }
        });
        scene.all_fails(what).await;
    }
}

/// An old record under a new version number, put there by somebody who can write to the store: a disabled key stays disabled.
#[tokio::test]
async fn an_old_record_is_not_good_again() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    let active = scene.record(KEY, scene.key.id).await;
    manager.disable(&call(scene.key.instance, Action::DisableKey), &scene.key.id.to_string()).await.unwrap();
    let disabled = scene.record(KEY, scene.key.id).await;
    let put = Change::Put {
        key: active.key,
        expect: Expect::Version(disabled.version),
        body: active.body.to_vec(),
        terms: Vec::new(),
    };
    scene.liar.honest().commit(Batch { changes: vec![put], events: Vec::new() }).await.unwrap();
    scene.all_fails("key").await;
    let error =
        manager.enable(&call(scene.key.instance, Action::EnableKey), &scene.key.id.to_string()).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { what: "key", id } if id == scene.key.id), "{error}");
}

#[tokio::test]
async fn the_mark_of_the_master_key_counts() {
    let scene = Scene::new().await;
    let check = Kind(0x10);
    let length = {
        let key = Place { space: Space::INSTALLATION, kind: check, id: [0; 16] };
        scene.liar.honest().get(&key).await.unwrap().unwrap().body.len()
    };
    for place in 0..length {
        scene
            .liar
            .lie(move |key, record| if key.kind == check { with(record, |body| body[place] ^= 1) } else { record });
        let store: Arc<dyn Store> = scene.liar.clone();
        let opened =
            KeyManager::open(store, crate::keys(1), Arc::new(wrap::primitive::SystemRandom), Timers::default()).await;
        let error = opened.err().expect("refused");
        assert!(matches!(error, Error::Damaged { .. } | Error::MasterKey { .. }), "{error}");
    }
}

/// What was found right is remembered with the record, as the store's cache keeps it: at its place, in its version, and by the key
/// manager that found it so.
#[tokio::test]
async fn what_was_found_right_is_not_right_elsewhere() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    let uses = async |manager: &KeyManager, key: &Key, found: Record| {
        scene.liar.lie(move |key, record| if key.kind == KEY { found.clone() } else { record });
        manager.wrap(&of(key), &secret(CONTENT), AAD).await.is_ok()
    };
    let kept = scene.record(KEY, scene.key.id).await;
    assert!(uses(&manager, &scene.key, kept.clone()).await);
    let damaged = Record { body: Bytes::from_static(b"damaged"), ..kept.clone() };
    assert!(uses(&manager, &scene.key, damaged.clone()).await, "it is not looked at again");
    let another_version = Record { version: kept.version + 1, ..damaged.clone() };
    assert!(!uses(&manager, &scene.key, another_version).await, "another version");
    assert!(uses(&manager, &scene.key, kept.clone()).await);
    assert!(!uses(&manager, &scene.other, damaged.clone()).await, "another place");
    assert!(uses(&manager, &scene.key, kept).await);
    assert!(!uses(&scene.manager().await, &scene.key, damaged).await, "another key manager");
}
