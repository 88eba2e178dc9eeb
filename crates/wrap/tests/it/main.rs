//! What the rest of Keystead relies on in `wrap`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod files;
mod imports;
mod keys;
mod nonces;
mod passphrases;
mod recovery;
mod seals;
mod shares;
mod signatures;
mod tags;
mod tokens;

use wrap::Secret;
use wrap::primitive::SealKey;
use zeroize::Zeroizing;

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(Zeroizing::new(bytes.to_vec()))
}

fn seal_key(byte: u8) -> SealKey {
    SealKey::new(&secret(&[byte; 32])).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
