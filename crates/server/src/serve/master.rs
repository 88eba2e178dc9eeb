//! The master key at a start: every source that is known is tried, and the one that opens the keys file is taken.
//!
//! The configuration may name a source; a systemd credential or a variable may hold a passphrase; the data folder's mark remembers what
//! the last ceremony made ([`super::origin`]); and without any of these it is the file in the data folder that the first start makes.
//! The invariant: **a key is made only where nothing was ever stored that another key would be needed for.**

use super::origin::{Mark, Marks, Origin};
use super::{Error, keys, shared};
use crate::config::{Config, MasterKeySource, PASSPHRASE_VARIABLE};
use crate::folder::Folder;
use crate::passphrase;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wrap::Secret;
use wrap::keys::Keys;
use wrap::master::{MasterKey, PassphraseParameters};
use wrap::primitive::Random;
use zeroize::Zeroizing;

pub(super) const KEY_FILE: &str = "master.key";
/// How the passphrase becomes a key; no secret, but lost without it all the same.
pub(super) const PARAMETERS_FILE: &str = "passphrase.parameters";
/// The name of the systemd credential (`LoadCredential=passphrase:...`).
const CREDENTIAL: &str = "passphrase";
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The keys, opened, and what to tell the administrator about the master key.
pub(super) struct Master {
    pub(super) keys: Arc<Keys>,
    pub(super) mark: Mark,
}

/// What came of looking for the master key.
pub(super) enum Found {
    /// The keys file is open.
    Open(Master),
    /// The master key exists as shares, and they are not at hand.
    Wanted(Mark),
}

/// Where a key is to be had from.
#[derive(Clone, PartialEq, Eq)]
enum Source {
    File(PathBuf),
    PassphraseFile(PathBuf),
    PassphraseVariable,
    ShareFiles(Vec<PathBuf>),
}

/// Opens the keys under the master key; a first start makes both.
pub(super) fn open(config: &Config, folder: &Folder, random: &Arc<dyn Random>) -> Result<Found, Error> {
    let Some(marks) = Marks::read(folder)? else { return first(config, folder, random).map(Found::Open) };
    let mut refusals = Vec::new();
    let configured = configured(config);
    let remembered =
        marks.all().filter_map(|mark| source_of(&mark.origin)).filter(|it| Some(it) != configured.as_ref());
    for source in configured.iter().cloned().chain(remembered) {
        match attempt(&source, &marks, folder, random) {
            Ok((keys, origin)) => {
                warn_of_configuration(configured.as_ref(), &source, &origin);
                return settle(folder, &marks, keys, origin).map(Found::Open);
            }
            Err(error) => refusals.push(error),
        }
    }
    for refusal in &refusals {
        tracing::warn!("a source of the master key was of no use: {refusal}");
    }
    let wanted = marks.all().find(|mark| matches!(mark.origin, Origin::Shares { .. })).cloned();
    let refusal =
        refusals.into_iter().next().unwrap_or(Error::MasterSource("no source of the master key is known".into()));
    wanted.map(Found::Wanted).ok_or(refusal)
}

/// A folder without a mark: what it was before there were ceremonies.
fn first(config: &Config, folder: &Folder, random: &Arc<dyn Random>) -> Result<Master, Error> {
    let source = configured(config).unwrap_or_else(|| Source::File(folder.path(KEY_FILE)));
    let (key, origin) = match &source {
        Source::File(path) => (key_file(path, folder, &**random)?, Origin::File { path: path.clone() }),
        Source::PassphraseFile(_) | Source::PassphraseVariable => {
            let passphrase = read_passphrase(&source)?;
            let parameters = parameters(folder, &**random)?;
            (MasterKey::from_passphrase(&passphrase, &parameters)?, passphrase_origin(&source, &parameters))
        }
        Source::ShareFiles(_) => {
            return Err(Error::MasterSource(format!(
                "master_key.share_files is set, and the master key of {} was never split: begin a new folder with `keystead init`, \
                 or take the setting away",
                folder.root().display()
            )));
        }
    };
    let keys = keys::open(folder, &key, random)?;
    Ok(Master { keys, mark: Mark { origin, since: None } })
}

