//! The recovery key: what is sealed to its public half is opened by its private half, whole and in order, or not at all.

use wrap::primitive::SystemRandom;
use wrap::recovery::{CHUNK, RecoveryKey};
use zeroize::Zeroizing;

const HEAD: &[u8] = b"head";

fn sealed(key: &RecoveryKey, chunks: &[&[u8]]) -> ([u8; 32], Vec<Vec<u8>>) {
    let begun = key.public().unwrap().begin().unwrap();
    let ephemeral = *begun.ephemeral();
    let mut sealer = begun.with_head(HEAD);
    let seal = |(at, chunk): (usize, &&[u8])| {
        let mut chunk = chunk.to_vec();
        sealer.seal(&mut chunk, at + 1 == chunks.len()).unwrap();
        chunk
    };
    (ephemeral, chunks.iter().enumerate().map(seal).collect())
}

fn opened(key: &RecoveryKey, ephemeral: &[u8; 32], head: &[u8], chunks: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let mut opener = key.open(ephemeral, head).ok()?;
    let open = |(at, chunk): (usize, &Vec<u8>)| {
        let mut chunk = Zeroizing::new(chunk.clone());
        opener.open(&mut chunk, at + 1 == chunks.len()).ok()?;
        Some(chunk.to_vec())
    };
    chunks.iter().enumerate().map(open).collect()
}

#[test]
fn the_private_half_opens_what_the_public_one_sealed() {
    let key = RecoveryKey::generate(&SystemRandom).unwrap();
    let long = vec![7; CHUNK];
    for chunks in [&[&b""[..]][..], &[b"one"], &[&long, &long, b"end"]] {
        let (ephemeral, sealed) = sealed(&key, chunks);
        assert_eq!(opened(&key, &ephemeral, HEAD, &sealed).unwrap(), chunks);
        let again = RecoveryKey::new(key.secret().clone()).unwrap();
        assert!(opened(&again, &ephemeral, HEAD, &sealed).is_some());
    }
}

#[test]
fn nothing_else_opens() {
    let (key, other) = (RecoveryKey::generate(&SystemRandom).unwrap(), RecoveryKey::generate(&SystemRandom).unwrap());
    let (ephemeral, chunks) = sealed(&key, &[b"one", b"two", b"three"]);
    let (foreign, theirs) = sealed(&key, &[b"one", b"two", b"three"]);
    let swapped = vec![chunks[1].clone(), chunks[0].clone(), chunks[2].clone()];
    let mixed = vec![chunks[0].clone(), theirs[1].clone(), chunks[2].clone()];
    assert!(opened(&other, &ephemeral, HEAD, &chunks).is_none(), "another key");
    assert!(opened(&key, &foreign, HEAD, &chunks).is_none(), "another backup's key");
    assert!(opened(&key, &ephemeral, b"tail", &chunks).is_none(), "another head");
    assert!(opened(&key, &ephemeral, HEAD, &chunks[..2]).is_none(), "the end is cut off");
    assert!(opened(&key, &ephemeral, HEAD, &chunks[1..]).is_none(), "the beginning is cut off");
    assert!(opened(&key, &ephemeral, HEAD, &swapped).is_none(), "in another order");
    assert!(opened(&key, &ephemeral, HEAD, &mixed).is_none(), "another backup's chunk");
    assert!(opened(&key, &ephemeral, HEAD, &[chunks.clone(), chunks[2..].to_vec()].concat()).is_none(), "more of it");
    for (at, chunk) in chunks.iter().enumerate() {
        for bit in 0..chunk.len() * 8 {
            let mut flipped = chunks.clone();
            flipped[at][bit / 8] ^= 1 << (bit % 8);
            assert!(opened(&key, &ephemeral, HEAD, &flipped).is_none(), "bit {bit} of chunk {at}");
        }
    }
    assert!(opened(&key, &[0; 32], HEAD, &chunks).is_none(), "a public key that agrees on nothing");
}
