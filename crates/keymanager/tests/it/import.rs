//! Import tokens: had as often as was said, and what importers send under them.

use crate::network_policies::holder;
use crate::policies::{EVERYTHING, on, set};
use crate::{NOW, call, call_at, fresh, later, memory, new, of, open, standard, tenant};
use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{self, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keymanager::{
    Action, CreateImportAccess, EncryptedPayload, Error, ImportKit, ImportToken, Key, KeyManager, NewKey, Origin,
    Payload, Role, Rule,
};
use kmip::Timestamp;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;
use wrap::Wrapper;

const MATERIAL: [u8; 32] = *b"material that a customer brings\0";
const IV: [u8; 16] = *b"an iv of sixteen";

async fn create(
    manager: &KeyManager,
    instance: Uuid,
    expiration: Option<i64>,
    retrievals: Option<i64>,
) -> Result<ImportToken, Error> {
    manager.create_import_token(&call(instance, Action::CreateImportToken), expiration, retrievals).await
}

async fn get(manager: &KeyManager, instance: Uuid, now: Timestamp) -> Result<ImportKit, Error> {
    manager.import_token(&call_at(instance, Action::ReadImportToken, now)).await
}

fn encrypt(kit: &ImportKit, algorithm: &'static rsa::OaepAlgorithm, text: &[u8]) -> Vec<u8> {
    let base64: String = kit.public_key.lines().filter(|line| !line.starts_with('-')).collect();
    let key = PublicEncryptingKey::from_der(&STANDARD.decode(base64).unwrap()).unwrap();
    assert_eq!(key.key_size_bits(), 4096);
    let mut ciphertext = vec![0; key.key_size_bytes()];
    OaepPublicEncryptingKey::new(key).unwrap().encrypt(algorithm, text, &mut ciphertext, None).unwrap();
    ciphertext
}

fn gcm(material: &[u8], iv: &[u8], nonce: &[u8]) -> Vec<u8> {
    let algorithm = match material.len() {
        16 => &aead::AES_128_GCM,
        24 => &aead::AES_192_GCM,
        _ => &aead::AES_256_GCM,
    };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, material).unwrap());
    let mut sealed = nonce.to_vec();
    let iv = Nonce::try_assume_unique_for_key(iv).unwrap();
    key.seal_in_place_append_tag(iv, Aad::empty(), &mut sealed).unwrap();
    sealed
}

fn cbc(material: &[u8], iv: [u8; 16], nonce: &[u8]) -> Vec<u8> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, material).unwrap()).unwrap();
    let mut sealed = nonce.to_vec();
    key.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128(FixedLength::from(iv))).unwrap();
    sealed
}

/// What Key Protect's clients send.
fn payload(kit: &ImportKit, material: &[u8]) -> EncryptedPayload {
    EncryptedPayload {
        ciphertext: encrypt(kit, &rsa::OAEP_SHA256_MGF1SHA256, material),
        nonce: gcm(material, &IV[..12], &kit.nonce),
        iv: IV[..12].to_vec(),
        algorithm: Some("RSAES_OAEP_SHA_256".into()),
    }
}

/// What Hyper Protect Crypto Services' clients send.
fn payload_of_hpcs(kit: &ImportKit, material: &[u8]) -> EncryptedPayload {
    EncryptedPayload {
        ciphertext: encrypt(kit, &rsa::OAEP_SHA1_MGF1SHA1, material),
        nonce: cbc(material, IV, &kit.nonce),
        iv: IV.to_vec(),
        algorithm: Some("RSAES_OAEP_SHA_1".into()),
    }
}

async fn import(manager: &KeyManager, instance: Uuid, payload: EncryptedPayload) -> Result<Key, Error> {
    import_at(manager, instance, payload, NOW).await
}

async fn import_at(
    manager: &KeyManager,
    instance: Uuid,
    payload: EncryptedPayload,
    now: Timestamp,
) -> Result<Key, Error> {
    let new = NewKey { payload: Some(Payload::Encrypted(payload)), ..new("imported") };
    manager.create_key(&call_at(instance, Action::CreateKey, now), new).await
}

