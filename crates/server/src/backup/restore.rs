//! Restoring a backup into a folder that is empty or not there.
//!
//! The invariant: **the data folder appears whole or not at all**: it is put together beside its place, under a name that says so, and
//! moved there when everything in it has been opened.

use super::kit::Kit;
use super::read::Backup;
use super::verify::{self, Opened, unpack};
use super::{DATABASE, Error, Head};
use crate::folder::Folder;
use crate::passphrase;
use ::kmip::Timestamp;
use keymanager::{Action, Call, Destruction};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;
use wrap::Secret;
use wrap::keys::Keys;
use wrap::master::{MasterKey, PassphraseParameters};
use wrap::primitive::{Random, SystemRandom};

/// The keys file, the key file and the parameters of a passphrase: named as a server names them.
const KEYS_FILE: &str = "keystead.keys";
const MASTER_FILE: &str = "master.key";
const PARAMETERS_FILE: &str = "passphrase.parameters";
/// What the next start tells in its log, and then removes.
pub const NOTE: &str = "restored";

/// Under which master key the restored installation is.
#[derive(Clone, Debug)]
pub enum NewMaster {
    /// A new key file in the data folder.
    InFolder,
    /// A new key file elsewhere.
    File(PathBuf),
    /// Derived from the passphrase in a file.
    Passphrase(PathBuf),
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What everybody may read of the backup.
    pub head: Head,
    /// What was opened of the key manager's.
    pub keys: keymanager::Examined,
    /// What was opened of the adapters'.
    pub objects: engine::examine::Examined,
    /// What was not revived, since it was destroyed after the backup was made: name and identifier.
    pub buried: Vec<(String, Uuid)>,
}

/// Restores a backup. `newer` is a data folder or a backup that knows of later destructions: what was destroyed stays so. A backup beside
/// which a newer one lies is restored only where `older` says so.
///
/// # Errors
/// What is wrong with the backup, the kit or the place. Nothing is at the place then that was not there before.
pub async fn restore(
    path: &Path,
    kit: &Kit,
    data: &Path,
    master: &NewMaster,
    (newer, older): (Option<&Path>, bool),
    now: Timestamp,
) -> Result<Restored, Error> {
    let data: &Path = &data.components().collect::<PathBuf>();
    refuse_full(data)?;
    refuse_older(path, kit, older)?;
    let work = beside(data);
    let _ = std::fs::remove_dir_all(&work); // what an earlier attempt left
    let outcome = prepare(path, kit, &work, master, newer, now).await;
    let placed = match outcome {
        Ok(restored) => place(&work, data).map(|()| restored),
        Err(error) => Err(error),
    };
    if placed.is_err() {
        let _ = std::fs::remove_dir_all(&work);
    }
    placed
}

async fn prepare(
    path: &Path,
    kit: &Kit,
    work: &Path,
    master: &NewMaster,
    newer: Option<&Path>,
    now: Timestamp,
) -> Result<Restored, Error> {
    let mut folder = Folder::open(work)?;
    let backup = Backup::open(path)?;
    let head = backup.head.clone();
    let exported = unpack(backup, kit, work, |_| true)?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let key = new_master(master, &folder, &*random)?;
    let keys = Arc::new(Keys::import(&work.join(KEYS_FILE), &exported, &key, random.clone())?);
    let opened = Opened::with(work, keys, random).await?;
    let content = |error: &dyn std::fmt::Display| Error::Content(error.to_string());
    let destroyed = destructions(newer, kit, &exported).await?;
    let buried = opened.keys.bury(&destroyed, now).await.map_err(|error| content(&error))?;
    let buried = buried.iter().map(|record| (record.name.clone(), record.key)).collect();
    let found = opened.keys.examine().await.map_err(|error| content(&error))?;
    let objects = opened.engine.examine().await.map_err(|error| content(&error))?;
    opened.close().await?;
    let _ = std::fs::remove_dir_all(work.join("verified.journal"));
    let note = format!("a backup of {}", crate::api::rfc3339(head.created.div_euclid(1000)));
    folder.write(NOTE, note.as_bytes())?;
    folder.finish()?;
    Ok(Restored { head, keys: found, objects, buried })
}

