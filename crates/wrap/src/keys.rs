//! The keys file: what stands between the master key and everything else.
//!
//! The master key seals one small file; in it are the *installation key*, for good, and the *epoch key*, which seals the material of
//! root keys and nothing else. When a root key is erased, a new epoch is begun, the material that remains is sealed anew, and the
//! older epoch is ended: whoever kept a copy of the database has nothing left to open the erased key with, master key or not.
//!
//! The invariant of this room: **an epoch that was ended is nowhere in the file, and no write, cut off wherever, loses a key that
//! is in use.** All functions that change the file block until it is flushed.

mod content;
mod error;
mod file;

pub use error::Error;

use crate::Secret;
use crate::master::MasterKey;
use crate::primitive::{Random, SealKey};
use content::Content;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the fingerprint of a master key is derived for.
const FINGERPRINT: &str = "keystead keys file master key";

/// An epoch's number and its key.
#[derive(Clone)]
pub struct Epoch {
    /// Counts epochs of the installation. 0 is that of a data folder from before there were epochs, when the master key sealed all.
    pub number: u64,
    /// Seals root key versions.
    pub key: Arc<SealKey>,
}

/// The keys of an installation, opened.
pub struct Keys {
    path: PathBuf,
    random: Arc<dyn Random>,
    installation: SealKey,
    state: Mutex<State>,
}

struct State {
    master: Master,
    content: Content,
    epochs: Epochs,
}

/// The epochs of a content, ready for use.
struct Epochs {
    newest: Epoch,
    older: Option<Epoch>,
}

/// The master key, to seal the file with.
struct Master {
    seal: SealKey,
    fingerprint: [u8; file::FINGERPRINT],
}

impl Keys {
    /// Makes the keys of a new installation, and their file, which must not be there yet.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Io`], [`Error::Crypto`].
    pub fn create(path: &Path, master: &MasterKey, random: Arc<dyn Random>) -> Result<Self, Error> {
        Self::make(path, master, Content::new(random.as_ref())?, random)
    }

    /// Makes the file of an installation that has hung on its master key alone: that becomes the installation key, and epoch 0.
    ///
    /// # Errors
    /// As [`Keys::create`].
    pub fn adopt(path: &Path, master: &MasterKey, random: Arc<dyn Random>) -> Result<Self, Error> {
        Self::make(path, master, Content::adopted(master.bytes()), random)
    }

    /// Makes the file of keys that [`Keys::export`] gave, under a master key that may be another one.
    ///
    /// # Errors
    /// [`Error::Import`], and as [`Keys::create`].
    pub fn import(path: &Path, keys: &Secret, master: &MasterKey, random: Arc<dyn Random>) -> Result<Self, Error> {
        Self::make(path, master, Content::decode(keys).ok_or(Error::Import)?, random)
    }

    /// Opens the file, and finishes what was cut off.
    ///
    /// # Errors
    /// A variant of [`Error`] for each thing that can be wrong with the file, with what to do about it.
    pub fn open(path: &Path, master: &MasterKey, random: Arc<dyn Random>) -> Result<Self, Error> {
        let master = Master::of(master)?;
        let content = file::open(path, &master)?;
        Self::opened(path, master, content, random)
    }

    /// The key that seals and tags all but root keys.
    pub fn installation(&self) -> &SealKey {
        &self.installation
    }

    /// The epoch that root key versions are sealed under from now on.
    pub fn newest(&self) -> Epoch {
        self.state().epochs.newest.clone()
    }

    /// The key of an epoch that was not ended.
    pub fn epoch(&self, number: u64) -> Option<Arc<SealKey>> {
        let Epochs { newest, older } = &self.state().epochs;
        let found = [Some(newest), older.as_ref()].into_iter().flatten().find(|epoch| epoch.number == number);
        found.map(|epoch| Arc::clone(&epoch.key))
    }

    /// The number of the epoch that is being replaced, while one is.
    pub fn replaced(&self) -> Option<u64> {
        self.state().epochs.older.as_ref().map(|epoch| epoch.number)
    }

    /// Begins a new epoch beside the one that is in force. Until [`Keys::end_epoch`] the file holds both.
    ///
    /// # Errors
    /// [`Error::Replacing`] when there are two already; [`Error::Io`], [`Error::Crypto`].
    pub fn begin_epoch(&self) -> Result<Epoch, Error> {
        let mut state = self.state();
        let content = state.content.with_epoch(self.random.as_ref())?;
        self.put(&mut state, content)?;
        drop(state);
        Ok(self.newest())
    }

    /// Ends the older epoch: its key is overwritten in the file, which is flushed, and is dropped from memory. What is still sealed
    /// under it can't be opened by anybody any more. Where there is one epoch only, nothing is done.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Crypto`]: both epochs are in force still.
    pub fn end_epoch(&self) -> Result<(), Error> {
        let mut state = self.state();
        if !state.content.is_replacing() {
            return Ok(());
        }
        let content = state.content.without_older();
        self.put(&mut state, content)
    }

    /// Puts the file under another master key, with the same content. Cut off, it opens with whichever of the two is given.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Crypto`]: the old master key is in force still.
    pub fn change_master(&self, new: &MasterKey) -> Result<(), Error> {
        let (mut state, master) = (self.state(), Master::of(new)?);
        let content = state.content.next();
        file::replace(&self.path, &master, &content, self.random.as_ref())?;
        (state.master, state.content) = (master, content);
        Ok(())
    }

    /// All keys, for a backup: to be sealed before it goes anywhere.
    pub fn export(&self) -> Secret {
        self.state().content.encode()
    }

    fn make(path: &Path, master: &MasterKey, content: Content, random: Arc<dyn Random>) -> Result<Self, Error> {
        let master = Master::of(master)?;
        file::create(path, &master, &content, random.as_ref())?;
        Self::opened(path, master, content, random)
    }

    fn opened(path: &Path, master: Master, content: Content, random: Arc<dyn Random>) -> Result<Self, Error> {
        let (installation, epochs) = (content.installation()?, content.epochs()?);
        let state = Mutex::new(State { master, content, epochs });
        Ok(Keys { path: path.to_owned(), random, installation, state })
    }

    fn put(&self, state: &mut State, content: Content) -> Result<(), Error> {
        let epochs = content.epochs()?;
        file::replace(&self.path, &state.master, &content, self.random.as_ref())?;
        (state.content, state.epochs) = (content, epochs);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Master {
    fn of(key: &MasterKey) -> Result<Self, Error> {
        let [fingerprint @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
            key.seal_key().tag(FINGERPRINT, &[])?;
        Ok(Master { seal: SealKey::new(key.bytes())?, fingerprint })
    }
}