/// That two keys have the same material: what one wrapped, unwraps under the other.
async fn check_same(manager: &KeyManager, one: &Key, other: &Key) {
    let wrapped = manager.wrap(&of(one), &crate::secret(crate::CONTENT), crate::AAD).await.unwrap();
    let ciphertext = [other.version.as_bytes(), &wrapped.ciphertext[16..]].concat();
    let wrapped = wrap::Wrapped { ciphertext, key_version: other.version };
    assert_eq!(manager.unwrap(&of(other), &wrapped, crate::AAD).await.unwrap().plaintext.expose(), crate::CONTENT);
}

/// One token for all of it, since a key pair takes seconds to make: IBM's ways of sending material, before and after a restart, and
/// what is not sent in one of those ways.
#[tokio::test]
async fn what_importers_send_becomes_a_key_or_nothing() {
    let folder = TempDir::new().unwrap();
    let address = format!("sqlite:{}", folder.path().join("data.db").display());
    let store = store::open(&address).await.unwrap();
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    create(&manager, instance, None, None).await.unwrap();
    let kit = get(&manager, instance, NOW).await.unwrap();
    check_good(&manager, instance, &kit).await;
    check_bad(&manager, instance, &kit).await;
    check_policy(&manager, instance, &kit).await;
    drop(manager);
    store.close().await.unwrap();
    drop(store);
    let manager = open(&store::open(&address).await.unwrap()).await;
    check_good(&manager, instance, &kit).await;
    assert!(matches!(get(&manager, instance, NOW).await, Err(Error::ImportTokenExpired)));
    check_time(&manager, instance, &kit).await;
    check_replaced(&manager, instance, &kit).await;
}

async fn check_good(manager: &KeyManager, instance: Uuid, kit: &ImportKit) {
    for length in [16, 24, 32] {
        let key = import(manager, instance, payload(kit, &MATERIAL[..length])).await.unwrap();
        assert!(key.imported && !key.extractable);
        let same = crate::make(manager, instance, crate::with(new("same"), &MATERIAL[..length])).await;
        check_same(manager, &key, &same).await;
    }
    let same = crate::make(manager, instance, crate::with(new("same"), &MATERIAL)).await;
    let others = [
        EncryptedPayload { algorithm: None, ..payload(kit, &MATERIAL) },
        payload_of_hpcs(kit, &MATERIAL),
        // GCM beside SHA-1.
        EncryptedPayload {
            nonce: gcm(&MATERIAL, &IV[..12], &kit.nonce),
            iv: IV[..12].to_vec(),
            ..payload_of_hpcs(kit, &MATERIAL)
        },
    ];
    for payload in others {
        check_same(manager, &import(manager, instance, payload).await.unwrap(), &same).await;
    }
    let rotated = manager
        .rotate(
            &call(instance, Action::RotateKey),
            &same.id.to_string(),
            Some(Payload::Encrypted(payload(kit, &[7; 16]))),
        )
        .await;
    assert_eq!(rotated.unwrap().versions, 2);
}

