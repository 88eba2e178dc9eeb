//! Backups that were changed in ten thousand ways, none of which may be read as whole.

use super::read::{Backup, Taker};
use super::write::Writer;
use super::{Error, Kit};
use crate::pki::{from_hexadecimal, hexadecimal};
use std::path::Path;
use wrap::Secret;
use wrap::master::MasterKey;
use wrap::primitive::SystemRandom;
use wrap::primitive::sign::SigningKey;
use wrap::recovery::{CHUNK, KEY, OVERHEAD, RecoveryKey};

/// Takes everything, and keeps nothing.
struct Nobody;

impl Taker for Nobody {
    fn begin(&mut self, _: &str, _: u64) -> Result<(), Error> {
        Ok(())
    }
    fn more(&mut self, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }
    fn end(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Numbers that are the same in each run: the generator of Knuth's MMIX.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

fn signing(seed: u8) -> SigningKey {
    let master = MasterKey::new(&Secret::new(zeroize::Zeroizing::new(vec![seed; 32]))).unwrap();
    master.seal_key().signing_key("test").unwrap()
}

/// A backup of a few chunks, signed with one key and, where it is forged, headed as another's.
fn backup(key: &RecoveryKey, signer: &SigningKey, folder: &Path) -> Vec<u8> {
    let public = key.public().unwrap();
    let mut writer = Writer::begin(Vec::new(), folder, &public, signer, 1).unwrap();
    writer.keys(&Secret::new(zeroize::Zeroizing::new(vec![7; 100]))).unwrap();
    writer.entry("small", 3, &b"abc"[..]).unwrap();
    let large: Vec<u8> = (0..3 * CHUNK + 5).map(|at| u8::try_from(at % 251).unwrap()).collect();
    writer.entry("large", large.len() as u64, &large[..]).unwrap();
    writer.finish(signer).unwrap()
}

fn read(bytes: &[u8], kit: &Kit, folder: &Path) -> Result<(), Error> {
    let path = folder.join("b.backup");
    std::fs::write(&path, bytes).unwrap();
    Backup::open(&path)?.read(kit, &mut Nobody)
}

fn kit(signer: &SigningKey) -> Kit {
    let key = RecoveryKey::generate(&SystemRandom).unwrap();
    Kit { key, installation: hexadecimal(&signer.public_key().to_der()) }
}

/// One way to damage a backup: a bit, a piece, or whole chunks.
fn damaged(whole: &[u8], head: usize, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let sealed = CHUNK + OVERHEAD;
    let chunk = |at: usize| head + at * sealed..head + (at + 1) * sealed;
    match dice.below(6) {
        0 | 1 => bytes[dice.below(whole.len())] ^= 1 << dice.below(8),
        2 => bytes.truncate(dice.below(whole.len())),
        3 => {
            let (from, to) = (chunk(dice.below(3)), chunk(dice.below(3)));
            match from == to {
                true => drop(bytes.drain(from)),
                false => bytes[to].copy_from_slice(&whole[from]),
            }
        }
        4 => bytes.extend(std::iter::repeat_n(0x55, 1 + dice.below(sealed))),
        _ => {
            let (at, count) = (dice.below(whole.len()), 1 + dice.below(64));
            let end = (at + count).min(bytes.len());
            bytes[at..end].iter_mut().for_each(|byte| *byte = !*byte);
        }
    }
    bytes
}

#[test]
fn ten_thousand_damaged_backups_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let signer = signing(1);
    let kit = kit(&signer);
    let whole = backup(&kit.key, &signer, folder.path());
    let head = 12 + u32::from_be_bytes(whole[8..12].try_into().unwrap()) as usize;
    read(&whole, &kit, folder.path()).unwrap(); // the control
    let mut dice = Dice(1);
    for number in 0..10_000 {
        let bytes = damaged(&whole, head, &mut dice);
        assert!(
            bytes == whole || read(&bytes, &kit, folder.path()).is_err(),
            "the damage of number {number} was not seen"
        );
    }
}

/// Whoever has the public half of the recovery key can seal what they like, but not sign it.
#[test]
fn a_forged_backup_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (signing(1), signing(2));
    let kit = kit(&ours);
    let forged = backup(&kit.key, &theirs, folder.path());
    assert!(matches!(read(&forged, &kit, folder.path()), Err(Error::OtherInstallation(_))));
    let mut writer = Writer::begin(Vec::new(), folder.path(), &kit.key.public().unwrap(), &ours, 1).unwrap();
    writer.keys(&Secret::new(zeroize::Zeroizing::new(vec![7; 100]))).unwrap();
    let forged = writer.finish(&theirs).unwrap();
    let refused = read(&forged, &kit, folder.path()).unwrap_err().to_string();
    assert!(refused.contains("signature is not the installation's"), "{refused}");
}

#[test]
fn what_is_no_key_is_not_taken_for_one() {
    let good = hexadecimal(RecoveryKey::generate(&SystemRandom).unwrap().public().unwrap().as_bytes());
    let cases = [(good.as_str(), true), (&good[2..], false), ("", false), ("xx", false), (&"0".repeat(2 * KEY), false)];
    for (text, is_one) in cases {
        assert_eq!(super::public_key(text).is_some(), is_one, "{text}");
    }
}

#[test]
fn hexadecimal_digits_are_read_as_they_are_written() {
    let cases =
        [("", Some(vec![])), ("00fF10", Some(vec![0, 255, 16])), ("0", None), ("0g", None), ("+1", None), ("é", None)];
    for (text, bytes) in cases {
        assert_eq!(from_hexadecimal(text), bytes, "{text}");
    }
}