/// What the configuration or the environment names.
fn configured(config: &Config) -> Option<Source> {
    let credential =
        std::env::var_os(CREDENTIALS).map(|path| Path::new(&path).join(CREDENTIAL)).filter(|path| path.exists());
    let variable = std::env::var_os(PASSPHRASE_VARIABLE).filter(|value| !value.is_empty());
    let MasterKeySource { file, passphrase_file, share_files } = config.master_key.clone();
    let shares = (!share_files.is_empty()).then_some(Source::ShareFiles(share_files));
    let file = file.map(Source::File).or(shares);
    let passphrase = passphrase_file.or(credential).map(Source::PassphraseFile);
    file.or(passphrase).or(variable.map(|_| Source::PassphraseVariable))
}

/// What a mark names, where that can be had without asking anybody.
fn source_of(origin: &Origin) -> Option<Source> {
    match origin {
        Origin::File { path } => Some(Source::File(path.clone())),
        Origin::Passphrase { path, .. } => path.clone().map(Source::PassphraseFile),
        Origin::Shares { .. } => None,
    }
}

/// Tries a source on the keys file.
fn attempt(
    source: &Source,
    marks: &Marks,
    folder: &Folder,
    random: &Arc<dyn Random>,
) -> Result<(Arc<Keys>, Origin), Error> {
    match source {
        Source::File(path) => {
            unlock(folder, &MasterKey::from_file(path)?, Origin::File { path: path.clone() }, marks, random)
        }
        Source::ShareFiles(paths) => {
            let (key, origin) = shared::from_files(paths)?;
            unlock(folder, &key, origin, marks, random)
        }
        Source::PassphraseFile(_) | Source::PassphraseVariable => passphrase(source, marks, folder, random),
    }
}

/// Opens the keys file. Where it is still to be made, only the key that the mark names may make it.
fn unlock(
    folder: &Folder,
    key: &MasterKey,
    origin: Origin,
    marks: &Marks,
    random: &Arc<dyn Random>,
) -> Result<(Arc<Keys>, Origin), Error> {
    if !folder.path(keys::FILE).exists() && !marks.all().any(|mark| mark.origin == origin) {
        return Err(Error::MasterSource(format!("the folder was begun under {}", marks.current.origin.place())));
    }
    Ok((keys::open(folder, key, random)?, origin))
}