/// What is not as it must be, and what is said about it.
async fn check_bad(manager: &KeyManager, instance: Uuid, kit: &ImportKit) {
    let good = || payload(kit, &MATERIAL);
    let hpcs = || payload_of_hpcs(kit, &MATERIAL);
    let flipped = |mut bytes: Vec<u8>| {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        bytes
    };
    let field = |field: &'static str| move |error: &Error| matches!(error, Error::Field { field: found, .. } if *found == field);
    let (is_iv, is_nonce) =
        (|error: &Error| matches!(error, Error::NonceIv), |error: &Error| matches!(error, Error::Nonce));
    let other = [8; 12];
    type Is = Box<dyn Fn(&Error) -> bool>;
    let cases: Vec<(&str, EncryptedPayload, Is)> = vec![
        ("no payload", EncryptedPayload { ciphertext: vec![], ..good() }, Box::new(field("payload"))),
        (
            "a bit of the payload",
            EncryptedPayload { ciphertext: flipped(good().ciphertext), ..good() },
            Box::new(field("payload")),
        ),
        (
            "too short",
            EncryptedPayload { ciphertext: good().ciphertext[1..].to_vec(), ..good() },
            Box::new(field("payload")),
        ),
        ("zeros", EncryptedPayload { ciphertext: vec![0; 512], ..good() }, Box::new(field("payload"))),
        ("the other hash", EncryptedPayload { ciphertext: hpcs().ciphertext, ..good() }, Box::new(field("payload"))),
        (
            "material of 20 bytes",
            EncryptedPayload { ciphertext: encrypt(kit, &rsa::OAEP_SHA256_MGF1SHA256, &[1; 20]), ..good() },
            Box::new(field("payload")),
        ),
        (
            "no material",
            EncryptedPayload { ciphertext: encrypt(kit, &rsa::OAEP_SHA256_MGF1SHA256, &[]), ..good() },
            Box::new(field("payload")),
        ),
        (
            "an algorithm",
            EncryptedPayload { algorithm: Some("RSA".into()), ..good() },
            Box::new(field("encryptionAlgorithm")),
        ),
        ("an empty iv", EncryptedPayload { iv: vec![], ..good() }, Box::new(is_iv)),
        ("an iv of 16 bytes", EncryptedPayload { iv: IV.to_vec(), ..good() }, Box::new(is_iv)),
        ("an iv of 15 bytes", EncryptedPayload { iv: IV[..15].to_vec(), ..hpcs() }, Box::new(is_iv)),
        ("another iv", EncryptedPayload { iv: vec![9; 12], ..good() }, Box::new(is_iv)),
        ("a bit of the nonce", EncryptedPayload { nonce: flipped(good().nonce), ..good() }, Box::new(is_iv)),
        ("no nonce", EncryptedPayload { nonce: vec![], ..good() }, Box::new(is_iv)),
        ("a nonce in the clear", EncryptedPayload { nonce: kit.nonce.to_vec(), ..good() }, Box::new(is_iv)),
        (
            "under another key",
            EncryptedPayload { nonce: gcm(&[3; 32], &IV[..12], &kit.nonce), ..good() },
            Box::new(is_iv),
        ),
        ("another nonce", EncryptedPayload { nonce: gcm(&MATERIAL, &IV[..12], &other), ..good() }, Box::new(is_nonce)),
        (
            "a part of it",
            EncryptedPayload { nonce: gcm(&MATERIAL, &IV[..12], &kit.nonce[..11]), ..good() },
            Box::new(is_nonce),
        ),
        ("an empty one", EncryptedPayload { nonce: gcm(&MATERIAL, &IV[..12], &[]), ..good() }, Box::new(is_nonce)),
        ("CBC: another nonce", EncryptedPayload { nonce: cbc(&MATERIAL, IV, &other), ..hpcs() }, Box::new(is_nonce)),
        ("CBC: a bit of it", EncryptedPayload { nonce: flipped(hpcs().nonce), ..hpcs() }, Box::new(is_nonce)),
        ("CBC: another iv", EncryptedPayload { iv: vec![9; 16], ..hpcs() }, Box::new(is_nonce)),
        ("CBC: no nonce", EncryptedPayload { nonce: vec![], ..hpcs() }, Box::new(is_nonce)),
    ];
    for (case, payload, is) in cases {
        let error = import(manager, instance, payload).await.expect_err(case);
        assert!(is(&error), "{case}: {error:?}");
    }
    let of_standard = NewKey { payload: Some(Payload::Encrypted(good())), ..standard("key") };
    let error = manager.create_key(&call(instance, Action::CreateKey), of_standard).await.unwrap_err();
    assert!(matches!(error, Error::RootKeyRequired(_)), "{error}");
}

