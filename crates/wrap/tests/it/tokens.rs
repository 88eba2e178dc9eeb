//! Tokens' signatures.

use crate::{hex, seal_key};
use wrap::Error;
use wrap::primitive::TokenKey;

const PURPOSE: &str = "a purpose";
const INPUT: &[u8] = b"header.payload";

fn token_key() -> TokenKey {
    seal_key(7).token_key(PURPOSE).unwrap()
}

#[track_caller]
fn refused(key: &TokenKey, input: &[u8], signature: &[u8]) {
    assert!(matches!(key.verify(input, signature), Err(Error::Invalid)), "{signature:02x?} holds");
}

/// Computed with another implementation of HKDF and HMAC: tokens outlive a restart, and with it an upgrade.
#[test]
fn the_derivation_is_what_is_documented() {
    let expected = hex("e0effa30265cdc04cd3ae6f314614afb199c443745ad1354eb0db65fa98540fb");
    assert_eq!(token_key().sign(INPUT)[..], expected);
    token_key().verify(INPUT, &expected).unwrap();
}

#[test]
fn every_bit_and_the_length_of_a_signature_count() {
    let signature = token_key().sign(INPUT);
    for bit in 0..256 {
        let mut flipped = signature;
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(&token_key(), INPUT, &flipped);
    }
    for length in (0..=1024).filter(|length| *length != signature.len()) {
        let stretched: Vec<u8> = signature.into_iter().chain([0; 1024]).take(length).collect();
        refused(&token_key(), INPUT, &stretched);
    }
}

#[test]
fn a_signature_holds_for_its_input_key_and_purpose_alone() {
    let signature = token_key().sign(INPUT);
    for input in [&b""[..], b"header.payloa", b"header.payload ", b"Header.payload"] {
        refused(&token_key(), input, &signature);
    }
    refused(&seal_key(8).token_key(PURPOSE).unwrap(), INPUT, &signature);
    refused(&seal_key(7).token_key("another").unwrap(), INPUT, &signature);
}

/// What a tag is over, written out, so that nothing but the keys differs.
#[test]
fn a_tag_is_no_signature() {
    let tag = seal_key(7).tag(PURPOSE, &[INPUT]).unwrap();
    let framed = [&[0, 0, 0, 0, 0, 0, 0, 14], INPUT].concat();
    refused(&token_key(), &framed, &tag);
}
