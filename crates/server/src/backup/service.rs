//! [`Backups`]: the running server's backups: made when asked or when due, listed, and of what age.
//!
//! The invariant: **a backup's keys and records belong together**: no epoch begins or ends while one is made; and only whole files bear
//! a backup's name.

use super::write::Writer;
use super::{DATABASE, Error, hex, unhex, verify};
use crate::api::rfc3339;
use crate::folder::Folder;
use ::kmip::Timestamp;
use keymanager::KeyManager;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;
use wrap::keys::Keys;
use wrap::primitive::equal;
use wrap::recovery::RecoveryPublic;

/// What the server knows of backups, in a file of the data folder.
const STATE: &str = "backup.json";
/// What the tag of the recovery key is for: nobody who can write a file alone can have backups sealed to another key.
const TAG: &str = "keystead backup recovery key";
const SUFFIX: &str = ".backup";
const UNFINISHED: &str = ".unfinished";
/// Files of the data folder that are not in a backup: those that are, in a form of their own; those that belong to this machine; and the
/// master key, which the restored installation has another one of.
const LEFT_OUT: [&str; 5] = ["keystead.", "master.", "passphrase.", "restored", "lock"];
/// The same by their whole names.
const LEFT_OUT_BY_NAME: [&str; 2] = ["format", "clock"];

/// See the module.
pub struct Backups {
    folder: Arc<Folder>,
    store: Arc<dyn Store>,
    keys: Arc<Keys>,
    manager: Arc<KeyManager>,
    place: PathBuf,
    keep: usize,
    making: tokio::sync::Mutex<()>,
}

/// A backup in the server's folder.
#[derive(Clone, Debug)]
pub struct Made {
    /// The file's name.
    pub name: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created: i64,
    /// In bytes.
    pub size: u64,
    /// The recovery key that opens it.
    pub recovery_key: String,
}

/// The recovery key, as far as the server has it, and what became of backups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The public half, in hexadecimal; empty while there is none.
    #[serde(default)]
    pub public: String,
    /// Since when, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub since: i64,
    /// How the kit is kept, in words: `2 of 3 shares`, `a passphrase`.
    #[serde(default)]
    pub kept: String,
    /// When the newest backup was made.
    #[serde(default)]
    pub made: Option<i64>,
    /// When the newest one that was verified was made.
    #[serde(default)]
    pub verified: Option<i64>,
    #[serde(default)]
    pub(crate) tag: String,
}

impl Backups {
    /// Over the parts of a running server; `place` is where backups are put, `keep` how many.
    pub fn new(
        folder: Arc<Folder>,
        store: Arc<dyn Store>,
        (keys, manager): (Arc<Keys>, Arc<KeyManager>),
        place: PathBuf,
        keep: usize,
    ) -> Self {
        Backups { folder, store, keys, manager, place, keep, making: tokio::sync::Mutex::default() }
    }

    /// The recovery key, and what became of backups.
    ///
    /// # Errors
    /// [`Error::Folder`]; [`Error::Kit`] where somebody else has written it.
    pub fn recovery(&self) -> Result<Recovery, Error> {
        let Some(bytes) = self.folder.read(STATE)? else { return Ok(Recovery::default()) };
        let known: Recovery =
            serde_json::from_slice(&bytes).map_err(|error| Error::Kit(format!("{STATE}: {error}")))?;
        let tag = unhex(&known.tag).unwrap_or_default();
        if !known.public.is_empty() && !equal(&tag, &self.tag(&known)?) {
            return Err(Error::Kit(format!("{STATE} was not written by this server: set the recovery key anew")));
        }
        Ok(known)
    }

    /// Sets the recovery key for all later backups.
    ///
    /// # Errors
    /// [`Error::Crypto`] where it is none.
    pub fn set_recovery(&self, public: &RecoveryPublic, kept: String, now: Timestamp) -> Result<Recovery, Error> {
        let old = self.recovery().unwrap_or_default();
        let recovery = Recovery { public: hex(public.as_bytes()), since: now.millis(), kept, verified: None, ..old };
        self.write(recovery)
    }

    /// Notes that a backup was verified by whoever has the kit.
    ///
    /// # Errors
    /// [`Error::Folder`].
    pub fn note_verified(&self, created: i64) -> Result<Recovery, Error> {
        let known = self.recovery()?;
        let verified = known.verified.max(Some(created));
        self.write(Recovery { verified, ..known })
    }

    fn write(&self, mut recovery: Recovery) -> Result<Recovery, Error> {
        recovery.tag = hex(&self.tag(&recovery)?);
        let text = serde_json::to_vec_pretty(&recovery).map_err(|error| Error::Kit(error.to_string()))?;
        self.folder.write(STATE, &text)?;
        Ok(recovery)
    }

    fn tag(&self, recovery: &Recovery) -> Result<[u8; 32], Error> {
        Ok(self.keys.installation().tag(TAG, &[recovery.public.as_bytes()])?)
    }

    /// Where backups are put.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// The installation, as backups and kits name it.
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub fn installation(&self) -> Result<String, Error> {
        Ok(hex(&self.keys.signing_key()?.public_key().to_der()))
    }