/// The token is enforced, and wins over what says that root keys are not imported.
async fn check_policy(manager: &KeyManager, instance: Uuid, kit: &ImportKit) {
    for (import_root_key, enforce_token, allowed) in
        [(true, false, true), (false, false, false), (true, true, true), (false, true, true)]
    {
        let access = CreateImportAccess { import_root_key, enforce_token, ..EVERYTHING };
        set(manager, instance, vec![on(Rule::KeyCreateImportAccess(access))]).await;
        let imported = import(manager, instance, payload(kit, &MATERIAL)).await;
        assert_eq!(imported.is_ok(), allowed, "{access:?}");
        assert!(imported.err().is_none_or(|error| matches!(error, Error::CreateImportAccess(_))));
    }
    set(manager, instance, vec![on(Rule::KeyCreateImportAccess(EVERYTHING))]).await;
}

async fn check_time(manager: &KeyManager, instance: Uuid, kit: &ImportKit) {
    for (seconds, good) in [(599, true), (600, false), (601, false)] {
        let imported = import_at(manager, instance, payload(kit, &MATERIAL), later(seconds)).await;
        assert_eq!(imported.is_ok(), good, "after {seconds} s");
        assert!(imported.err().is_none_or(|error| matches!(error, Error::ImportTokenExpired)));
    }
}

/// Under a new token, what was encrypted for the one before is nothing.
async fn check_replaced(manager: &KeyManager, instance: Uuid, old: &ImportKit) {
    create(manager, instance, Some(300), Some(3)).await.unwrap();
    let error = import(manager, instance, payload(old, &MATERIAL)).await.unwrap_err();
    assert!(matches!(error, Error::Field { field: "payload", .. }), "{error}");
    let kit = get(manager, instance, NOW).await.unwrap();
    assert_ne!((kit.nonce, &kit.public_key), (old.nonce, &old.public_key));
    let nonce = gcm(&MATERIAL, &IV[..12], &old.nonce);
    let error = import(manager, instance, EncryptedPayload { nonce, ..payload(&kit, &MATERIAL) }).await.unwrap_err();
    assert!(matches!(error, Error::Nonce), "{error}");
    import(manager, instance, payload(&kit, &MATERIAL)).await.unwrap();
    let elsewhere = tenant(manager).await;
    let error = import(manager, elsewhere, payload(&kit, &MATERIAL)).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { what: "import token", .. }), "{error}");
    assert!(matches!(get(manager, elsewhere, NOW).await, Err(Error::NotFound { what: "import token", .. })));
}

#[tokio::test]
async fn a_token_says_how_long_and_how_often() {
    let (manager, instance) = fresh().await;
    let token = create(&manager, instance, None, None).await.unwrap();
    let expected = ImportToken { created: NOW, expires: later(600), max_retrievals: 1, remaining_retrievals: 1 };
    assert_eq!(token, expected);
    let first = get(&manager, instance, NOW).await.unwrap();
    assert_eq!(first.token, ImportToken { remaining_retrievals: 0, ..expected });
    assert!(matches!(get(&manager, instance, NOW).await, Err(Error::ImportTokenExpired)));
    let longest = create(&manager, instance, Some(86_400), Some(500)).await.unwrap();
    let expected = ImportToken { created: NOW, expires: later(86_400), max_retrievals: 500, remaining_retrievals: 500 };
    assert_eq!(longest, expected, "in the place of the first");
    for (seconds, left) in [(0, Some(499)), (86_399, Some(498)), (86_400, None), (86_401, None), (0, Some(497))] {
        match (get(&manager, instance, later(seconds)).await, left) {
            (Ok(kit), Some(left)) => assert_eq!(kit.token.remaining_retrievals, left),
            (Err(Error::ImportTokenExpired), None) => {}
            (Ok(_), None) => panic!("had after {seconds} s"),
            (Err(error), _) => panic!("after {seconds} s: {error}"),
        }
    }
}

