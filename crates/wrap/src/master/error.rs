//! Why there is no master key: each variant says what is wrong and what to do.

use std::io;
use std::path::PathBuf;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no file.
    #[error("there is no master key file at {}: put it back from its backup, for nothing that is stored can be read without it", .0.display())]
    Missing(PathBuf),
    /// A file is there already.
    #[error("{} exists already, and a master key is never overwritten: move it away if a new key is really wanted", .0.display())]
    Exists(PathBuf),
    /// It is not a regular file.
    #[error("{} is {found}: give the path of the master key file itself", .path.display())]
    Kind {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// Somebody else owns it, and could have changed it.
    #[error("{path} belongs to user {owner}, but this process runs as user {me}: check where it comes from, then run chown {me} {path}", path = .path.display())]
    Owner {
        /// The path.
        path: PathBuf,
        /// The owner's numeric id.
        owner: u32,
        /// This process's effective user id.
        me: u32,
    },
    /// Others may read or change it.
    #[error("{path} has mode {mode:04o}, which lets others at it: run chmod 600 {path}", path = .path.display())]
    Mode {
        /// The path.
        path: PathBuf,
        /// The permission bits.
        mode: u32,
    },
    /// The file doesn't begin as a master key file does.
    #[error("{} is not a master key file of this version: it must begin with `{expected}`", .path.display())]
    Prefix {
        /// The path.
        path: PathBuf,
        /// What it must begin with.
        expected: &'static str,
    },
    /// The key's length is wrong.
    #[error("the key in {} has {found} characters instead of {expected}: put the file back from its backup (if it was cut off while it was first made, and nothing is stored yet, delete it)", .path.display())]
    Length {
        /// The path.
        path: PathBuf,
        /// How many characters follow the prefix.
        found: usize,
        /// How many must.
        expected: usize,
    },
    /// The key has a character that is no hexadecimal digit.
    #[error("the key in {} has something other than a hexadecimal digit at place {place}: put the file back from its backup", .path.display())]
    Digit {
        /// The path.
        path: PathBuf,
        /// Which character after the prefix, from 1.
        place: usize,
    },
    /// The operating system refused.
    #[error("the master key file {} cannot be used: {source}", .path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The passphrase is too short to be one.
    #[error("the passphrase has {found} bytes: use {least} or more, such as six random words")]
    ShortPassphrase {
        /// Its length.
        found: usize,
        /// The least length.
        least: usize,
    },
    /// The text of the passphrase's parameters can't be used.
    #[error("the passphrase parameters cannot be used: {0}")]
    Parameters(String),
    /// Argon2id failed.
    #[error("no key could be derived from the passphrase: {0}")]
    Derivation(String),
    /// The primitives failed.
    #[error(transparent)]
    Crypto(#[from] crate::Error),
}