    /// Makes a backup. Clients are served meanwhile.
    ///
    /// # Errors
    /// [`Error::NoKit`], and what stood in the way; nothing is left of it then.
    pub async fn make(&self, now: Timestamp) -> Result<Made, Error> {
        let _alone = self.making.lock().await;
        let known = self.recovery()?;
        let public = unhex(&known.public).filter(|bytes| !bytes.is_empty()).ok_or(Error::NoKit)?;
        let public = RecoveryPublic::from_bytes(&public)?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.place);
        made.map_err(Error::io(&self.place))?;
        let name = format!("keystead-{}{SUFFIX}", rfc3339(now.seconds()).replace([':', '-'], ""));
        let (path, unfinished) = (self.place.join(&name), self.place.join(format!("{name}{UNFINISHED}")));
        let snapshot = self.place.join(format!("{DATABASE}{UNFINISHED}"));
        for leftover in [&unfinished, &snapshot] {
            let _ = std::fs::remove_file(leftover);
        }
        let written = self.write_backup(&snapshot, &unfinished, &public, now).await;
        let _ = std::fs::remove_file(&snapshot);
        let placed = written.and_then(|()| std::fs::rename(&unfinished, &path).map_err(Error::io(&path)));
        if let Err(error) = placed {
            let _ = std::fs::remove_file(&unfinished);
            return Err(error);
        }
        File::open(&self.place).and_then(|folder| folder.sync_all()).map_err(Error::io(&self.place))?;
        self.write(Recovery { made: Some(now.millis()), ..known })?;
        self.thin_out()?;
        let size = path.metadata().map_err(Error::io(&path))?.len();
        Ok(Made { name, created: now.millis(), size, recovery_key: hex(&public.id()) })
    }

    async fn write_backup(
        &self,
        snapshot: &Path,
        path: &Path,
        public: &RecoveryPublic,
        now: Timestamp,
    ) -> Result<(), Error> {
        let held = self.manager.hold_epochs().await;
        self.store.snapshot(snapshot).await?;
        let keys = self.keys.export();
        drop(held);
        let signing = self.keys.signing_key()?;
        let files = self.files()?;
        let (snapshot, path, public) = (snapshot.to_owned(), path.to_owned(), *public);
        let work = move || {
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let out = std::io::BufWriter::with_capacity(1 << 20, file.map_err(Error::io(&path))?);
            let mut writer = Writer::begin(out, &path, &public, &signing, now.millis())?;
            writer.keys(&keys)?;
            for (name, place) in files.iter().chain([&(DATABASE.to_owned(), snapshot)]) {
                let file = File::open(place).map_err(Error::io(place))?;
                let length = file.metadata().map_err(Error::io(place))?.len();
                writer.entry(name, length, file)?;
            }
            let file = writer.finish(&signing)?.into_inner().map_err(|error| Error::io(&path)(error.into_error()))?;
            file.sync_all().map_err(Error::io(&path))
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Content(error.to_string()))?
    }

    /// The data folder's plain files that are in a backup as they are.
    fn files(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        let root = self.folder.root();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(root).map_err(Error::io(root))? {
            let entry = entry.map_err(Error::io(root))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_file = entry.file_type().map_err(Error::io(root))?.is_file();
            let other = LEFT_OUT.iter().any(|start| name.starts_with(start))
                || LEFT_OUT_BY_NAME.contains(&name.as_str())
                || name.ends_with(UNFINISHED);
            if is_file && !other {
                files.push((name, entry.path()));
            }
        }
        files.sort();
        Ok(files)
    }

    /// The backups in the server's folder, the newest first.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn list(&self) -> Result<Vec<Made>, Error> {
        let entries = match std::fs::read_dir(&self.place) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(&self.place)(error)),
        };
        let mut all: Vec<Made> = entries.flatten().filter_map(|entry| made(&entry.path())).collect();
        all.sort_by_key(|made| std::cmp::Reverse((made.created, made.name.clone())));
        Ok(all)
    }

    /// Where a backup of this name is, if there is one.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn find(&self, name: &str) -> Result<Option<PathBuf>, Error> {
        Ok(self.list()?.iter().any(|made| made.name == name).then(|| self.place.join(name)))
    }

    /// Removes those that are too many, the oldest first; never one that was the last to be verified.
    fn thin_out(&self) -> Result<(), Error> {
        let verified = self.recovery()?.verified;
        for old in self.list()?.iter().skip(self.keep.max(1)).filter(|made| Some(made.created) != verified) {
            let path = self.place.join(&old.name);
            std::fs::remove_file(&path).map_err(Error::io(&path))?;
        }
        Ok(())
    }
}

fn made(path: &Path) -> Option<Made> {
    let name = path.file_name()?.to_str().filter(|name| name.ends_with(SUFFIX))?.to_owned();
    let head = verify::head(path).ok()?;
    let size = path.metadata().ok()?.len();
    Some(Made { name, created: head.created, size, recovery_key: head.recovery_key })
}
