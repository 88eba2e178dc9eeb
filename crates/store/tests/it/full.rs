//! A full disk, on a small file system of its own.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use store::journal::{Flush, Journal};
use store::{Error, Expect};
use tempfile::tempdir;

use crate::common::{batch, everything, open, put};

/// A small file system of its own, unmounted when dropped.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn mount() -> Option<Self> {
        let folder = tempdir().unwrap();
        let mut mount = Command::new("mount");
        let done = mount.args(["-t", "tmpfs", "-o", "size=128m", "tmpfs"]).arg(folder.path()).status();
        done.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// Leaves nothing free, as a program that takes whatever there is.
fn fill(path: &Path) {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

#[tokio::test]
async fn a_full_disk_refuses_changes_and_heals() {
    let Some(disk) = Tmpfs::mount() else {
        eprintln!("SKIPPED, NOT PASSED: a full disk needs the right to mount a tmpfs (run as root)");
        return;
    };
    let folder = disk.0.path();
    let ballast = folder.join("ballast");
    fs::write(&ballast, vec![0; 48 << 20]).unwrap();
    let store = open(&folder.join("store.db")).await.unwrap();
    let journal = Journal::open(&folder.join("reads"), [0; 16], |parts| [parts.len() as u8; 32], Flush::Soon).unwrap();
    journal.append(b"first").unwrap();
    journal.flush().unwrap();
    let mut stored = 0;
    let refused = loop {
        match store.commit(batch(vec![put(stored, Expect::Absent, 50_000)])).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, Error::Full(folder.display().to_string()));
    assert!(stored > 20);
    assert_eq!(store.count(&everything()).await.unwrap(), stored);
    fill(&folder.join("rest"));
    let mut appended = 0;
    let full = loop {
        if let Err(error) = journal.append(&[1; 3000]) {
            break error;
        }
        appended += 1;
        fill(&folder.join("more"));
    };
    assert!(appended > 2000, "reads are on record from the room set aside, which nobody else gets: {appended} of them");
    assert!(matches!(full, Error::Full(_)), "{full:?}");
    assert_eq!(store.count(&everything()).await.unwrap(), stored, "reads go on");
    assert!(store.commit(batch(vec![put(stored, Expect::Absent, 50_000)])).await.is_err());
    fs::remove_file(ballast).unwrap();
    fs::remove_file(folder.join("rest")).unwrap();
    fs::remove_file(folder.join("more")).unwrap();
    store.commit(batch(vec![put(stored, Expect::Absent, 50_000)])).await.unwrap();
    journal.append(b"healed").unwrap();
    store.close().await.unwrap();
    let again = open(&folder.join("store.db")).await.unwrap();
    assert_eq!(again.count(&everything()).await.unwrap(), stored + 1);
    assert_eq!(again.events(0, 1000).await.unwrap().len() as u64, stored + 1);
}

#[test]
fn on_a_full_disk_a_long_segment_grows_rather_than_another_begins() {
    let Some(disk) = Tmpfs::mount() else {
        eprintln!("SKIPPED, NOT PASSED: a full disk needs the right to mount a tmpfs (run as root)");
        return;
    };
    let (folder, digest) = (disk.0.path(), |parts: &[&[u8]]| [parts.len() as u8; 32]);
    let journal = Journal::open(&folder.join("reads"), [0; 16], digest, Flush::Soon).unwrap();
    let long = vec![1; 1 << 20];
    for _ in 0..62 {
        journal.append(&long).unwrap();
    }
    journal.flush().unwrap();
    fill(&folder.join("rest"));
    for _ in 0..6 {
        journal.append(&long).unwrap();
    }
    assert_eq!(journal.position().0.segment, 1);
    drop(journal);
    let journal = Journal::open(&folder.join("reads"), [0; 16], digest, Flush::Soon).unwrap();
    journal.append(&long).unwrap();
    assert_eq!(journal.position().0.segment, 1, "what was set aside is still there after a restart");
    fs::remove_file(folder.join("rest")).unwrap();
    journal.append(&long).unwrap();
    assert_eq!((journal.position().0.segment, journal.position().0.records), (2, 1));
    let records = store::journal::read(&folder.join("reads"), digest).unwrap();
    assert_eq!(records.map(Result::unwrap).filter(|record| *record == long).count(), 70);
}
