//! Where the master key comes from, as the data folder remembers it: a mark beside the keys file, without any secret.
//!
//! The invariant: **while a master key is changed the mark names both sources**, the one that is in force and the one to come, so that
//! a start after a power cut finds whichever of them opens the keys file.

use super::Error;
use crate::folder::Folder;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The mark's name.
pub(super) const FILE: &str = "master.source";

/// A source of the master key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// A key file.
    File {
        /// Where it is.
        path: PathBuf,
    },
    /// A passphrase.
    Passphrase {
        /// The file that holds it; none where a credential or a variable does.
        path: Option<PathBuf>,
        /// How it becomes a key: the text form of [`wrap::master::PassphraseParameters`].
        parameters: String,
    },
    /// Key shares.
    Shares {
        /// The set that they belong to, in hexadecimal digits.
        set: String,
        /// How many of them make the key.
        threshold: u8,
        /// How many there are.
        of: u8,
    },
}

/// A source, and since when it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The source.
    pub(crate) origin: Origin,
    /// RFC 3339; none where that was before there were marks.
    pub(crate) since: Option<String>,
}

/// What the folder remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marks {
    /// The source in force.
    pub(super) current: Mark,
    /// The one that is to follow it, while the master key is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<Mark>,
}

impl Marks {
    /// One source, and no change under way.
    pub(super) fn settled(current: Mark) -> Self {
        Marks { current, next: None }
    }

    /// The folder's; none where there never was a ceremony.
    pub(super) fn read(folder: &Folder) -> Result<Option<Self>, Error> {
        let Some(bytes) = folder.read(FILE)? else { return Ok(None) };
        let marks = serde_json::from_slice(&bytes).map_err(|error| {
            let path = folder.path(FILE);
            Error::MasterSource(format!(
                "{} is damaged ({error}): restore it from a backup, or remove it and say in the configuration where the master key is",
                path.display()
            ))
        });
        marks.map(Some)
    }

    /// Makes them the folder's, durably.
    pub(super) fn write(&self, folder: &Folder) -> Result<(), Error> {
        let text = serde_json::to_string(self).map_err(|error| Error::MasterSource(error.to_string()))?;
        Ok(folder.write(FILE, format!("{text}\n").as_bytes())?)
    }

    /// Both sources, the one in force first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Mark> {
        std::iter::once(&self.current).chain(&self.next)
    }
}

impl Origin {
    /// In words, for the administrator.
    pub(crate) fn place(&self) -> String {
        match self {
            Origin::File { path } => path.display().to_string(),
            Origin::Passphrase { path: Some(path), .. } => {
                format!("derived from the passphrase in {}", path.display())
            }
            Origin::Passphrase { path: None, .. } => "derived from a passphrase".to_owned(),
            Origin::Shares { set, threshold, of } => format!("{threshold} of {of} key shares (set {set})"),
        }
    }

    /// What the configuration has to say for it.
    pub(crate) fn settings(&self) -> String {
        match self {
            Origin::File { path } => format!("master_key.file = {:?}", path.display().to_string()),
            Origin::Passphrase { path: Some(path), .. } => {
                format!("master_key.passphrase_file = {:?}", path.display().to_string())
            }
            Origin::Passphrase { path: None, .. } => "nothing: the passphrase comes from its credential".to_owned(),
            Origin::Shares { threshold, .. } => format!(
                "neither master_key.file nor master_key.passphrase_file; after each start {threshold} holders run `keystead unseal`"
            ),
        }
    }
}
