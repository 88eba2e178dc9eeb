//! The keys file in the data folder: opened, made at a first start, or made for a folder from before there was one.
//!
//! The invariant: **a keys file is made only where nothing can be sealed under another one**: in a folder that holds no data yet, or
//! from the master key that all of an older folder hangs on.

use super::Error;
use super::core::DATABASE;
use crate::folder::Folder;
use std::sync::Arc;
use wrap::keys::Keys;
use wrap::master::MasterKey;
use wrap::primitive::Random;

/// The file's name. It is overwritten in place, never moved: a copy of it would outlive what it is to forget.
pub(super) const FILE: &str = "keystead.keys";

/// Opens the keys under the master key.
pub(super) fn open(folder: &Folder, master: &MasterKey, random: &Arc<dyn Random>) -> Result<Arc<Keys>, Error> {
    let (path, random) = (folder.path(FILE), random.clone());
    Ok(Arc::new(match (path.exists(), folder.path(DATABASE).exists()) {
        (true, _) => Keys::open(&path, master, random)?,
        (false, false) if folder.is_new() => Keys::create(&path, master, random)?,
        (false, true) if folder.is_new() || folder.is_old() => Keys::adopt(&path, master, random)?,
        (false, _) => return Err(wrap::keys::Error::Missing(path).into()),
    }))
}
