//! Why the server does not start, or does not go on: one line each, with what to do.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server does not start, or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] crate::folder::Error),
    /// The master key.
    #[error(transparent)]
    Master(#[from] wrap::master::Error),
    /// The keys file.
    #[error(transparent)]
    KeysFile(#[from] wrap::keys::Error),
    /// A passphrase can't be read.
    #[error("the passphrase can't be read from {origin}: {reason}")]
    Passphrase {
        /// Where it should come from.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// The records were written with a passphrase, and now there is none, or the other way round.
    #[error("{0}")]
    MasterSource(String),
    /// Shares can't come in.
    #[error(
        "the master key exists as shares, and the control socket that they come in through can't be listened on: {0}"
    )]
    Control(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The key manager.
    #[error(transparent)]
    Keys(#[from] keymanager::Error),
    /// The engine.
    #[error("{0}")]
    Engine(String),
    /// Certificates.
    #[error(transparent)]
    Pki(#[from] crate::pki::Error),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] crate::tls::Error),
    /// An address can't be listened on.
    #[error("{address} can't be listened on for {what}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Which of the ports.
        what: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The clock can't be right.
    #[error("the clock says {now}, {why}: set it right, then start again")]
    Clock {
        /// What it says.
        now: String,
        /// Why that can't be.
        why: String,
    },
    /// A file of the first start.
    #[error("{} is not what this program wrote: restore it from a backup, or stop, remove it and the file `format` beside it, and start: a new API key is made, and keys and lists stay", .0.display())]
    AdminFile(PathBuf),
    /// The runtime.
    #[error("the system refuses threads or signals: {0}")]
    Runtime(std::io::Error),
    /// The storage failed while the server ran.
    #[error("{0}; what was answered is safe: look at the disk, then start again")]
    Storage(String),
    /// A port's task ended.
    #[error("the {0} port is no longer served, by a defect in Keystead: start it again, and report this with the log")]
    Unserved(&'static str),
}
