//! The keys file: whole after every cut, and without what was ended.

use crate::secret;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use wrap::keys::{Error, Keys};
use wrap::master::MasterKey;
use wrap::primitive::{SealKey, SystemRandom};

const SLOT: usize = 4096;
const PURPOSE: &str = "a purpose";

fn master(byte: u8) -> MasterKey {
    MasterKey::new(&secret(&[byte; 32])).unwrap()
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keystead.keys");
    (folder, path)
}

fn create(path: &Path) -> Keys {
    Keys::create(path, &master(1), Arc::new(SystemRandom)).unwrap()
}

fn open(path: &Path, byte: u8) -> Result<Keys, Error> {
    Keys::open(path, &master(byte), Arc::new(SystemRandom))
}

/// Shows which key it is without showing the key.
fn mark(key: &SealKey) -> [u8; 32] {
    key.tag(PURPOSE, &[]).unwrap()
}

/// All that a set of keys holds: the installation's, and each epoch's number and key, the newest first.
fn content(keys: &Keys) -> ([u8; 32], Vec<(u64, [u8; 32])>) {
    let numbers = [Some(keys.newest().number), keys.replaced()];
    let epochs = numbers.into_iter().flatten().map(|number| (number, mark(&keys.epoch(number).unwrap())));
    (mark(keys.installation()), epochs.collect())
}

#[test]
fn what_was_made_is_what_is_opened() {
    let (_folder, path) = place();
    let made = create(&path);
    assert_eq!(content(&open(&path, 1).unwrap()), content(&made));
    assert_eq!(made.newest().number, 1);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 2 * SLOT as u64);
    let begun = made.begin_epoch().unwrap();
    assert_eq!((begun.number, made.newest().number, made.replaced()), (2, 2, Some(1)));
    assert!(matches!(made.begin_epoch(), Err(Error::Replacing)));
    assert_eq!(content(&open(&path, 1).unwrap()), content(&made));
    made.end_epoch().unwrap();
    assert_eq!((made.newest().number, made.replaced()), (2, None));
    assert!(made.epoch(1).is_none());
    made.end_epoch().unwrap();
    assert_eq!(content(&open(&path, 1).unwrap()), content(&made));
}

#[test]
fn an_adopted_installation_keeps_its_key_for_all_but_the_next_epoch() {
    let (_folder, path) = place();
    let keys = Keys::adopt(&path, &master(1), Arc::new(SystemRandom)).unwrap();
    let old = mark(master(1).seal_key());
    assert_eq!(content(&keys), (old, vec![(0, old)]));
    keys.begin_epoch().unwrap();
    keys.end_epoch().unwrap();
    let (installation, epochs) = content(&open(&path, 1).unwrap());
    assert_eq!((installation, epochs.len(), epochs[0].0), (old, 1, 1));
    assert_ne!(epochs[0].1, old);
}

/// Every state of the file that a write which is cut off can leave, from `before` to `after`: one slot is written, then the other.
fn cuts(before: &[u8], after: &[u8]) -> Vec<Vec<u8>> {
    let mut cuts = Vec::new();
    for slot in [0, SLOT] {
        // From the last byte that differs on, all are the same.
        let last = (0..SLOT).rev().find(|at| before[slot + at] != after[slot + at]).unwrap_or(0);
        for cut in 0..=last + 1 {
            let done = slot + cut;
            cuts.push([&after[..done], &before[done..]].concat());
        }
    }
    cuts
}

#[test]
fn a_write_that_is_cut_off_at_any_byte_leaves_the_old_keys_or_the_new_ones() {
    let check = |prepare: fn(&Keys), change: fn(&Keys)| {
        let (_folder, path) = place();
        let keys = create(&path);
        prepare(&keys);
        let (old, before) = (content(&keys), std::fs::read(&path).unwrap());
        change(&keys);
        let (new, after) = (content(&keys), std::fs::read(&path).unwrap());
        assert_ne!(old, new);
        for cut in cuts(&before, &after) {
            std::fs::write(&path, &cut).unwrap();
            let found = content(&open(&path, 1).unwrap());
            assert!(found == old || found == new);
            let mended = std::fs::read(&path).unwrap();
            assert_eq!(mended[..SLOT], mended[SLOT..], "what was cut off is finished");
        }
    };
    check(|_| {}, |keys| drop(keys.begin_epoch().unwrap()));
    check(|keys| drop(keys.begin_epoch().unwrap()), |keys| keys.end_epoch().unwrap());
}