/// A passphrase with each of the parameters that are known.
fn passphrase(
    source: &Source,
    marks: &Marks,
    folder: &Folder,
    random: &Arc<dyn Random>,
) -> Result<(Arc<Keys>, Origin), Error> {
    let given = read_passphrase(source)?;
    let mut refusal = Error::MasterSource("a passphrase was given, and the master key comes from none".to_owned());
    for mark in marks.all() {
        let Origin::Passphrase { parameters, .. } = &mark.origin else { continue };
        let parameters = parameters.parse()?;
        let key = MasterKey::from_passphrase(&given, &parameters)?;
        match unlock(folder, &key, passphrase_origin(source, &parameters), marks, random) {
            Ok(opened) => return Ok(opened),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn passphrase_origin(source: &Source, parameters: &PassphraseParameters) -> Origin {
    let path = match source {
        Source::PassphraseFile(path) => Some(path.clone()),
        Source::PassphraseVariable | Source::File(_) | Source::ShareFiles(_) => None,
    };
    Origin::Passphrase { path, parameters: parameters.to_string() }
}

/// The source that opened the keys file is in force. Where another one was at hand, that opens nothing any more.
pub(super) fn settle(folder: &Folder, marks: &Marks, keys: Arc<Keys>, origin: Origin) -> Result<Master, Error> {
    let known = marks.all().find(|mark| mark.origin == origin);
    let mark = known.cloned().unwrap_or(Mark { origin, since: None });
    let settled = Marks::settled(mark.clone());
    if *marks != settled {
        settled.write(folder)?;
        tracing::warn!("the master key is {} from now on", mark.origin.place());
    }
    let others: Vec<&Origin> = marks.all().map(|mark| &mark.origin).filter(|origin| **origin != mark.origin).collect();
    clear(folder, &mark.origin, &others)?;
    Ok(Master { keys, mark })
}

/// Removes from the data folder what a source that is no longer in force has left there.
pub(super) fn clear(folder: &Folder, current: &Origin, others: &[&Origin]) -> Result<(), Error> {
    let names = others.iter().filter_map(|origin| match origin {
        Origin::File { path } if *path == folder.path(KEY_FILE) => Some(KEY_FILE),
        Origin::Passphrase { .. } => Some(PARAMETERS_FILE),
        Origin::File { .. } | Origin::Shares { .. } => None,
    });
    let is_current = |name: &str| matches!(current, Origin::File { path } if *path == folder.path(name));
    for name in names.filter(|name| folder.path(name).exists() && !is_current(name)) {
        folder.remove(name)?;
        tracing::warn!("{} is removed: the master key does not come from it any more", folder.path(name).display());
    }
    Ok(())
}

fn warn_of_configuration(configured: Option<&Source>, taken: &Source, origin: &Origin) {
    if configured.is_some_and(|configured| configured != taken) {
        tracing::warn!(
            "the configuration names another master key than the one that is in force; it has to say: {}",
            origin.settings()
        );
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
pub(super) fn make_key_file(path: &Path, random: &dyn Random) -> Result<(), Error> {
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

/// The passphrase that a source holds.
fn read_passphrase(source: &Source) -> Result<Secret, Error> {
    match source {
        Source::PassphraseFile(path) => passphrase_file(path),
        Source::PassphraseVariable | Source::File(_) | Source::ShareFiles(_) => {
            let text = std::env::var(PASSPHRASE_VARIABLE)
                .map_err(|error| Error::Passphrase { origin: PASSPHRASE_VARIABLE.into(), reason: error.to_string() })?;
            Ok(passphrase::trimmed(Zeroizing::new(text.into_bytes())))
        }
    }
}

/// The passphrase in a file.
pub(super) fn passphrase_file(path: &Path) -> Result<Secret, Error> {
    passphrase::read(path)
        .map_err(|error| Error::Passphrase { origin: path.display().to_string(), reason: error.to_string() })
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

#[cfg(test)]
mod tests {
    use super::*;
    use wrap::primitive::SystemRandom;

    /// Where a change of master key can be cut off, and which of the two sources opens then.
    #[test]
    fn a_change_that_was_cut_off_is_settled_by_the_source_that_opens() {
        let check = |is_changed: bool, is_configured: bool| {
            let home = tempfile::tempdir().unwrap();
            let random: Arc<dyn Random> = Arc::new(SystemRandom);
            let folder = Folder::open(&home.path().join("data")).unwrap();
            let mut config = Config::new(folder.root().to_owned());
            let Found::Open(Master { keys, mark }) = open(&config, &folder, &random).unwrap() else { panic!("sealed") };
            let (old, new) = (folder.path(KEY_FILE), home.path().join("new.key"));
            make_key_file(&new, &*random).unwrap();
            let next = Mark { origin: Origin::File { path: new.clone() }, since: Some("now".into()) };
            Marks { current: mark, next: Some(next) }.write(&folder).unwrap();
            if is_changed {
                keys.change_master(&MasterKey::from_file(&new).unwrap()).unwrap();
            }
            drop(keys);
            config.master_key.file = is_configured.then(|| old.clone());
            let Found::Open(master) = open(&config, &folder, &random).unwrap() else { panic!("sealed") };
            let taken = if is_changed { &new } else { &old };
            assert_eq!(master.mark.origin, Origin::File { path: taken.clone() });
            assert_eq!(Marks::read(&folder).unwrap(), Some(Marks::settled(master.mark)));
            assert_eq!((old.exists(), new.exists()), (!is_changed, true));
        };
        for is_changed in [false, true] {
            for is_configured in [false, true] {
                check(is_changed, is_configured);
            }
        }
    }

    #[test]
    fn only_the_source_that_the_folder_was_begun_under_makes_the_keys_file() {
        let home = tempfile::tempdir().unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let folder = Folder::open(&home.path().join("data")).unwrap();
        let (_, _, origin) = shared::split(3, 2, &*random).unwrap();
        Marks::settled(Mark { origin, since: None }).write(&folder).unwrap();
        let mut config = Config::new(folder.root().to_owned());
        let another = home.path().join("another.key");
        make_key_file(&another, &*random).unwrap();
        config.master_key.file = Some(another);
        assert!(matches!(open(&config, &folder, &random), Ok(Found::Wanted(_))));
        assert!(!folder.path(keys::FILE).exists());
    }
}
