//! The data folder: whole files, for one user and one process.

use server::folder::{Error, Folder};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// What is in the way is named, in one line, with the folder in it.
fn check_refused(prepare: impl FnOnce(&Path), expected: &str) {
    let place = Place::new();
    let path = place.folder();
    prepare(&path);
    let error = Folder::open(&path).unwrap_err().to_string();
    assert!(error.contains(expected), "`{error}` does not say `{expected}`");
    assert!(error.contains(&path.display().to_string()) && !error.contains('\n'), "{error}");
}

fn make(path: &Path, permissions: u32) {
    std::fs::create_dir(path).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(permissions)).unwrap();
}

fn make_with_format(path: &Path, format: &[u8]) {
    make(path, 0o700);
    std::fs::write(path.join("format"), format).unwrap();
}

#[test]
fn what_is_in_the_way_is_named() {
    check_refused(|path| std::fs::write(path, "").unwrap(), "is not a folder");
    check_refused(|path| make(path, 0o750), "mode 0750");
    check_refused(|path| make(path, 0o701), "chmod 700");
    check_refused(|path| make_with_format(path, b"keystead 3\n"), "run the newer version");
    check_refused(|path| make_with_format(path, b"keystead 0\n"), "run the newer version");
    check_refused(|path| make_with_format(path, b"\xff\xfe"), "restore the folder from a backup");
    check_refused(|path| make_with_format(path, b""), "restore the folder from a backup");
}

#[test]
fn a_place_where_nothing_can_be_made_is_named() {
    let error = Folder::open(Path::new("/proc/keystead")).unwrap_err();
    assert!(matches!(error, Error::Make { .. }), "{error}");
}

#[test]
fn it_is_made_for_its_owner_alone_and_stays_new_until_finished() {
    let place = Place::new();
    let mut folder = Folder::open(&place.folder()).unwrap();
    assert_eq!(mode(&place.folder()), 0o700);
    assert!(folder.is_new());
    folder.write("secret", b"one").unwrap();
    assert_eq!(mode(&folder.path("secret")), 0o600);
    drop(folder);
    folder = Folder::open(&place.folder()).unwrap();
    assert!(folder.is_new(), "the first start has not come to its end");
    folder.finish().unwrap();
    drop(folder);
    let folder = Folder::open(&place.folder()).unwrap();
    assert!(!folder.is_new());
    assert_eq!(folder.read("secret").unwrap().unwrap().as_slice(), b"one");
    assert!(folder.read("absent").unwrap().is_none());
}

#[test]
fn one_process_at_a_time() {
    let place = Place::new();
    let first = Folder::open(&place.folder()).unwrap();
    assert!(matches!(Folder::open(&place.folder()), Err(Error::InUse(_))));
    drop(first);
    Folder::open(&place.folder()).unwrap();
}

#[test]
fn a_write_that_was_cut_off_leaves_the_old_content_and_no_trace() {
    let place = Place::new();
    let folder = Folder::open(&place.folder()).unwrap();
    folder.write("file", b"old").unwrap();
    let unfinished = folder.path("file.unfinished");
    std::fs::write(&unfinished, b"ne").unwrap();
    drop(folder);
    let folder = Folder::open(&place.folder()).unwrap();
    assert!(!unfinished.exists());
    assert_eq!(folder.read("file").unwrap().unwrap().as_slice(), b"old");
    folder.write("file", b"new").unwrap();
    assert_eq!(folder.read("file").unwrap().unwrap().as_slice(), b"new");
}
