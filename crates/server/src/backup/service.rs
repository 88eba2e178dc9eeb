//! [`Backups`]: the running server's backups: made when asked or when due, listed, and of what age.
//!
//! The invariant: **a backup's keys and records belong together**: no epoch begins or ends while one is made; and only whole files bear
//! a backup's name.

use super::state::{Recovery, State};
use super::told::Told;
use super::write::Writer;
use super::{DATABASE, Error, verify};
use crate::api::rfc3339;
use crate::folder::Folder;
use crate::pki::{from_hexadecimal, hexadecimal};
use ::kmip::Timestamp;
use keymanager::KeyManager;
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;
use wrap::keys::Keys;
use wrap::recovery::RecoveryPublic;

const SUFFIX: &str = ".backup";
const UNFINISHED: &str = "unfinished";
/// How the names of files begin that are not in a backup as they are: those that are in it in a form of their own; the master key, of which
/// the restored installation has another; what says how far this machine's audit came; and what belongs to this machine.
const LEFT_OUT: [&str; 7] = ["keystead.", "master.", "passphrase.", "audit.", "audit-", "restored", "lock"];
/// The same by their whole names. `node` names a journal, and the restored installation begins another one: under the old name its events
/// would bear identifiers that are taken, and the old journal's head would say that it was cut.
const LEFT_OUT_BY_NAME: [&str; 3] = ["format", "clock", "node"];

/// See the module.
pub struct Backups {
    folder: Arc<Folder>,
    store: Arc<dyn Store>,
    keys: Arc<Keys>,
    manager: Arc<KeyManager>,
    place: PathBuf,
    keep: usize,
    state: State,
    told: Told,
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

impl Backups {
    /// Over the parts of a running server; `place` is where backups are put, and how many are kept there.
    pub fn new(
        folder: Arc<Folder>,
        store: Arc<dyn Store>,
        (keys, manager): (Arc<Keys>, Arc<KeyManager>),
        (place, keep): (PathBuf, usize),
        told: Told,
    ) -> Self {
        let state = State::new(folder.clone(), keys.clone());
        Backups { folder, store, keys, manager, place, keep, state, told, making: tokio::sync::Mutex::default() }
    }

    /// The recovery key, and what became of backups.
    ///
    /// # Errors
    /// [`Error::Folder`]; [`Error::Kit`] where somebody else has written it.
    pub fn recovery(&self) -> Result<Recovery, Error> {
        self.state.read()
    }

    /// Sets the recovery key for all later backups.
    ///
    /// # Errors
    /// [`Error::Folder`].
    pub fn set_recovery(&self, public: &RecoveryPublic, kept: String, now: Timestamp) -> Result<Recovery, Error> {
        self.state.replace(public, kept, now)
    }

    /// Notes that a backup was verified by whoever has the kit.
    ///
    /// # Errors
    /// [`Error::Folder`].
    pub fn note_verified(&self, created: i64) -> Result<Recovery, Error> {
        self.state.note_verified(created)
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
        Ok(hexadecimal(&self.keys.signing_key()?.public_key().to_der()))
    }

    /// Makes a backup, and tells of it. Clients are served meanwhile. Where the recovery key was replaced meanwhile, it is one of those
    /// that the old one opens.
    ///
    /// # Errors
    /// [`Error::NoKit`], and what stood in the way; nothing is left of it then.
    pub async fn make(&self, now: Timestamp) -> Result<Made, Error> {
        let _alone = self.making.lock().await;
        let outcome = self.try_to_make(now).await;
        self.told.tell(&outcome, now);
        outcome
    }

    async fn try_to_make(&self, now: Timestamp) -> Result<Made, Error> {
        let known = self.recovery()?;
        let public = from_hexadecimal(&known.public).filter(|bytes| !bytes.is_empty()).ok_or(Error::NoKit)?;
        let public = RecoveryPublic::from_bytes(&public)?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.place);
        made.map_err(Error::io(&self.place))?;
        let name = format!("keystead-{}{SUFFIX}", rfc3339(now.seconds()).replace([':', '-'], ""));
        let path = self.place.join(&name);
        self.write_whole(&path, &public, now).await?;
        if !self.state.note_made(&public, now.millis())? {
            tracing::warn!(name, "the recovery key was replaced while this backup was made: the old kit opens it");
        }
        self.thin_out(now.millis())?;
        let size = path.metadata().map_err(Error::io(&path))?.len();
        Ok(Made { name, created: now.millis(), size, recovery_key: hexadecimal(&public.id()) })
    }

    /// Writes a backup beside its place, and moves it there.
    async fn write_whole(&self, path: &Path, public: &RecoveryPublic, now: Timestamp) -> Result<(), Error> {
        let unfinished = path.with_added_extension(UNFINISHED);
        let snapshot = self.place.join(DATABASE).with_added_extension(UNFINISHED);
        for leftover in [&unfinished, &snapshot] {
            let _ = std::fs::remove_file(leftover);
        }
        let written = self.write_backup(&snapshot, &unfinished, public, now).await;
        let _ = std::fs::remove_file(&snapshot);
        let placed = written.and_then(|()| std::fs::rename(&unfinished, path).map_err(Error::io(path)));
        if placed.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        placed?;
        File::open(&self.place).and_then(|folder| folder.sync_all()).map_err(Error::io(&self.place))
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
                || name.ends_with(&format!(".{UNFINISHED}"));
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

    /// Removes those that are too many, the oldest first; never one that was the last to be verified, nor the one that was just made, which
    /// looks like the oldest where the clock was put back.
    fn thin_out(&self, just_made: i64) -> Result<(), Error> {
        let spared = [Some(just_made), self.recovery()?.verified];
        for old in self.list()?.iter().skip(self.keep.max(1)).filter(|made| !spared.contains(&Some(made.created))) {
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
