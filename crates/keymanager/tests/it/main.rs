//! What the rest of Keystead relies on in `keymanager`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod aliases;
mod audit;
mod ciphers;
mod counting;
mod creation;
mod deeds;
mod deletion;
mod earlier;
mod fake_kmip;
mod held;
mod identities;
mod import;
mod index;
mod instances;
mod interposed;
mod key_policies;
mod keys;
mod kmip_keys;
mod liar;
mod list;
mod list_cost;
mod listed_kmip;
mod model;
mod network_policies;
mod people;
mod policies;
mod principals;
mod reach;
mod registrations;
mod restart;
mod rings;
mod roles;
mod rotation;
mod rotation_jobs;
mod schedule;
mod shred;
mod states;
mod tampering;
mod timers;
mod wrapping;

use keymanager::{Action, Call, Key, KeyManager, NewKey, Payload, Timers};
use kmip::Timestamp;
use std::sync::Arc;
use store::Store;
use uuid::Uuid;
use wrap::keys::Keys;
use wrap::master::MasterKey;
use wrap::primitive::SystemRandom;
use wrap::{KeyRef, Secret};
use zeroize::Zeroizing;

const NOW: Timestamp = Timestamp::from_seconds(1_767_323_045);
const CONTENT: &[u8] = b"an adapter key of thirty-two byte";
const AAD: &[u8] = b"whose it is";
/// Nothing needs to wait, but no period ever ends.
const AT_ONCE: Timers = Timers {
    enable_after: 0,
    restore_after: 0,
    restorable: i64::MAX,
    purge_after: 0,
    purge_at: i64::MAX,
    rotate_every: 0,
    sync_every: 0,
    deletion_authorized: i64::MAX,
    month: 30 * 86_400_000,
};

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(Zeroizing::new(bytes.to_vec()))
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

/// A call by a part of the server, which may do everything, at a time.
fn call_at(instance: Uuid, action: Action, now: Timestamp) -> Call {
    Call::internal(instance, action, "somebody", now)
}

/// The same, now.
fn call(instance: Uuid, action: Action) -> Call {
    call_at(instance, action, NOW)
}

fn master(byte: u8) -> MasterKey {
    MasterKey::new(&secret(&[byte; 32])).unwrap()
}

/// Keys that hang on a master key alone: the same ones each time, until an epoch is replaced.
fn keys(byte: u8) -> Arc<Keys> {
    Arc::new(Keys::unfiled(&master(byte), Arc::new(SystemRandom)).unwrap())
}

async fn memory() -> Arc<dyn Store> {
    store::open("memory:").await.unwrap()
}

async fn open_with(store: &Arc<dyn Store>, timers: Timers) -> KeyManager {
    KeyManager::open(Arc::clone(store), keys(1), Arc::new(SystemRandom), timers).await.unwrap()
}

/// With IBM's periods.
async fn open(store: &Arc<dyn Store>) -> KeyManager {
    open_with(store, Timers::default()).await
}

/// An instance.
async fn tenant(manager: &KeyManager) -> Uuid {
    manager.create_instance(&call(Uuid::nil(), Action::CreateInstance), "tenant").await.unwrap().id
}

/// A key manager over a new store, with one instance.
async fn fresh() -> (KeyManager, Uuid) {
    let manager = open(&memory().await).await;
    let instance = tenant(&manager).await;
    (manager, instance)
}

/// What makes a root key.
fn new(name: &str) -> NewKey {
    NewKey::named(name, false)
}

/// What makes a standard key.
fn standard(name: &str) -> NewKey {
    NewKey::named(name, true)
}

/// The same with material of its own.
fn with(new: NewKey, payload: &[u8]) -> NewKey {
    NewKey { payload: Some(plain(payload)), ..new }
}

fn plain(payload: &[u8]) -> Payload {
    Payload::Plain(secret(payload))
}

/// Makes a key, now.
async fn make(manager: &KeyManager, instance: Uuid, new: NewKey) -> Key {
    manager.create_key(&call(instance, Action::CreateKey), new).await.unwrap()
}

/// A key manager with one instance and one root key.
async fn with_key() -> (KeyManager, Key) {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, new("crk")).await;
    (manager, key)
}

/// The key as it is at a time.
async fn seen(manager: &KeyManager, key: &Key, now: Timestamp) -> Key {
    manager.key(&call_at(key.instance, Action::ReadKeyMetadata, now), &key.id.to_string(), None).await.unwrap()
}

fn of(key: &Key) -> KeyRef {
    KeyRef { instance: key.instance, key: key.id }
}
