//! What can go wrong in a measurement, said so that a person can act on it.

use std::io;
use std::path::PathBuf;

/// Ends the run; its text goes to stderr.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("{who} refused {step} (result reason {}): {message}", .reason.map_or("none".into(), |r| r.to_string()))]
    Refused { who: &'static str, step: String, reason: Option<u32>, message: String },
    #[error("{who} ended with {status} before it was ready; the last lines of its log:\n{log}")]
    Ended { who: &'static str, status: std::process::ExitStatus, log: String },
    #[error("{who} gave no answer within {seconds} s; its log is in {}", log.display())]
    NotReady { who: &'static str, seconds: u64, log: PathBuf },
    #[error("`{command}` failed: {stderr}")]
    Command { command: String, stderr: String },
    #[error("{0} is in memory (tmpfs), where a flush costs nothing: give a folder on a real disk with --data")]
    NotADisk(PathBuf),
    #[error("{0}")]
    Certificate(String),
    #[error("{0}")]
    Missed(String),
    #[error("interrupted; the servers are stopped and the data folder is removed")]
    Interrupted,
    #[error("a worker panicked: this is a defect of the bench")]
    Panicked,
    #[error("the connections didn't end within {0} s: the server hangs, or the machine is overloaded")]
    Hung(u64),
}

/// Says what was being done when the operating system refused.
pub(crate) trait Doing<T> {
    /// Wraps the error with what was being done.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io { what: what(), source: source.into() })
    }
}
