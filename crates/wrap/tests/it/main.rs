//! What the rest of Keystead relies on in `wrap`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod files;
mod passphrases;
mod seals;
mod tags;

use wrap::Secret;
use wrap::primitive::SealKey;
use zeroize::Zeroizing;

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(Zeroizing::new(bytes.to_vec()))
}

fn seal_key(byte: u8) -> SealKey {
    SealKey::new(&secret(&[byte; 32])).unwrap()
}
