//! Why a configuration is refused: where, what, and what would be right.

use std::path::PathBuf;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("the configuration file {} can't be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A line of the file is wrong.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A variable or a flag is wrong.
    #[error("{origin}: {problem}")]
    Elsewhere {
        /// The variable or flag.
        origin: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// Settings that exclude each other.
    #[error("{0}")]
    Conflict(&'static str),
}
