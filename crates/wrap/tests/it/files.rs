//! Master key files: made once, read by their owner, and refused in words that help.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use tempfile::TempDir;
use wrap::master::{Error, MasterKey};
use wrap::primitive::SystemRandom;

const PREFIX: &str = "keystead-master-key-1:";

/// Writes a file with the mode, and gives what reading it as a master key says, with the path cut out.
fn complaint(content: &str, mode: u32) -> String {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    said(&path)
}

fn said(path: &Path) -> String {
    let error = MasterKey::from_file(path).err().map_or("fine".into(), |error| error.to_string());
    error.replace(&path.display().to_string(), "KEY")
}

fn digits(count: usize) -> String {
    "0123456789abcdefABCDEF".chars().cycle().take(count).collect()
}

#[test]
fn what_is_made_is_read_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    let made = MasterKey::create_file(&path, &SystemRandom).unwrap();
    let read = MasterKey::from_file(&path).unwrap();
    let sealed = made.seal_key().seal("p", b"", b"content", &SystemRandom).unwrap();
    assert_eq!(read.seal_key().open("p", b"", &sealed).unwrap().expose(), b"content");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(PREFIX) && text.ends_with('\n') && text.len() == PREFIX.len() + 64 + 1, "{text}");
}

#[test]
fn two_files_hold_two_keys() {
    let folder = TempDir::new().unwrap();
    let [first, second] = ["a", "b"].map(|name| {
        let path = folder.path().join(name);
        MasterKey::create_file(&path, &SystemRandom).unwrap();
        fs::read_to_string(path).unwrap()
    });
    assert_ne!(first, second);
}

#[test]
fn a_file_is_never_overwritten() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    MasterKey::create_file(&path, &SystemRandom).unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(MasterKey::create_file(&path, &SystemRandom), Err(Error::Exists(_))));
    symlink(folder.path().join("elsewhere"), folder.path().join("link")).unwrap();
    assert!(matches!(MasterKey::create_file(&folder.path().join("link"), &SystemRandom), Err(Error::Exists(_))));
    assert!(matches!(MasterKey::create_file(&folder.path().join("no/key"), &SystemRandom), Err(Error::Io { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn content_is_checked() {
    let good = digits(64);
    let cut_off = "put the file back from its backup (if it was cut off while it was first made, and nothing is stored yet, delete it)";
    let wrong_prefix = "KEY is not a master key file of this version: it must begin with `keystead-master-key-1:`";
    let length = |found: usize| format!("the key in KEY has {found} characters instead of 64: {cut_off}");
    let digit = |place: usize| {
        format!(
            "the key in KEY has something other than a hexadecimal digit at place {place}: put the file back from its backup"
        )
    };
    let cases = [
        (format!("{PREFIX}{good}\n"), "fine".to_owned()),
        (format!("{PREFIX}{good}\r\n"), "fine".to_owned()),
        (format!("{PREFIX}{good}"), "fine".to_owned()),
        (String::new(), wrong_prefix.to_owned()),
        (good.clone(), wrong_prefix.to_owned()),
        (format!(" {PREFIX}{good}"), wrong_prefix.to_owned()),
        (format!("keystead-master-key-2:{good}\n"), wrong_prefix.to_owned()),
        (PREFIX.to_owned(), length(0)),
        (format!("{PREFIX}{}\n", digits(63)), length(63)),
        (format!("{PREFIX}{}\n", digits(66)), length(66)),
        (format!("{PREFIX}{good}\n\n"), length(65)),
        (format!("{PREFIX}{}\n", digits(5000)), length(234)),
        (format!("{PREFIX}g{}\n", digits(63)), digit(1)),
        (format!("{PREFIX}{} \n", digits(63)), digit(64)),
        (format!("{PREFIX}0x{}\n", digits(62)), digit(2)),
    ];
    for (content, answer) in cases {
        assert_eq!(complaint(&content, 0o600), answer, "{content:?}");
    }
}

#[test]
fn modes_are_checked() {
    let good = format!("{PREFIX}{}\n", digits(64));
    for mode in [0o600, 0o400, 0o700] {
        assert_eq!(complaint(&good, mode), "fine", "{mode:o}");
    }
    for mode in [0o644, 0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666, 0o777] {
        let answer = format!("KEY has mode {mode:04o}, which lets others at it: run chmod 600 KEY");
        assert_eq!(complaint(&good, mode), answer);
    }
}

#[test]
fn only_a_regular_file_will_do() {
    let folder = TempDir::new().unwrap();
    let [missing, link, pipe] = ["missing", "link", "pipe"].map(|name| folder.path().join(name));
    MasterKey::create_file(&folder.path().join("key"), &SystemRandom).unwrap();
    symlink("key", &link).unwrap();
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let cases = [
        (
            missing,
            "there is no master key file at KEY: put it back from its backup, for nothing that is stored can be read without it",
        ),
        (link, "KEY is a symbolic link: give the path of the master key file itself"),
        (pipe, "KEY is neither a file nor a folder: give the path of the master key file itself"),
        (folder.path().to_owned(), "KEY is a folder: give the path of the master key file itself"),
    ];
    for (path, answer) in cases {
        assert_eq!(said(&path), answer);
    }
}
