//! Child processes: the server under measurement and the echo.
//!
//! Invariant: none outlives the bench, unless the bench is killed with SIGKILL.

use crate::error::{Doing, Error};
use crate::process::Process;
use nix::sys::signal::{Signal, kill};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to end after SIGTERM before it is killed.
const DRAIN: Duration = Duration::from_secs(15);
const LOG_LINES: usize = 20;

/// A running process with its log; dropped, it ends.
pub(crate) struct Child {
    pub(crate) name: &'static str,
    child: std::process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts a process whose stderr is appended to `log`.
    pub(crate) fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Self, Error> {
        let file = open_log(log).doing(|| format!("opening {}", log.display()))?;
        let command = command.stdin(Stdio::piped()).stderr(file);
        let child = command.spawn().doing(|| format!("starting {name} ({})", command.get_program().display()))?;
        Ok(Self { name, child, log: log.to_owned() })
    }

    pub(crate) fn process(&self) -> Process {
        Process::of(&self.child)
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// An error if it has ended.
    pub(crate) fn still_runs(&mut self) -> Result<(), Error> {
        match self.child.try_wait() {
            Ok(Some(status)) => Err(self.ended(status)),
            _ => Ok(()),
        }
    }

    /// SIGTERM, and the wait for its end.
    pub(crate) fn stop(mut self) {
        self.end(Signal::SIGTERM);
    }

    /// SIGKILL, as a crash.
    pub(crate) fn kill(mut self) {
        self.end(Signal::SIGKILL);
    }

    fn end(&mut self, signal: Signal) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        // It may end by itself in between; then there is nothing to signal.
        let _ = kill(self.process().0, signal);
        let deadline = Instant::now() + DRAIN;
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn ended(&self, status: ExitStatus) -> Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let log = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
        Error::Ended { who: self.name, status, log }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end(Signal::SIGTERM);
    }
}

/// This program, not by its path, which may hold another build by now.
const OURSELVES: &str = "/proc/self/exe";

/// Starts this program's own echo; it says on its first line where it listens.
pub(crate) fn start_echo(files: &[PathBuf], log: &Path) -> Result<(Child, SocketAddr), Error> {
    start_one_of_ours(Command::new(OURSELVES).arg("echo").args(files), log)
}

/// The same for the HTTPS echo, which may do a request's work before each answer, with a record in a file.
pub(crate) fn start_https_echo(
    work: Option<&Path>,
    files: &[PathBuf],
    log: &Path,
) -> Result<(Child, SocketAddr), Error> {
    let mut command = Command::new(OURSELVES);
    command.arg("https-echo").args(files);
    if let Some(record) = work {
        command.arg("--work").arg(record);
    }
    start_one_of_ours(&mut command, log)
}

fn start_one_of_ours(command: &mut Command, log: &Path) -> Result<(Child, SocketAddr), Error> {
    let mut echo = Child::start("the echo", command.stdout(Stdio::piped()), log)?;
    let mut line = String::new();
    if let Some(stdout) = echo.child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).doing(|| "reading the echo's address".into())?;
    }
    match line.trim().parse() {
        Ok(address) => Ok((echo, address)),
        Err(_) => {
            let status = echo.child.wait().doing(|| "waiting for the echo".into())?;
            Err(echo.ended(status))
        }
    }
}

fn open_log(log: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_end_shows_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo port in use >&2; exit 3"]);
        let mut child = Child::start("sh", &mut command, &folder.path().join("log")).unwrap();
        child.child.wait().unwrap();
        let error = child.still_runs().unwrap_err().to_string();
        assert!(error.contains("port in use") && error.contains('3'), "{error}");
    }

    #[test]
    fn dropped_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let child = Child::start("sleep", Command::new("sleep").arg("60"), &folder.path().join("log")).unwrap();
        let process = child.process();
        drop(child);
        assert!(process.cpu().is_err(), "the process id is free again");
    }

    #[test]
    fn a_missing_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/nowhere/keystead");
        let error = Child::start("the server", &mut command, &folder.path().join("log")).err().unwrap().to_string();
        assert!(error.contains("/nowhere/keystead"), "{error}");
    }
}
