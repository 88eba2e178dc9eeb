//! Wrap, unwrap and rewrap as the API has them: what comes back is what went in, under the same key and the same data, or an error.

use crate::liar::Liar;
use crate::{AAD, AT_ONCE, CONTENT, call, fresh, make, memory, new, of, open_with, secret, tenant, with, with_key};
use keymanager::{Action, Error, Key, KeyManager, NewKey};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Store;
use uuid::Uuid;
use wrap::{Wrapped, Wrapper};

fn strings(aad: &[&str]) -> Vec<String> {
    aad.iter().map(|text| (*text).to_owned()).collect()
}

async fn wrap(manager: &KeyManager, key: &Key, content: &[u8], aad: &[String]) -> Result<Vec<u8>, Error> {
    let call = call(key.instance, Action::WrapKey);
    let wrapped = manager.wrap_data(&call, &key.id.to_string(), Some(secret(content)), aad).await?;
    assert!(wrapped.generated.is_none(), "what was given is not given back");
    assert_eq!(wrapped.ciphertext[..16], *wrapped.key_version.as_bytes());
    Ok(wrapped.ciphertext)
}

async fn unwrap(manager: &KeyManager, key: &Key, ciphertext: &[u8], aad: &[String]) -> Result<Vec<u8>, Error> {
    let call = call(key.instance, Action::UnwrapKey);
    let unwrapped = manager.unwrap_data(&call, &key.id.to_string(), ciphertext, aad).await?;
    Ok(unwrapped.plaintext.expose().to_vec())
}

async fn refused(manager: &KeyManager, key: &Key, ciphertext: &[u8], aad: &[String]) {
    let (call, id) = (call(key.instance, Action::RewrapKey), key.id.to_string());
    assert!(matches!(unwrap(manager, key, ciphertext, aad).await, Err(Error::Ciphertext)), "{aad:?}");
    assert!(matches!(manager.rewrap_data(&call, &id, ciphertext, aad).await, Err(Error::Ciphertext)), "{aad:?}");
}

#[tokio::test]
async fn what_is_wrapped_comes_back() {
    let (manager, instance) = fresh().await;
    let longest: Vec<String> = (0..126).map(|_| "\u{1F511}".repeat(255)).collect();
    for new in [new("a"), with(new("b"), &[1; 16]), with(new("c"), &[1; 24]), with(new("d"), &[1; 32])] {
        let key = make(&manager, instance, NewKey { aliases: vec![new.name.repeat(2)], ..new }).await;
        for content in [&[0][..], CONTENT, &[7; 4096]] {
            for aad in [&[][..], &strings(&[""]), &strings(&["instance", "key"]), &longest] {
                let ciphertext = wrap(&manager, &key, content, aad).await.unwrap();
                assert_eq!(unwrap(&manager, &key, &ciphertext, aad).await.unwrap(), content);
                assert_ne!(wrap(&manager, &key, content, aad).await.unwrap(), ciphertext);
            }
        }
        let unwrapped = wrap(&manager, &key, CONTENT, &[]).await.unwrap();
        let by_alias = manager.unwrap_data(&call(instance, Action::UnwrapKey), &key.aliases[0], &unwrapped, &[]).await;
        assert_eq!(by_alias.unwrap().plaintext.expose(), CONTENT);
    }
}

#[tokio::test]
async fn without_a_plaintext_one_is_made() {
    let (manager, key) = with_key().await;
    let mut seen = BTreeSet::new();
    for _ in 0..8 {
        let wrapped =
            manager.wrap_data(&call(key.instance, Action::WrapKey), &key.id.to_string(), None, &[]).await.unwrap();
        let generated = wrapped.generated.unwrap().expose().to_vec();
        assert_eq!((generated.len(), wrapped.key_version), (32, key.version));
        assert_eq!(unwrap(&manager, &key, &wrapped.ciphertext, &[]).await.unwrap(), generated);
        seen.insert(generated);
    }
    assert_eq!(seen.len(), 8);
}

