//! A seal opens as what was sealed, or not at all.

use crate::{seal_key, secret};
use proptest::prelude::*;
use wrap::primitive::{Random, SealKey, SystemRandom};
use wrap::{Error, Secret};

const PURPOSE: &str = "a purpose";
const AAD: &[u8] = b"whose it is";
const CONTENT: &[u8] = b"thirty-two bytes of key material";

/// Randomness for known answers.
struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.iter_mut().zip(0..).for_each(|(byte, value)| *byte = value);
        Ok(())
    }
}

/// Randomness that fails.
struct Broken;

impl Random for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<(), Error> {
        Err(Error::Fault("no random bytes".into()))
    }
}

fn sealed(content: &[u8]) -> Vec<u8> {
    seal_key(1).seal(PURPOSE, AAD, content, &SystemRandom).unwrap()
}

#[track_caller]
fn refused(key: &SealKey, purpose: &str, aad: &[u8], sealed: &[u8]) {
    assert!(matches!(key.open(purpose, aad, sealed), Err(Error::Invalid)), "{sealed:02x?} opens");
}

/// Computed with another implementation of HKDF and AES-GCM: the form is part of the data format, so it must never change.
#[test]
fn the_form_is_what_is_documented() {
    let answer = seal_key(7).seal(PURPOSE, AAD, CONTENT, &Fixed).unwrap();
    let text: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text, include_str!("seal-1.txt").trim());
}

/// A generator that repeats itself, as after a snapshot of a machine: only the very same seal comes out twice.
#[test]
fn repeated_randomness_repeats_no_salt() {
    let salt = |purpose, aad: &[u8], content: &[u8]| {
        let sealed = seal_key(1).seal(purpose, aad, content, &Fixed).unwrap();
        sealed[1..33].to_vec()
    };
    let first = salt(PURPOSE, AAD, CONTENT);
    assert_eq!(salt(PURPOSE, AAD, CONTENT), first);
    assert_ne!(salt(PURPOSE, AAD, b"another content"), first);
    assert_ne!(salt(PURPOSE, b"another's", CONTENT), first);
    assert_ne!(salt("another", AAD, CONTENT), first);
    assert_ne!(first, (0..32).collect::<Vec<u8>>(), "and the generator's output does not show");
}

#[test]
fn every_single_bit_counts() {
    let whole = sealed(CONTENT);
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(&seal_key(1), PURPOSE, AAD, &flipped);
    }
    assert_eq!(seal_key(1).open(PURPOSE, AAD, &whole).unwrap().expose(), CONTENT);
}

#[test]
fn every_length_counts() {
    let whole = sealed(CONTENT);
    for length in 0..whole.len() {
        refused(&seal_key(1), PURPOSE, AAD, &whole[..length]);
        refused(&seal_key(1), PURPOSE, AAD, &whole[whole.len() - length..]);
    }
    refused(&seal_key(1), PURPOSE, AAD, &[&whole[..], &[0]].concat());
}

#[test]
fn key_purpose_and_additional_data_count() {
    let whole = sealed(CONTENT);
    refused(&seal_key(2), PURPOSE, AAD, &whole);
    for purpose in ["", "a purpos", "a purpose ", "another"] {
        refused(&seal_key(1), purpose, AAD, &whole);
    }
    for aad in [&b""[..], b"whose it i", b"whose it is ", b"Whose it is", &[0; 1000]] {
        refused(&seal_key(1), PURPOSE, aad, &whole);
    }
    // What moves from the purpose to the additional data is not the same.
    refused(&seal_key(1), "a purpos", b"ewhose it is", &whole);
}

#[test]
fn a_key_has_32_bytes() {
    for length in [0, 1, 16, 24, 31, 33, 64, 1000] {
        let error = SealKey::new(&secret(&vec![7; length])).err().expect("refused");
        assert_eq!(
            error.to_string(),
            format!("the key manager failed: a sealing key has 32 bytes, and this one has {length}")
        );
    }
}

#[test]
fn material_of_any_length_makes_a_key_of_its_own() {
    let material = [16, 24, 32, 100].map(|length| secret(&vec![7; length]));
    for (at, from) in material.iter().enumerate() {
        let key = SealKey::from_material("a context", from).unwrap();
        let whole = key.seal(PURPOSE, AAD, CONTENT, &SystemRandom).unwrap();
        for (other, from) in material.iter().enumerate() {
            assert_eq!(
                SealKey::from_material("a context", from).unwrap().open(PURPOSE, AAD, &whole).is_ok(),
                at == other
            );
        }
        refused(&SealKey::from_material("another context", from).unwrap(), PURPOSE, AAD, &whole);
        if let Ok(key) = SealKey::new(from) {
            refused(&key, PURPOSE, AAD, &whole);
        }
    }
    assert!(SealKey::from_material("a context", &secret(&[7; 15])).is_err());
}

#[test]
fn without_randomness_nothing_is_sealed() {
    assert!(matches!(seal_key(1).seal(PURPOSE, AAD, CONTENT, &Broken), Err(Error::Fault(_))));
    assert!(matches!(wrap::primitive::random_secret(&Broken, 32), Err(Error::Fault(_))));
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens(key: [u8; 32], purpose in "[a-z ]{1,300}", aad: Vec<u8>, content: Vec<u8>) {
        let key = SealKey::new(&secret(&key)).unwrap();
        let sealed = key.seal(&purpose, &aad, &content, &SystemRandom).unwrap();
        prop_assert_eq!(sealed.len(), content.len() + SealKey::OVERHEAD);
        let opened: Secret = key.open(&purpose, &aad, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), content);
    }

    #[test]
    fn two_seals_of_the_same_differ(content: Vec<u8>) {
        let (first, second) = (sealed(&content), sealed(&content));
        prop_assert_ne!(&first[1..33], &second[1..33]);
        prop_assert_ne!(&first[33..], &second[33..]);
    }

    #[test]
    fn nothing_made_up_opens(bytes: Vec<u8>, format: bool) {
        let bytes = if format { [&[1], &bytes[..]].concat() } else { bytes };
        prop_assert!(seal_key(1).open(PURPOSE, AAD, &bytes).is_err());
    }
}
