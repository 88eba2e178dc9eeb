//! Where the master key comes from: the configuration says so, or a systemd credential or variable holds a passphrase, or it is the
//! file in the data folder that the first start makes.

use super::Error;
use crate::config::{Config, MasterKeySource, PASSPHRASE_VARIABLE};
use crate::folder::Folder;
use std::fs::File;
use std::path::{Path, PathBuf};
use wrap::Secret;
use wrap::master::{MasterKey, PassphraseParameters};
use wrap::primitive::Random;
use zeroize::Zeroizing;

const KEY_FILE: &str = "master.key";
/// How the passphrase becomes a key; no secret, but lost without it all the same.
const PARAMETERS_FILE: &str = "passphrase.parameters";
/// The name of the systemd credential (`LoadCredential=passphrase:...`).
const CREDENTIAL: &str = "passphrase";
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// A master key and what to tell the administrator about it.
pub(super) struct Master {
    pub(super) key: MasterKey,
    /// Where it is, in words.
    pub(super) place: String,
}

/// Where it is to be had from.
enum Source {
    File(PathBuf),
    PassphraseFile(PathBuf),
    PassphraseVariable,
}

/// Opens the master key; a first start makes it.
pub(super) fn open(config: &Config, folder: &Folder, random: &dyn Random) -> Result<Master, Error> {
    let place;
    let key = match source(config, folder) {
        Source::File(path) => {
            place = path.display().to_string();
            key_file(&path, folder, random)?
        }
        Source::PassphraseFile(path) => {
            place = format!("derived from the passphrase in {}", path.display());
            let passphrase = std::fs::read(&path).map(Zeroizing::new);
            derive(passphrase.map_err(|error| error.to_string()), &path.display().to_string(), folder, random)?
        }
        Source::PassphraseVariable => {
            place = format!("derived from the passphrase in {PASSPHRASE_VARIABLE}");
            let passphrase = std::env::var(PASSPHRASE_VARIABLE).map(|text| Zeroizing::new(text.into_bytes()));
            derive(passphrase.map_err(|error| error.to_string()), PASSPHRASE_VARIABLE, folder, random)?
        }
    };
    Ok(Master { key, place })
}

fn source(config: &Config, folder: &Folder) -> Source {
    let credential =
        std::env::var_os(CREDENTIALS).map(|path| Path::new(&path).join(CREDENTIAL)).filter(|path| path.exists());
    let variable = std::env::var_os(PASSPHRASE_VARIABLE).filter(|value| !value.is_empty());
    let MasterKeySource { file, passphrase_file } = config.master_key.clone();
    match (file, passphrase_file.or(credential), variable) {
        (Some(path), ..) => Source::File(path),
        (None, Some(path), _) => Source::PassphraseFile(path),
        (None, None, Some(_)) => Source::PassphraseVariable,
        (None, None, None) => Source::File(folder.path(KEY_FILE)),
    }
}

/// Reads the key file. It is made only where nothing was ever stored that another key would be needed for.
fn key_file(path: &Path, folder: &Folder, random: &dyn Random) -> Result<MasterKey, Error> {
    if folder.path(PARAMETERS_FILE).exists() {
        return Err(Error::MasterSource(format!(
            "{} is kept under a passphrase, and none is given: name it with master_key.passphrase_file or {PASSPHRASE_VARIABLE}",
            folder.root().display()
        )));
    }
    if !path.exists() && is_untouched(folder) {
        make_key_file(path, random)?;
    }
    Ok(MasterKey::from_file(path)?)
}

/// Made beside its place and then moved into it, so that a start that is cut off leaves no half a key.
fn make_key_file(path: &Path, random: &dyn Random) -> Result<(), Error> {
    let io = |source| wrap::master::Error::Io { path: path.to_owned(), source };
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let _ = std::fs::remove_file(&unfinished);
    MasterKey::create_file(&unfinished, random)?;
    std::fs::rename(&unfinished, path).map_err(io)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(())
}

/// Whether nothing in the folder was sealed yet.
fn is_untouched(folder: &Folder) -> bool {
    folder.is_new() && !folder.path(super::core::DATABASE).exists()
}

fn derive(
    passphrase: Result<Zeroizing<Vec<u8>>, String>,
    origin: &str,
    folder: &Folder,
    random: &dyn Random,
) -> Result<MasterKey, Error> {
    let problem = |reason: String| Error::Passphrase { origin: origin.into(), reason };
    let mut passphrase = passphrase.map_err(problem)?;
    // Editors and `echo` end a file with a line feed that is no part of the passphrase.
    while passphrase.last().is_some_and(|byte| b"\r\n".contains(byte)) {
        passphrase.pop();
    }
    let parameters = parameters(folder, random)?;
    Ok(MasterKey::from_passphrase(&Secret::new(passphrase), &parameters)?)
}

fn parameters(folder: &Folder, random: &dyn Random) -> Result<PassphraseParameters, Error> {
    let path = folder.path(PARAMETERS_FILE);
    match folder.read(PARAMETERS_FILE)? {
        Some(bytes) => Ok(String::from_utf8_lossy(&bytes).trim().parse()?),
        None if is_untouched(folder) => {
            let parameters = PassphraseParameters::recommended(random)?;
            folder.write(PARAMETERS_FILE, format!("{parameters}\n").as_bytes())?;
            Ok(parameters)
        }
        None => Err(Error::MasterSource(format!(
            "{} is missing: restore it from a backup, or, if this data is kept under a key file, give that and no passphrase",
            path.display()
        ))),
    }
}