#[tokio::test]
async fn limits_are_where_they_are_said_to_be() {
    let (manager, key) = with_key().await;
    let cases: [(&[u8], Vec<String>, &str); 5] = [
        (b"", vec![], "the plaintext has 0 bytes: give 1 to 4096, or none to have 32 random ones made"),
        (&[0; 4097], vec![], "the plaintext has 4097 bytes: give 1 to 4096, or none to have 32 random ones made"),
        (CONTENT, vec![String::new(); 127], "the aad has 127 strings: give 126 or fewer"),
        (CONTENT, vec!["x".repeat(256)], "the aad has a string of 256 characters: give 255 or fewer"),
        (CONTENT, vec!["ä".repeat(255), "ä".repeat(256)], "the aad has a string of 256 characters: give 255 or fewer"),
    ];
    for (content, aad, said) in cases {
        assert_eq!(wrap(&manager, &key, content, &aad).await.unwrap_err().to_string(), said);
    }
    let wrapped = wrap(&manager, &key, CONTENT, &[]).await.unwrap();
    let error = unwrap(&manager, &key, &wrapped, &vec![String::new(); 127]).await.unwrap_err();
    assert!(matches!(error, Error::Field { field: "aad", .. }), "{error}");
}

/// Lists that are alike when they are put together: each opens with itself alone.
#[tokio::test]
async fn no_two_lists_are_the_same() {
    let (manager, key) = with_key().await;
    let lists: [&[&str]; 14] = [
        &[],
        &[""],
        &["", ""],
        &["ab"],
        &["a", "b"],
        &["b", "a"],
        &["ab", ""],
        &["", "ab"],
        &["a", "", "b"],
        &["ab\0"],
        &["\0\0\0\u{1}a"],
        &["a\0\0\0\u{1}b"],
        &["\0\0\0\u{1}a\0\0\0\u{1}b"],
        &["\0\0\0\u{2}\0\0\0\u{1}a\0\0\0\u{1}b"],
    ];
    for (number, list) in lists.iter().enumerate() {
        let ciphertext = wrap(&manager, &key, CONTENT, &strings(list)).await.unwrap();
        for (other_number, other) in lists.iter().enumerate() {
            let found = unwrap(&manager, &key, &ciphertext, &strings(other)).await;
            match found {
                Ok(content) => assert!(number == other_number && content == CONTENT, "{list:?} with {other:?}"),
                Err(error) => assert!(number != other_number && matches!(error, Error::Ciphertext), "{error}"),
            }
        }
    }
}

#[tokio::test]
async fn anything_else_is_refused() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, new("one")).await;
    let other = make(&manager, instance, new("two")).await;
    let ciphertext = wrap(&manager, &key, CONTENT, &[]).await.unwrap();
    for bit in 0..ciphertext.len() * 8 {
        let mut flipped = ciphertext.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(&manager, &key, &flipped, &[]).await;
    }
    for length in 0..ciphertext.len() {
        refused(&manager, &key, &ciphertext[..length], &[]).await;
    }
    refused(&manager, &key, &[&ciphertext[..], &[0]].concat(), &[]).await;
    refused(&manager, &other, &ciphertext, &[]).await;
    for version in [other.version, key.id, Uuid::nil()] {
        let moved = [&version.as_bytes()[..], &ciphertext[16..]].concat();
        refused(&manager, &key, &moved, &[]).await;
    }
}

/// The same material under the same version: the use alone is another one.
#[tokio::test]
async fn what_the_engine_wrapped_is_not_for_the_api() {
    let (manager, key) = with_key().await;
    let by_engine = manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
    let text = vec![String::from_utf8(AAD.to_vec()).unwrap()];
    for aad in [&[][..], &text] {
        refused(&manager, &key, &by_engine.ciphertext, aad).await;
    }
    // An engine whose additional data are those that the API makes of no strings.
    let by_engine = manager.wrap(&of(&key), &secret(CONTENT), &[0; 4]).await.unwrap();
    refused(&manager, &key, &by_engine.ciphertext, &[]).await;
    let by_api = wrap(&manager, &key, CONTENT, &[]).await.unwrap();
    for aad in [&[][..], &[0; 4], AAD] {
        let wrapped = Wrapped { ciphertext: by_api.clone(), key_version: key.version };
        assert!(matches!(manager.unwrap(&of(&key), &wrapped, aad).await, Err(wrap::Error::Invalid)));
    }
}

