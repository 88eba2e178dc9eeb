//! Tags, digests and comparison.

use crate::seal_key;
use wrap::Error;
use wrap::primitive::{digest, equal};

const PURPOSE: &str = "a purpose";

#[test]
fn a_tag_holds_for_its_parts_alone() {
    let tagger = seal_key(1).tagger(PURPOSE).unwrap();
    let tag = tagger.tag(&[b"one", b"two"]);
    tagger.verify(&[b"one", b"two"], &tag).unwrap();
    seal_key(1).verify(PURPOSE, &[b"one", b"two"], &tag).unwrap();
    assert_eq!(seal_key(1).tag(PURPOSE, &[b"one", b"two"]).unwrap(), tag);
    let others: [&[&[u8]]; 7] = [
        &[b"onetwo"],
        &[b"on", b"etwo"],
        &[b"one", b"two", b""],
        &[b"", b"one", b"two"],
        &[b"two", b"one"],
        &[b"one"],
        &[],
    ];
    for parts in others {
        assert!(matches!(tagger.verify(parts, &tag), Err(Error::Invalid)), "{parts:?}");
    }
}

#[test]
fn a_tag_holds_for_its_key_and_purpose_alone() {
    let tag = seal_key(1).tag(PURPOSE, &[b"one"]).unwrap();
    assert!(seal_key(2).verify(PURPOSE, &[b"one"], &tag).is_err());
    assert!(seal_key(1).verify("another", &[b"one"], &tag).is_err());
}

#[test]
fn every_bit_and_the_length_of_a_tag_count() {
    let tagger = seal_key(1).tagger(PURPOSE).unwrap();
    let tag = tagger.tag(&[b"one"]);
    for bit in 0..256 {
        let mut flipped = tag;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(tagger.verify(&[b"one"], &flipped).is_err());
    }
    for length in 0..32 {
        assert!(tagger.verify(&[b"one"], &tag[..length]).is_err());
    }
}

/// FIPS 180-4's examples.
#[test]
fn digest_is_sha256_of_the_parts_in_a_row() {
    let cases: [(&[&[u8]], &str); 4] = [
        (&[], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (&[b"abc"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (&[b"a", b"", b"bc"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            &[b"abcdbcdecdefdefgefghfghighijhijk", b"ijkljklmklmnlmnomnopnopq"],
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ];
    for (parts, answer) in cases {
        let text: String = digest(parts).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, answer);
    }
}

#[test]
fn equal_is_equality() {
    let cases: [&[u8]; 6] = [b"", b"a", b"b", b"ab", b"ba", b"ab\0"];
    for (first, a) in cases.iter().enumerate() {
        for (second, b) in cases.iter().enumerate() {
            assert_eq!(equal(a, b), first == second);
        }
    }
}
