//! Reading what the administrator gives and writing what he gets. A file that is there already is never written over unasked.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Failure;

/// Nothing that an administrator gives us is longer: certificates, requests, keys.
const LIMIT: u64 = 1 << 20;
/// But lists may be: inventories, reports.
const LONG: u64 = 256 << 20;

/// Reads a file, or standard input where the path is `-`.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let outcome = if path == Path::new("-") {
        std::io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
    };
    outcome.map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display()), "check the path"))?;
    match bytes.len() as u64 {
        0 => Err(Failure::new(format!("{} is empty", path.display()), "check the path")),
        1..=LIMIT => Ok(bytes),
        _ => Err(Failure::new(format!("{} is longer than 1 MiB", path.display()), "check the path")),
    }
}

/// Reads a file of up to 256 MiB in which nothing is secret.
pub(crate) fn read_long(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let outcome = if path == Path::new("-") {
        std::io::stdin().lock().take(LONG + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LONG + 1).read_to_end(&mut bytes))
    };
    outcome.map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display()), "check the path"))?;
    match bytes.len() as u64 {
        0..=LONG => Ok(bytes),
        _ => Err(Failure::new(format!("{} is longer than 256 MiB", path.display()), "give the key ids alone")),
    }
}

/// Reads text, as [`read`].
pub(crate) fn read_text(path: &Path) -> Result<Zeroizing<String>, Failure> {
    std::str::from_utf8(&read(path)?)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| Failure::new(format!("{} is not text", path.display()), "give PEM (-----BEGIN ...) or base64"))
}

/// Refuses when one of `paths` is there already, unless `force`: asked before the server is, so that nothing is made in vain.
pub(crate) fn refuse_existing(paths: &[PathBuf], force: bool) -> Result<(), Failure> {
    match paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) if !force => Err(exists(path)),
        _ => Ok(()),
    }
}

/// Writes a file with `mode`, by way of a temporary one beside it, so that it is whole or not there.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>, mode: u32, force: bool) -> Result<(), Failure> {
    let failed = |error: std::io::Error| unwritten(path, &error);
    let temporary = temporary(path);
    let _ = std::fs::remove_file(&temporary);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary).map_err(failed)?;
    let written = file.write_all(content.as_ref()).and_then(|()| file.sync_all());
    written.and_then(|()| place(&temporary, path, force)).map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        failed(error)
    })
}

/// A file that comes in pieces; dropped before it is placed, it is gone.
pub(super) struct Arriving {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    written: u64,
}

impl Arriving {
    /// Nothing of it yet, beside its place.
    pub(super) fn new(path: &Path) -> Result<Self, Failure> {
        let temporary = temporary(path);
        let _ = std::fs::remove_file(&temporary);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        let file = file.map_err(|error| unwritten(path, &error))?;
        Ok(Arriving { file, temporary, path: path.to_owned(), written: 0 })
    }

    /// More of it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.written += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| unwritten(&self.path, &error))
    }

    /// Puts it in its place when it has all its bytes.
    pub(super) fn place(self, force: bool, size: u64) -> Result<(), Failure> {
        if self.written != size {
            let what = format!("{} of {size} bytes came", self.written);
            return Err(Failure::new(what, "try again: the connection to the server was lost"));
        }
        self.file
            .sync_all()
            .and_then(|()| place(&self.temporary, &self.path, force))
            .map_err(|error| unwritten(&self.path, &error))
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.temporary);
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => Failure::new(format!("cannot write {}: {error}", path.display()), "check the folder and its free space"),
    }
}

/// A rename replaces, a hard link refuses to: both at once for every onlooker.
fn place(temporary: &Path, path: &Path, force: bool) -> std::io::Result<()> {
    if force {
        return std::fs::rename(temporary, path);
    }
    std::fs::hard_link(temporary, path)?;
    std::fs::remove_file(temporary)
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    PathBuf::from(name)
}

fn exists(path: &Path) -> Failure {
    Failure::new(format!("{} exists already", path.display()), "give another place, or say --force to replace it")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{read, read_text, refuse_existing, write};

    #[test]
    fn files_get_their_mode_and_are_not_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let content = || std::fs::read_to_string(&path).unwrap();
        write(&path, "one", 0o600, false).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write(&path, "two", 0o600, false).unwrap_err().to_string().contains("exists already"));
        assert!(refuse_existing(std::slice::from_ref(&path), false).is_err());
        assert_eq!(content(), "one");
        write(&path, "two", 0o600, true).unwrap();
        assert_eq!(content(), "two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays behind");
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let cases = [
            (read(&folder.path().join("none")).err(), "cannot read"),
            (read(&put("empty", b"")).err(), "is empty"),
            (read(&put("long", &vec![b'x'; (1 << 20) + 1])).err(), "longer than 1 MiB"),
            (read_text(&put("binary", &[0x30, 0x82, 0xff])).err(), "is not text"),
        ];
        for (failure, part) in cases {
            assert!(failure.unwrap().to_string().contains(part), "{part}");
        }
    }
}
