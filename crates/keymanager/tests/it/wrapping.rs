//! Wrapping and unwrapping: what comes back is what went in, under the same key and additional data, or an error.

use crate::{
    AAD, AT_ONCE, CONTENT, call, fresh, make, memory, new, of, open_with, secret, standard, tenant, with, with_key,
};
use keymanager::{Action, Key, KeyManager};
use uuid::Uuid;
use wrap::{Error, KeyRef, Unwrapped, Wrapped, Wrapper};

async fn wrap(manager: &KeyManager, key: &Key) -> Wrapped {
    manager.wrap(&of(key), &secret(CONTENT), AAD).await.unwrap()
}

async fn unwrap(manager: &KeyManager, key: &Key, wrapped: &Wrapped) -> Result<Unwrapped, Error> {
    manager.unwrap(&of(key), wrapped, AAD).await
}

#[tokio::test]
async fn what_is_wrapped_comes_back() {
    let (manager, instance) = fresh().await;
    for new in [new("a"), with(new("b"), &[1; 16]), with(new("c"), &[1; 24]), with(new("d"), &[1; 32])] {
        let key = make(&manager, instance, new).await;
        for content in [&b""[..], &[0], CONTENT, &[7; 4096]] {
            let wrapped = manager.wrap(&of(&key), &secret(content), AAD).await.unwrap();
            assert_eq!(wrapped.key_version, key.version);
            let unwrapped = unwrap(&manager, &key, &wrapped).await.unwrap();
            assert_eq!(unwrapped.plaintext.expose(), content);
            assert!(unwrapped.rewrapped.is_none());
        }
    }
}

#[tokio::test]
async fn older_versions_unwrap_and_are_wrapped_again() {
    let manager = open_with(&memory().await, AT_ONCE).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, new("crk")).await;
    let mut all = vec![wrap(&manager, &key).await];
    for _ in 0..3 {
        let rotated = manager.rotate(&call(instance, Action::RotateKey), &key.id.to_string(), None).await.unwrap();
        for old in &all {
            let unwrapped = unwrap(&manager, &key, old).await.unwrap();
            assert_eq!(unwrapped.plaintext.expose(), CONTENT);
            let again = unwrapped.rewrapped.expect("the version is old");
            assert_eq!(again.key_version, rotated.version);
            let unwrapped = unwrap(&manager, &key, &again).await.unwrap();
            assert_eq!(unwrapped.plaintext.expose(), CONTENT);
            assert!(unwrapped.rewrapped.is_none());
        }
        all.push(wrap(&manager, &key).await);
    }
}

#[tokio::test]
async fn anything_else_is_refused() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, new("one")).await;
    let other = make(&manager, instance, new("two")).await;
    let wrapped = wrap(&manager, &key).await;
    let refused = async |key: &KeyRef, wrapped: &Wrapped, aad: &[u8]| {
        assert!(matches!(manager.unwrap(key, wrapped, aad).await, Err(Error::Invalid)), "{key:?} {aad:?}");
    };
    for bit in 0..wrapped.ciphertext.len() * 8 {
        let mut flipped = wrapped.clone();
        flipped.ciphertext[bit / 8] ^= 1 << (bit % 8);
        refused(&of(&key), &flipped, AAD).await;
    }
    for length in 0..wrapped.ciphertext.len() {
        let cut = Wrapped { ciphertext: wrapped.ciphertext[..length].to_vec(), ..wrapped.clone() };
        refused(&of(&key), &cut, AAD).await;
    }
    for aad in [&b""[..], b"whose it i", b"whose it is "] {
        refused(&of(&key), &wrapped, aad).await;
    }
    for version in [other.version, key.id, Uuid::nil()] {
        let moved = Wrapped { key_version: version, ..wrapped.clone() };
        refused(&of(&key), &moved, AAD).await;
        let ciphertext = [&version.as_bytes()[..], &wrapped.ciphertext[16..]].concat();
        refused(&of(&key), &Wrapped { ciphertext, key_version: version }, AAD).await;
    }
    refused(&of(&other), &wrapped, AAD).await;
}