fn new_master(master: &NewMaster, folder: &Folder, random: &dyn Random) -> Result<MasterKey, Error> {
    match master {
        NewMaster::InFolder => Ok(MasterKey::create_file(&folder.path(MASTER_FILE), random)?),
        NewMaster::File(path) if path.exists() => Ok(MasterKey::from_file(path)?),
        NewMaster::File(path) => Ok(MasterKey::create_file(path, random)?),
        NewMaster::Passphrase(path) => {
            let passphrase = passphrase::read(path).map_err(Error::io(path))?;
            let parameters = PassphraseParameters::recommended(random)?;
            folder.write(PARAMETERS_FILE, format!("{parameters}\n").as_bytes())?;
            Ok(MasterKey::from_passphrase(&passphrase, &parameters)?)
        }
    }
}

/// What a data folder or a backup knows to have been destroyed. It is read in a copy: neither is touched.
async fn destructions(newer: Option<&Path>, kit: &Kit, keys: &Secret) -> Result<Vec<Destruction>, Error> {
    let Some(newer) = newer else { return Ok(Vec::new()) };
    let copy = tempfile::Builder::new().prefix("keystead-newer-").tempdir().map_err(Error::io(newer))?;
    if newer.is_dir() {
        copy_database(newer, copy.path())?;
    } else {
        unpack(Backup::open(newer)?, kit, copy.path(), |name| name == DATABASE)?;
    }
    let opened = Opened::open(copy.path(), keys).await?;
    let call = Call::internal(Uuid::nil(), Action::PurgeKey, "restore", Timestamp::from_millis(0));
    let found = opened.keys.destructions(&call, None).await.map_err(|error| Error::Content(error.to_string()));
    opened.close().await?;
    found
}

/// The database, with its logs: what was committed last may be in those alone.
fn copy_database(from: &Path, to: &Path) -> Result<(), Error> {
    let io = Error::io(from);
    for entry in std::fs::read_dir(from).map_err(&io)? {
        let entry = entry.map_err(&io)?;
        if entry.file_name().to_string_lossy().starts_with(DATABASE) {
            std::fs::copy(entry.path(), to.join(entry.file_name())).map_err(Error::io(&entry.path()))?;
        }
    }
    if to.join(DATABASE).exists() { Ok(()) } else { Err(Error::NoTombstones(from.to_owned())) }
}

fn refuse_full(data: &Path) -> Result<(), Error> {
    match std::fs::read_dir(data) {
        Ok(mut entries) => entries.next().map_or(Ok(()), |_| Err(Error::NotEmpty(data.to_owned()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io(data)(error)),
    }
}

/// Whoever restores the wrong one of two loses the keys that were made between them.
fn refuse_older(path: &Path, kit: &Kit, older: bool) -> Result<(), Error> {
    let head = verify::head(path)?;
    kit.fits(&head)?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let others = std::fs::read_dir(folder).map_err(Error::io(folder))?.flatten().map(|entry| entry.path());
    let is_newer = |other: &PathBuf| {
        verify::head(other).is_ok_and(|found| found.installation == head.installation && found.created > head.created)
    };
    match others.filter(|other| other.is_file()).find(is_newer) {
        Some(newer) if !older => Err(Error::Older { newer }),
        Some(_) | None => Ok(()),
    }
}

/// `DATA.restoring`, on the same file system.
fn beside(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".restoring");
    PathBuf::from(name)
}

/// An empty folder gives way to one that is moved into its place.
fn place(work: &Path, data: &Path) -> Result<(), Error> {
    std::fs::rename(work, data).map_err(Error::io(data))?;
    let parent = data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(Error::io(parent))
}
