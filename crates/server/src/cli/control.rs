//! Speaking to the server of this machine through the control socket in its data folder.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::Failure;
use crate::serve::control::{Answer, Request, SOCKET};

/// A change waits for the disk; a server that needs longer is not well.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of the longest request: the buffer must not grow, for what it outgrows is not wiped.
const ROOM: usize = 16 * 1024;
/// Bytes of an answer.
const LONGEST: u64 = 64 * 1024;

/// A conversation with the server.
pub(super) struct Control {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

impl Control {
    /// Connects; none where no server runs in the folder.
    pub(super) fn connect(data: &Path) -> Result<Option<Self>, Failure> {
        let path = data.join(SOCKET);
        match UnixStream::connect(&path) {
            Ok(stream) => {
                let limited = stream.set_read_timeout(Some(PATIENCE));
                limited.map_err(|error| unreachable(&path, error))?;
                Ok(Some(Control { stream: BufReader::new(stream), path }))
            }
            Err(error) if [ErrorKind::NotFound, ErrorKind::ConnectionRefused].contains(&error.kind()) => Ok(None),
            Err(error) => Err(unreachable(&path, error)),
        }
    }

    /// Asks, and waits for the answer. What was sent is wiped.
    pub(super) fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        let failed = |error: std::io::Error| unreachable(&self.path, error);
        let mut line = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer(&mut *line, request).map_err(|error| unreachable(&self.path, error))?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line).map_err(failed)?;
        let mut answer = String::new();
        self.stream.by_ref().take(LONGEST).read_line(&mut answer).map_err(failed)?;
        serde_json::from_str(&answer).map_err(|_| {
            Failure::new(
                "the server ended the conversation without an answer",
                "see whether it runs still, and look at its log; `keystead master-key show` says what is in force",
            )
        })
    }
}

fn unreachable(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::new(
        format!("the server can't be asked at {}: {error}", path.display()),
        "run this on the server's machine, as the user that it runs as (`sudo -u keystead keystead ...`) or as root",
    )
}
