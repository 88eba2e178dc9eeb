//! The key file: one line, `keystead-master-key-1:` and 64 hexadecimal digits.

use super::Error;
use crate::Secret;
use crate::hex;
use crate::primitive::{Random, random_secret};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use zeroize::Zeroizing;

const PREFIX: &str = "keystead-master-key-1:";
const KEY: usize = 32;
/// More than a key file can have: what is longer is none.
const LIMIT: usize = 256;

pub(super) fn create(path: &Path, random: &dyn Random) -> Result<Secret, Error> {
    let key = random_secret(random, KEY)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| on_create(path, source))?;
    let written = write(&mut file, &key).and_then(|()| sync_folder(path));
    written.map_err(|source| {
        // Half a key file would only be in the way of the next attempt. That it stays after all does no harm: it is refused.
        let _ = std::fs::remove_file(path);
        io_error(path, source)
    })?;
    Ok(key)
}

pub(super) fn read(path: &Path) -> Result<Secret, Error> {
    let mut file = open(path)?;
    let metadata = file.metadata().map_err(|source| io_error(path, source))?;
    permitted(path, &Found::of(&metadata), geteuid().as_raw())?;
    let mut buffer = Zeroizing::new([0; LIMIT]);
    let length = fill(&mut file, &mut buffer[..]).map_err(|source| io_error(path, source))?;
    parse(path, &buffer[..length])
}

fn write(file: &mut File, key: &Secret) -> io::Result<()> {
    let mut line = Zeroizing::new(Vec::with_capacity(LIMIT));
    line.extend_from_slice(PREFIX.as_bytes());
    line.extend_from_slice(hex::encode(key.expose()).as_bytes());
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_all()
}

/// Makes the file's name durable too.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// Follows no symbolic link, and doesn't wait where a pipe lies in the file's place.
fn open(path: &Path) -> Result<File, Error> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).map_err(|source| on_open(path, source))
}

/// What is known of a file before it is read.
struct Found {
    regular: bool,
    folder: bool,
    mode: u32,
    owner: u32,
}

impl Found {
    fn of(metadata: &Metadata) -> Self {
        let mode = metadata.mode() & 0o7777;
        Found { regular: metadata.is_file(), folder: metadata.is_dir(), mode, owner: metadata.uid() }
    }
}

/// Root may own the file too: it reads everything anyway.
fn permitted(path: &Path, found: &Found, me: u32) -> Result<(), Error> {
    if !found.regular {
        let found = if found.folder { "a folder" } else { "neither a file nor a folder" };
        return Err(Error::Kind { path: path.into(), found });
    }
    if found.owner != me && found.owner != 0 {
        return Err(Error::Owner { path: path.into(), owner: found.owner, me });
    }
    if found.mode & 0o077 != 0 {
        return Err(Error::Mode { path: path.into(), mode: found.mode });
    }
    Ok(())
}

/// Reads until the end or until the buffer is full. The standard library's own ways may leave copies behind.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

fn parse(path: &Path, content: &[u8]) -> Result<Secret, Error> {
    let line = content.strip_suffix(b"\n").unwrap_or(content);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let digits =
        line.strip_prefix(PREFIX.as_bytes()).ok_or_else(|| Error::Prefix { path: path.into(), expected: PREFIX })?;
    if digits.len() != 2 * KEY {
        return Err(Error::Length { path: path.into(), found: digits.len(), expected: 2 * KEY });
    }
    let key = hex::decode(digits).map_err(|place| Error::Digit { path: path.into(), place: place + 1 })?;
    Ok(Secret::new(key))
}

fn on_create(path: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::AlreadyExists { Error::Exists(path.into()) } else { io_error(path, source) }
}

fn on_open(path: &Path, source: io::Error) -> Error {
    // open(2): with O_NOFOLLOW a symbolic link is ELOOP.
    if source.raw_os_error() == Some(Errno::ELOOP as i32) {
        return Error::Kind { path: path.into(), found: "a symbolic link" };
    }
    if source.kind() == io::ErrorKind::NotFound { Error::Missing(path.into()) } else { io_error(path, source) }
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: u32 = 1000;

    /// What can't be set up without being root: other people's files.
    #[test]
    fn only_the_owner_and_root_may_own_the_file() {
        let check = |owner, mode| permitted(Path::new("k"), &Found { regular: true, folder: false, mode, owner }, ME);
        assert!(check(ME, 0o600).is_ok());
        assert!(check(ME, 0o400).is_ok());
        assert!(check(0, 0o600).is_ok());
        assert!(matches!(check(1001, 0o600), Err(Error::Owner { owner: 1001, me: ME, .. })));
        for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
            assert!(matches!(check(ME, 0o600 | bit), Err(Error::Mode { mode, .. }) if mode == 0o600 | bit));
        }
    }
}
