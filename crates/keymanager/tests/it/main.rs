//! What the rest of Keystead relies on in `keymanager`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod audit;
mod keys;
mod model;
mod principals;
mod restart;
mod states;
mod tampering;
mod wrapping;

use keymanager::{Actor, KeyManager, NewRootKey, RootKey};
use kmip::Timestamp;
use std::sync::Arc;
use store::Store;
use uuid::Uuid;
use wrap::master::MasterKey;
use wrap::primitive::SystemRandom;
use wrap::{KeyRef, Secret};
use zeroize::Zeroizing;

const NOW: Timestamp = Timestamp::from_seconds(1_767_323_045);
const CONTENT: &[u8] = b"an adapter key of thirty-two byte";
const AAD: &[u8] = b"whose it is";

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(Zeroizing::new(bytes.to_vec()))
}

fn by() -> Actor {
    Actor::new("somebody")
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

fn master(byte: u8) -> MasterKey {
    MasterKey::new(&secret(&[byte; 32])).unwrap()
}

async fn memory() -> Arc<dyn Store> {
    store::open("memory:").await.unwrap()
}

async fn open(store: &Arc<dyn Store>) -> KeyManager {
    KeyManager::open(Arc::clone(store), master(1), Arc::new(SystemRandom)).await.unwrap()
}

/// A key manager over a new store, with one instance.
async fn fresh() -> (KeyManager, Uuid) {
    let manager = open(&memory().await).await;
    let instance = manager.create_instance("tenant", &by(), NOW).await.unwrap();
    (manager, instance.id)
}

fn new(name: &str) -> NewRootKey {
    NewRootKey { name: name.into(), description: None, payload: None }
}

fn import(name: &str, payload: &[u8]) -> NewRootKey {
    NewRootKey { payload: Some(secret(payload)), ..new(name) }
}

/// The same with one root key.
async fn with_key() -> (KeyManager, RootKey) {
    let (manager, instance) = fresh().await;
    let key = manager.create_root_key(instance, new("crk"), &by(), NOW).await.unwrap();
    (manager, key)
}

fn of(key: &RootKey) -> KeyRef {
    KeyRef { instance: key.instance, key: key.id }
}