#[tokio::test]
async fn what_no_token_can_be_is_refused() {
    let (manager, instance) = fresh().await;
    let expiration = "expiration";
    let retrievals = "maxAllowedRetrievals";
    let cases = [
        (Some(299), None, expiration, "is 299: give 300 to 86400"),
        (Some(86_401), None, expiration, "is 86401: give 300 to 86400"),
        (Some(-1), None, expiration, "is -1: give 300 to 86400"),
        (Some(i64::MAX), None, expiration, "is 9223372036854775807: give 300 to 86400"),
        (None, Some(0), retrievals, "is 0: give 1 to 500"),
        (None, Some(501), retrievals, "is 501: give 1 to 500"),
        (None, Some(i64::MIN), retrievals, "is -9223372036854775808: give 1 to 500"),
    ];
    for (seconds, times, field, reason) in cases {
        let error = create(&manager, instance, seconds, times).await.unwrap_err();
        let Error::Field { field: found, reason: why } = error else { panic!("{error}") };
        assert_eq!((found, why.as_str()), (field, reason));
    }
    assert!(matches!(get(&manager, instance, NOW).await, Err(Error::NotFound { what: "import token", .. })));
}

/// Who reaches a part of an instance neither replaces its token nor takes retrievals from it.
#[tokio::test]
async fn a_token_is_the_whole_instances() {
    let (manager, instance) = fresh().await;
    manager.create_key_ring(&call(instance, Action::CreateKeyRing), "ring-1").await.unwrap();
    let writer = holder(&manager, instance, Role::Writer, Some("ring-1")).await;
    let enter = async |action| manager.enter(&writer, Some(instance), action, Origin::default(), NOW).await.unwrap();
    let made = manager.create_import_token(&enter(Action::CreateImportToken).await, None, None).await;
    assert!(matches!(made, Err(Error::Unauthorized)));
    let had = manager.import_token(&enter(Action::ReadImportToken).await).await;
    assert!(matches!(had, Err(Error::Unauthorized)));
}

/// However many ask at once, the token is had as often as was said.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn retrievals_at_the_same_time_are_counted() {
    const MOST: usize = 25;
    let store = memory().await;
    let nodes = [Arc::new(open(&store).await), Arc::new(open(&store).await)];
    let instance = tenant(&nodes[0]).await;
    create(&nodes[0], instance, None, Some(i64::try_from(MOST).unwrap())).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let node = Arc::clone(&nodes[number % 2]);
            tokio::spawn(async move {
                let mut left = Vec::new();
                for _ in 0..50 * MOST {
                    match get(&node, instance, NOW).await {
                        Ok(kit) => left.push(kit.token.remaining_retrievals),
                        Err(Error::ImportTokenExpired) => return left,
                        Err(error) => assert!(matches!(error, Error::Busy), "{error}"),
                    }
                }
                panic!("there is no end to it")
            })
        })
        .collect();
    let mut left = Vec::new();
    for task in tasks {
        left.extend(task.await.unwrap());
    }
    left.sort_unstable();
    assert_eq!(left, (0..u32::try_from(MOST).unwrap()).collect::<Vec<_>>());
}

/// The record of one instance's token is nothing in another one's place, and its private key is at rest under the master key alone.
#[tokio::test]
async fn a_token_is_its_instances() {
    let store = memory().await;
    let manager = open(&store).await;
    let (instance, other) = (tenant(&manager).await, tenant(&manager).await);
    create(&manager, instance, None, None).await.unwrap();
    let at = |instance: Uuid| store::Key {
        space: store::Space(*instance.as_bytes()),
        kind: store::Kind(0x1B),
        id: *Uuid::nil().as_bytes(),
    };
    let record = store.get(&at(instance)).await.unwrap().unwrap();
    let public = get(&manager, instance, NOW).await.unwrap().public_key;
    assert!(record.body.windows(public.len()).any(|window| window == public.as_bytes()));
    // What every PKCS#8 of an RSA key begins with, after its length: the version, then the algorithm's identifier.
    let pkcs8 = [0x02, 0x01, 0x00, 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
    assert!(!record.body.windows(pkcs8.len()).any(|window| window == pkcs8));
    let change = store::Change::Put {
        key: at(other),
        expect: store::Expect::Absent,
        body: record.body.to_vec(),
        terms: Vec::new(),
    };
    store.commit(store::Batch { changes: vec![change], events: Vec::new() }).await.unwrap();
    assert!(matches!(get(&manager, other, NOW).await, Err(Error::Damaged { what: "import token", .. })));
}
