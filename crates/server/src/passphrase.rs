//! Passphrases in files: of the master key and of recovery kits.
//!
//! The invariant: **every part of the program takes the same bytes from the same file**, or what one has sealed another can't open.

use std::path::Path;

use wrap::Secret;
use zeroize::Zeroizing;

/// The passphrase in a file.
///
/// # Errors
/// The file can't be read.
pub fn read(path: &Path) -> std::io::Result<Secret> {
    std::fs::read(path).map(Zeroizing::new).map(trimmed)
}

/// Without the line ends that editors and `echo` put after it. Spaces are its own.
pub fn trimmed(mut passphrase: Zeroizing<Vec<u8>>) -> Secret {
    while passphrase.last().is_some_and(|byte| b"\r\n".contains(byte)) {
        passphrase.pop();
    }
    Secret::new(passphrase)
}