/// The state is asked at each call, whatever was opened before it changed.
#[tokio::test]
async fn a_change_of_state_bites_at_once() {
    let manager = open_with(&memory().await, AT_ONCE).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, new("crk")).await;
    let wrapped = wrap(&manager, &key).await;
    let uses = async || {
        let wrapping = manager.wrap(&of(&key), &secret(CONTENT), AAD).await.map(|_| ());
        (wrapping, unwrap(&manager, &key, &wrapped).await.map(|_| ()))
    };
    let disabled = |found: (Result<(), Error>, Result<(), Error>)| matches!(found, (Err(Error::Disabled(a)), Err(Error::Disabled(b))) if a == key.id && b == key.id);
    let deleted = |found: (Result<(), Error>, Result<(), Error>)| matches!(found, (Err(Error::Deleted(a)), Err(Error::Deleted(b))) if a == key.id && b == key.id);
    let id = key.id.to_string();
    assert!(matches!(uses().await, (Ok(()), Ok(()))));
    manager.disable(&call(instance, Action::DisableKey), &id).await.unwrap();
    assert!(disabled(uses().await));
    manager.enable(&call(instance, Action::EnableKey), &id).await.unwrap();
    assert!(matches!(uses().await, (Ok(()), Ok(()))));
    manager.delete_key(&call(instance, Action::DeleteKey), &id, false).await.unwrap();
    assert!(deleted(uses().await));
    manager.restore(&call(instance, Action::RestoreKey), &id).await.unwrap();
    assert!(matches!(uses().await, (Ok(()), Ok(()))));
}

#[tokio::test]
async fn a_key_that_never_was_is_deleted() {
    let (manager, key) = with_key().await;
    let wrapped = wrap(&manager, &key).await;
    for (instance, id) in [(key.instance, Uuid::nil()), (Uuid::nil(), key.id)] {
        let nothing = KeyRef { instance, key: id };
        assert!(
            matches!(manager.wrap(&nothing, &secret(CONTENT), AAD).await, Err(Error::Deleted(found)) if found == id)
        );
        assert!(matches!(manager.unwrap(&nothing, &wrapped, AAD).await, Err(Error::Deleted(found)) if found == id));
    }
}

/// A version belongs to one key; what opens a seal is the material, so that a key can be imported again after its loss.
#[tokio::test]
async fn the_version_names_the_key_and_the_material_opens() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, with(new("one"), &[3; 32])).await;
    let again = make(&manager, instance, with(new("two"), &[3; 32])).await;
    let wrapped = wrap(&manager, &key).await;
    assert!(
        matches!(unwrap(&manager, &again, &wrapped).await, Err(Error::Invalid)),
        "the version belongs to another key"
    );
    let ciphertext = [&again.version.as_bytes()[..], &wrapped.ciphertext[16..]].concat();
    let moved = Wrapped { ciphertext, key_version: again.version };
    assert_eq!(unwrap(&manager, &again, &moved).await.unwrap().plaintext.expose(), CONTENT);
}

#[tokio::test]
async fn a_store_that_fails_is_the_lack_of_an_answer() {
    let store = memory().await;
    let manager = crate::open(&store).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, new("crk")).await;
    let wrapped = wrap(&manager, &key).await;
    store.close().await.unwrap();
    assert!(matches!(unwrap(&manager, &key, &wrapped).await, Err(Error::Unreachable(_))));
    assert!(matches!(manager.wrap(&of(&key), &secret(CONTENT), AAD).await, Err(Error::Unreachable(_))));
}

/// What is no root key wraps nothing, not even for the engine.
#[tokio::test]
async fn a_standard_key_is_of_no_use() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, with(standard("payload"), &[1; 32])).await;
    let refused = manager.wrap(&of(&key), &secret(CONTENT), AAD).await;
    assert!(matches!(refused, Err(Error::Disabled(id)) if id == key.id));
}
