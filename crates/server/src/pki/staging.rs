//! Staging: the server's next certificate waits beside the one that is served, until vCenter has been told to trust it.
//!
//! The invariant of this room: **at whatever file operation an activation is cut off, what the next start finds is a certificate with
//! its key**: the old one, or the new one.

use super::judge::Judged;
use super::pair::{certificate, fits, key, read_key, required};
use super::private_key::PrivateKey;
use super::{Error, Slot, Unfit};
use crate::folder::Folder;

/// One file operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Copy { from: &'static str, to: &'static str },
    Rename { from: &'static str, to: &'static str },
    Remove(&'static str),
}

/// Puts a certificate chain for the slot's present key beside the one that is served.
pub(super) fn put(folder: &Folder, slot: Slot, chain_pem: &str) -> Result<(), Error> {
    clear(folder, slot)?;
    Ok(folder.write(slot.files().next_certificate, chain_pem.as_bytes())?)
}

/// The same for a chain from elsewhere, with its key where that is a new one.
pub(super) fn put_brought(folder: &Folder, judged: &Judged, brought: Option<&PrivateKey>) -> Result<(), Error> {
    let fitting = match brought {
        Some(key) => fits(&judged.leaf, key),
        None => fits(&judged.leaf, &key(folder, judged.slot)?),
    };
    if !fitting {
        return Err(Unfit::OtherKey.into());
    }
    clear(folder, judged.slot)?;
    let files = judged.slot.files();
    if let Some(key) = brought {
        folder.write(files.next_key, key.pem().as_bytes())?;
    }
    // Last: a key alone is not staged.
    Ok(folder.write(files.next_certificate, judged.chain_pem.as_bytes())?)
}

/// Takes away what is staged; whether anything was.
pub(super) fn clear(folder: &Folder, slot: Slot) -> Result<bool, Error> {
    let files = slot.files();
    let was = folder.read(files.next_certificate)?.is_some();
    folder.remove(files.next_certificate)?;
    folder.remove(files.next_key)?;
    Ok(was)
}

/// Puts what is staged in its place; whether anything was. What was there is kept as the previous one.
pub(super) fn activate(folder: &Folder, slot: Slot) -> Result<bool, Error> {
    settle(folder, slot)?;
    let steps = steps(folder, slot)?;
    steps.iter().try_for_each(|step| perform(folder, *step))?;
    Ok(!steps.is_empty())
}

/// Ends an activation that was cut off between its key and its certificate.
pub(super) fn settle(folder: &Folder, slot: Slot) -> Result<(), Error> {
    let files = slot.files();
    // What can't be read is no reason not to start: it is told when it is to be activated.
    let Some(next) = certificate(folder, files.next_certificate).ok().flatten() else { return Ok(()) };
    let Some(present) = certificate(folder, files.certificate)? else { return Ok(()) };
    if folder.read(files.key)?.is_none() || folder.read(files.next_key)?.is_some() {
        return Ok(());
    }
    let key = key(folder, slot)?;
    if !fits(&present, &key) && fits(&next, &key) {
        folder.rename(files.next_certificate, files.certificate)?;
    }
    Ok(())
}

/// The operations of an activation, in their order; none where nothing is staged.
fn steps(folder: &Folder, slot: Slot) -> Result<Vec<Step>, Error> {
    let files = slot.files();
    let Some(next) = certificate(folder, files.next_certificate)? else { return Ok(Vec::new()) };
    let new_key = folder.read(files.next_key)?.is_some();
    let key = if new_key { read_key(folder, files.next_key)? } else { key(folder, slot)? };
    if !fits(&next, &key) {
        return Err(Unfit::OtherKey.into());
    }
    let keep = Step::Copy { from: files.certificate, to: files.previous_certificate };
    let last = Step::Rename { from: files.next_certificate, to: files.certificate };
    Ok(match new_key {
        false => vec![keep, Step::Remove(files.previous_key), last],
        true => vec![
            keep,
            Step::Copy { from: files.key, to: files.previous_key },
            Step::Rename { from: files.next_key, to: files.key },
            last,
        ],
    })
}

fn perform(folder: &Folder, step: Step) -> Result<(), Error> {
    match step {
        Step::Copy { from, to } => folder.write(to, &required(folder, from)?)?,
        Step::Rename { from, to } => folder.rename(from, to)?,
        Step::Remove(file) => folder.remove(file)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests;