#[tokio::test]
async fn older_versions_unwrap_and_are_wrapped_again() {
    let manager = open_with(&memory().await, AT_ONCE).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, new("crk")).await;
    let (id, aad) = (key.id.to_string(), strings(&["a"]));
    let (unwrap_call, rewrap_call) = (call(instance, Action::UnwrapKey), call(instance, Action::RewrapKey));
    let mut all = vec![(key.version, wrap(&manager, &key, CONTENT, &aad).await.unwrap())];
    for _ in 0..3 {
        let newest = manager.rotate(&call(instance, Action::RotateKey), &id, None).await.unwrap().version;
        for (version, old) in &all {
            let unwrapped = manager.unwrap_data(&unwrap_call, &id, old, &aad).await.unwrap();
            let by_the_way = unwrapped.rewrapped.expect("the version is old");
            let rewrapped = manager.rewrap_data(&rewrap_call, &id, old, &aad).await.unwrap();
            assert_eq!((unwrapped.plaintext.expose(), unwrapped.key_version), (CONTENT, *version));
            for again in [by_the_way, rewrapped] {
                assert_eq!((again.key_version, again.rewrapped_key_version), (*version, newest));
                let unwrapped = manager.unwrap_data(&unwrap_call, &id, &again.ciphertext, &aad).await.unwrap();
                assert_eq!((unwrapped.plaintext.expose(), unwrapped.key_version), (CONTENT, newest));
                assert!(unwrapped.rewrapped.is_none());
                refused(&manager, &key, &again.ciphertext, &[]).await;
            }
        }
        all.push((newest, wrap(&manager, &key, CONTENT, &aad).await.unwrap()));
    }
}

/// The hot path: once a version is opened, each costs one look into the store, which is for the key.
#[tokio::test]
async fn each_looks_into_the_store_once() {
    let liar = Liar::new(memory().await);
    let store: Arc<dyn Store> = liar.clone();
    let manager = crate::open(&store).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, new("crk")).await;
    let ciphertext = wrap(&manager, &key, CONTENT, &[]).await.unwrap();
    let for_engine = manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
    liar.looks();
    wrap(&manager, &key, CONTENT, &[]).await.unwrap();
    assert_eq!(liar.looks(), 1, "wrap");
    unwrap(&manager, &key, &ciphertext, &[]).await.unwrap();
    assert_eq!(liar.looks(), 1, "unwrap");
    let (call, id) = (call(instance, Action::RewrapKey), key.id.to_string());
    manager.rewrap_data(&call, &id, &ciphertext, &[]).await.unwrap();
    assert_eq!(liar.looks(), 1, "rewrap");
    manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
    manager.unwrap(&of(&key), &for_engine, AAD).await.unwrap();
    assert_eq!(liar.looks(), 2, "the engine's");
}

/// Whoever lost a key imports its material again, and reads what it wrapped.
#[tokio::test]
async fn the_same_material_under_another_key_unwraps_the_same() {
    let (manager, instance) = fresh().await;
    let lost = make(&manager, instance, with(new("lost"), &[5; 32])).await;
    let ciphertext = wrap(&manager, &lost, CONTENT, &[]).await.unwrap();
    let again = make(&manager, instance, with(new("again"), &[5; 32])).await;
    assert_eq!(unwrap(&manager, &again, &ciphertext, &[]).await.unwrap(), CONTENT);
    refused(&manager, &again, &ciphertext, &strings(&["other"])).await;
    for other in [with(new("other"), &[6; 32]), with(new("shorter"), &[5; 16]), new("generated")] {
        let other = make(&manager, instance, other).await;
        refused(&manager, &other, &ciphertext, &[]).await;
    }
}