/// A change of master key that is cut off: whichever key is given, the file opens, and is that key's afterwards.
#[test]
fn a_change_of_master_key_that_is_cut_off_can_be_gone_on_with_by_either() {
    let (_folder, path) = place();
    let keys = create(&path);
    let before = std::fs::read(&path).unwrap();
    keys.change_master(&master(2)).unwrap();
    let (expected, after) = (content(&keys), std::fs::read(&path).unwrap());
    assert!(matches!(open(&path, 1), Err(Error::MasterKey { .. })));
    assert_eq!(content(&open(&path, 2).unwrap()), expected);
    for cut in cuts(&before, &after) {
        let opened = [1, 2].map(|byte| {
            std::fs::write(&path, &cut).unwrap();
            open(&path, byte).ok().map(|keys| content(&keys))
        });
        assert!(opened.iter().flatten().count() > 0);
        assert!(opened.iter().flatten().all(|found| *found == expected));
    }
    // And the keys go on under the new one.
    std::fs::write(&path, &after).unwrap();
    keys.begin_epoch().unwrap();
    assert_eq!(content(&open(&path, 2).unwrap()), content(&keys));
}

#[test]
fn what_was_there_before_is_nowhere_in_the_file() {
    let (_folder, path) = place();
    let keys = create(&path);
    let changes: [fn(&Keys); 3] = [
        |keys| drop(keys.begin_epoch().unwrap()),
        |keys| keys.end_epoch().unwrap(),
        |keys| keys.change_master(&master(2)).unwrap(),
    ];
    for change in changes {
        let before = std::fs::read(&path).unwrap();
        change(&keys);
        let after = std::fs::read(&path).unwrap();
        // Behind magic and fingerprint: eight bytes in a row of the old seal are no coincidence.
        for piece in before[24..256].chunks_exact(8).filter(|piece| piece.iter().any(|byte| *byte != 0)) {
            assert!(!after.windows(8).any(|window| window == piece));
        }
    }
}

#[test]
fn one_damaged_slot_is_mended_and_two_are_an_error() {
    let (_folder, path) = place();
    let keys = create(&path);
    let whole = std::fs::read(&path).unwrap();
    for slot in [0, SLOT] {
        for at in (0..256).step_by(7) {
            let mut damaged = whole.clone();
            damaged[slot + at] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            assert_eq!(content(&open(&path, 1).unwrap()), content(&keys));
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
    }
    let mut damaged = whole.clone();
    (damaged[100], damaged[SLOT + 100]) = (damaged[100] ^ 1, damaged[SLOT + 100] ^ 1);
    std::fs::write(&path, &damaged).unwrap();
    assert!(matches!(open(&path, 1), Err(Error::Damaged(_))));
    assert_eq!(std::fs::read(&path).unwrap(), damaged, "a refusal changes nothing");
}

#[test]
fn what_is_wrong_is_said() {
    let (folder, path) = place();
    let check = |result: Result<Keys, Error>, words: &str| {
        let error = result.err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    };
    check(open(&path, 1), "there is no keys file");
    let keys = create(&path);
    check(Keys::create(&path, &master(1), Arc::new(SystemRandom)), "exists already");
    check(Keys::adopt(&path, &master(1), Arc::new(SystemRandom)), "exists already");
    check(open(&path, 2), "is sealed under the master key");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    check(open(&link, 1), "cannot be used");
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 1, SLOT, 2 * SLOT - 1, 2 * SLOT + 1] {
        let mut other = bytes.clone();
        other.resize(length, 0);
        std::fs::write(&path, &other).unwrap();
        check(open(&path, 1), &format!("has {length} bytes"));
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(keys.begin_epoch(), Err(Error::Missing(_))));
    assert_eq!(keys.newest().number, 1, "what was not written is not in force");
}

#[test]
fn exported_keys_can_be_imported_under_another_master_key() {
    let (_folder, path) = place();
    let keys = create(&path);
    keys.begin_epoch().unwrap();
    let (_other, elsewhere) = place();
    let import = |exported| Keys::import(&elsewhere, &exported, &master(2), Arc::new(SystemRandom));
    for nothing in [secret(b""), secret(&[0; 122]), secret(&[1; 121]), secret(&[2; 122])] {
        assert!(matches!(import(nothing), Err(Error::Import)));
    }
    import(keys.export()).unwrap();
    assert_eq!(content(&open(&elsewhere, 2).unwrap()), content(&keys));
}
