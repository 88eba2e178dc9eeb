//! Share files: one for each holder, written down before anything hangs on them.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wrap::shares::Share;
use zeroize::Zeroizing;

use super::{Failure, files};

/// Writes a file for each share into the folder, which is made where it is missing. Returns where they are, all on stable storage.
pub(super) fn write(out: &Path, shares: &[Share]) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::new(format!("cannot write to {}: {error}", out.display()), "give another folder");
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(out);
    made.map_err(failed)?;
    let path = |share: &Share| out.join(format!("master-share-{}-of-{}.txt", share.number(), share.of()));
    let paths: Vec<PathBuf> = shares.iter().map(path).collect();
    files::refuse_existing(&paths, false)?;
    for (share, path) in shares.iter().zip(&paths) {
        files::write(path, text(share).as_bytes(), 0o600, false)?;
    }
    std::fs::File::open(out).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(paths)
}

/// What is to be told about them.
pub(super) fn told(paths: &[PathBuf], threshold: u8) -> String {
    let list: Vec<String> = paths.iter().map(|path| format!("  {}", path.display())).collect();
    format!(
        "{}\nGive each share to another person, away from this machine, and remove the files here. Any {threshold} of them open the \
         server; with fewer, nothing that is stored can ever be read again.",
        list.join("\n")
    )
}

fn text(share: &Share) -> Zeroizing<String> {
    let (number, of, threshold, line) = (share.number(), share.of(), share.threshold(), share.to_text());
    let mut text = Zeroizing::new(String::with_capacity(1024));
    text.push_str(&format!(
        "# Keystead master key: share {number} of {of}. Any {threshold} of the {of} shares start the server; this one alone opens nothing.\n\
         # Keep it apart from the other shares, and away from the server: on paper in a safe, or on a medium of its own.\n\
         # When the server waits for it: keystead unseal --share-file THIS-FILE\n"
    ));
    text.push_str(&line);
    text.push('\n');
    text
}
