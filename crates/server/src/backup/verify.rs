//! Verifying a backup: everything in it is opened, in a folder that is gone afterwards.
//!
//! The invariant: **nothing of it is kept**, and nothing of a running installation is touched.

use super::kit::Kit;
use super::read::{Backup, Taker};
use super::{DATABASE, Error, Head, KEYS};
use crate::kmip_service::Kmip;
use engine::Engine;
use keymanager::{KeyManager, KmipService, Timers};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;
use store::journal::{Flush, Journal};
use wrap::Secret;
use wrap::keys::Keys;
use wrap::master::MasterKey;
use wrap::primitive::{Random, SystemRandom, random_secret};
use zeroize::Zeroizing;

/// What is in a backup.
#[derive(Clone, Debug)]
pub struct Report {
    /// What everybody may read of it.
    pub head: Head,
    /// What was opened of the key manager's.
    pub keys: keymanager::Examined,
    /// What was opened of the adapters'.
    pub objects: engine::examine::Examined,
}

/// What everybody may read of a backup.
///
/// # Errors
/// [`Error::NotOurs`], [`Error::Damaged`], [`Error::Newer`], [`Error::Io`].
pub fn head(path: &Path) -> Result<Head, Error> {
    Ok(Backup::open(path)?.head)
}

/// Opens everything in a backup.
///
/// # Errors
/// What is wrong with it, or with the kit.
pub async fn verify(path: &Path, kit: &Kit) -> Result<Report, Error> {
    let backup = Backup::open(path)?;
    let head = backup.head.clone();
    let folder = tempfile::Builder::new().prefix("keystead-verify-").tempdir().map_err(Error::io(path))?;
    let keys = unpack(backup, kit, folder.path(), |name| name == DATABASE)?;
    let opened = Opened::open(folder.path(), &keys).await?;
    let content = |error: &dyn std::fmt::Display| Error::Content(error.to_string());
    let found = opened.keys.examine().await.map_err(|error| content(&error))?;
    let objects = opened.engine.examine().await.map_err(|error| content(&error))?;
    opened.close().await?;
    Ok(Report { head, keys: found, objects })
}

/// Writes those files of a backup that are `wanted` into a folder, and gives the keys. All that there is goes by, wanted or not.
pub(super) fn unpack(backup: Backup, kit: &Kit, folder: &Path, wanted: fn(&str) -> bool) -> Result<Secret, Error> {
    let mut unpacker = Unpacker { folder: folder.to_owned(), wanted, goes_to: Destination::Nowhere, keys: None };
    backup.read(kit, &mut unpacker)?;
    let keys = unpacker.keys.ok_or_else(|| Error::damaged("it holds no keys"))?;
    Ok(Secret::new(keys))
}

struct Unpacker {
    folder: PathBuf,
    wanted: fn(&str) -> bool,
    goes_to: Destination,
    keys: Option<Zeroizing<Vec<u8>>>,
}

/// Where what goes by is put.
enum Destination {
    Nowhere,
    /// They touch no disk.
    Keys,
    File(PathBuf, File),
}

impl Taker for Unpacker {
    fn begin(&mut self, name: &str, _: u64) -> Result<(), Error> {
        if name == KEYS {
            self.keys = Some(Zeroizing::default());
            self.goes_to = Destination::Keys;
            return Ok(());
        }
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !plain || name.starts_with('.') {
            return Err(Error::damaged("a file in it has a name that none has"));
        }
        self.goes_to = Destination::Nowhere;
        if (self.wanted)(name) {
            let path = self.folder.join(name);
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            self.goes_to = Destination::File(path.clone(), file.map_err(Error::io(&path))?);
        }
        Ok(())
    }

    fn more(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.goes_to {
            Destination::File(path, file) => file.write_all(bytes).map_err(Error::io(path)),
            Destination::Keys => {
                self.keys.get_or_insert_default().extend_from_slice(bytes);
                Ok(())
            }
            Destination::Nowhere => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        match std::mem::replace(&mut self.goes_to, Destination::Nowhere) {
            Destination::File(path, file) => file.sync_all().map_err(Error::io(&path)),
            Destination::Keys | Destination::Nowhere => Ok(()),
        }
    }
}

/// What a backup holds, opened as a server would.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    pub(super) keys: Arc<KeyManager>,
    pub(super) engine: Arc<Engine>,
    _kmip: Arc<dyn KmipService>,
}

impl Opened {
    /// Opens the store in a folder under these keys, with a master key that nobody keeps.
    pub(super) async fn open(folder: &Path, keys: &Secret) -> Result<Self, Error> {
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let master = MasterKey::new(&random_secret(&*random, 32)?)?;
        let path = folder.join("verified.keys");
        let keys = Arc::new(Keys::import(&path, keys, &master, random.clone())?);
        let opened = Self::with(folder, keys, random).await;
        std::fs::remove_file(&path).map_err(Error::io(&path))?;
        opened
    }

    /// Opens the store in a folder under these keys.
    pub(super) async fn with(folder: &Path, keys: Arc<Keys>, random: Arc<dyn Random>) -> Result<Self, Error> {
        let content = |error: &dyn std::fmt::Display| Error::Content(error.to_string());
        let store = store::open(&format!("sqlite:{}", folder.join(DATABASE).display())).await?;
        let manager = KeyManager::open(store.clone(), keys, random.clone(), Timers::default()).await;
        let manager = Arc::new(manager.map_err(|error| content(&error))?);
        let node = [0; 16];
        let journal = Journal::open(&folder.join("verified.journal"), node, wrap::primitive::digest, Flush::Soon)?;
        let journal = Arc::new(journal);
        let parts = engine::Parts { store: store.clone(), wrapper: manager.clone(), random, journal };
        let engine = Arc::new(Engine::open(parts).await.map_err(|error| content(&error))?);
        let kmip: Arc<dyn KmipService> = Arc::new(Kmip::new(engine.clone(), None));
        manager.serve_kmip(Arc::downgrade(&kmip));
        Ok(Opened { store, keys: manager, engine, _kmip: kmip })
    }

    /// Closes the store.
    pub(super) async fn close(self) -> Result<(), Error> {
        Ok(self.store.close().await?)
    }
}
