//! What is done to a master key without a server: a folder is begun under shares, or its key is changed while nothing runs.
//!
//! The invariant: **the folder is locked meanwhile**, so no server starts in it.

use super::change::Desk;
use super::control::Target;
use super::master::{Found, Master};
use super::origin::{Mark, Marks};
use super::{Error, core, keys, master, shared};
use crate::clock;
use crate::config::Config;
use crate::folder::Folder;
use std::path::Path;
use std::sync::{Arc, Mutex};
use wrap::keys::Keys;
use wrap::primitive::{Random, SystemRandom};
use wrap::shares::Share;

/// Begins a data folder whose master key exists as shares alone. `keep` writes them down, durably, before anything hangs on them.
///
/// # Errors
/// A folder that holds data already; what `keep` says; what stands in the way of writing.
pub(crate) fn init<E: From<Error>>(
    data: &Path,
    (of, threshold): (u8, u8),
    keep: impl FnOnce(&[Share]) -> Result<(), E>,
) -> Result<Mark, E> {
    let folder = Folder::open(data).map_err(Error::from)?;
    if let Some(marks) = Marks::read(&folder)? {
        return Err(Error::MasterSource(format!(
            "{} is begun already: its master key is {}; start the server and unseal it (or, where it holds nothing yet and the shares \
             are lost, remove the folder and begin again)",
            data.display(),
            marks.current.origin.place()
        ))
        .into());
    }
    if !shared::is_blank(&folder) {
        return Err(Error::MasterSource(format!(
            "{} holds data under a master key already: change that with `keystead master-key change --shares {of} --threshold {threshold}`",
            data.display()
        ))
        .into());
    }
    let random = random();
    let (key, shares, origin) = shared::split(of, threshold, &*random)?;
    keep(&shares)?;
    let mark = Mark { origin, since: Some(crate::api::rfc3339(clock::now().seconds())) };
    Marks::settled(mark.clone()).write(&folder)?;
    // Were it cut off here, the first start that has the shares makes the keys file.
    Keys::create(&folder.path(keys::FILE), &key, random).map_err(Error::from)?;
    Ok(mark)
}

/// Changes the master key of a folder that no server has.
///
/// # Errors
/// As [`Desk::change`], and that the present master key is not at hand.
pub(crate) fn change(config: &Config, to: &Target) -> Result<Mark, Error> {
    desk(config)?.change(to)
}

/// Where the master key of a folder comes from that no server has.
///
/// # Errors
/// What can't be read.
pub(crate) fn show(config: &Config) -> Result<Mark, Error> {
    let folder = existing(config)?;
    match Marks::read(&folder)? {
        Some(marks) => Ok(marks.current),
        None => Ok(opened(config, &folder, &random())?.mark),
    }
}

fn desk(config: &Config) -> Result<Desk, Error> {
    let (folder, random) = (existing(config)?, random());
    let master = opened(config, &folder, &random)?;
    let journal = core::open_journal(config, &folder, &*random)?;
    Ok(Desk {
        folder: Arc::new(folder),
        keys: master.keys,
        mark: Mutex::new(master.mark),
        random,
        journal,
        now: clock::now,
    })
}

fn random() -> Arc<dyn Random> {
    Arc::new(SystemRandom)
}

/// A folder that is there, and was started in once.
fn existing(config: &Config) -> Result<Folder, Error> {
    let nothing =
        || Error::MasterSource(format!("{} holds no installation: say which with --data", config.data.display()));
    if !config.data.is_dir() {
        return Err(nothing());
    }
    let folder = Folder::open(&config.data)?;
    if folder.path(keys::FILE).exists() { Ok(folder) } else { Err(nothing()) }
}

/// The keys, where the master key is at hand.
fn opened(config: &Config, folder: &Folder, random: &Arc<dyn Random>) -> Result<Master, Error> {
    match master::open(config, folder, random)? {
        Found::Open(master) => Ok(master),
        Found::Wanted(mark) => Err(Error::MasterSource(format!(
            "the master key is {}: start the server and unseal it, then change the master key while it runs, or name the shares \
             in master_key.share_files",
            mark.origin.place()
        ))),
    }
}
