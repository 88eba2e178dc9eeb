//! [`State`]: the recovery key as far as the server has it, and what became of backups, in a file of the data folder.
//!
//! The invariant: **nobody writes back what they have read long ago**: each change reads the file anew, and changes are made one at a
//! time. So a backup that takes minutes can't undo a new recovery key.

use super::Error;
use crate::folder::Folder;
use crate::pki::{from_hexadecimal, hexadecimal};
use ::kmip::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wrap::keys::Keys;
use wrap::primitive::equal;
use wrap::recovery::RecoveryPublic;

const FILE: &str = "backup.json";
/// What the tag of the recovery key is for: nobody who can write a file alone can have backups sealed to another key.
const TAG: &str = "keystead backup recovery key";

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
    /// When the newest backup was made that this key opens.
    #[serde(default)]
    pub made: Option<i64>,
    /// When the newest one of those that were verified was made.
    #[serde(default)]
    pub verified: Option<i64>,
    #[serde(default)]
    tag: String,
}

#[cfg(test)]
impl Recovery {
    /// What the server may know.
    pub(crate) fn known(public: &str, made: Option<i64>, verified: Option<i64>) -> Self {
        Recovery { public: public.into(), made, verified, ..Recovery::default() }
    }
}

/// See the module.
pub(super) struct State {
    folder: Arc<Folder>,
    keys: Arc<Keys>,
    changing: Mutex<()>,
}

impl State {
    pub(super) fn new(folder: Arc<Folder>, keys: Arc<Keys>) -> Self {
        State { folder, keys, changing: Mutex::default() }
    }

    /// What is known; nothing where nothing was written yet.
    pub(super) fn read(&self) -> Result<Recovery, Error> {
        let Some(bytes) = self.folder.read(FILE)? else { return Ok(Recovery::default()) };
        let known: Recovery = serde_json::from_slice(&bytes).map_err(|error| Error::Kit(format!("{FILE}: {error}")))?;
        let tag = from_hexadecimal(&known.tag).unwrap_or_default();
        if !known.public.is_empty() && !equal(&tag, &self.tag(&known)?) {
            return Err(Error::Kit(format!("{FILE} was not written by this server: set the recovery key anew")));
        }
        Ok(known)
    }

    /// Sets the recovery key. No backup is known that it opens; what was there before is given up, be it readable or not.
    pub(super) fn replace(&self, public: &RecoveryPublic, kept: String, now: Timestamp) -> Result<Recovery, Error> {
        let _alone = self.changing.lock();
        let public = hexadecimal(public.as_bytes());
        self.write(Recovery { public, since: now.millis(), kept, ..Recovery::default() })
    }

    /// Notes that a backup was made for a recovery key, unless there is another one by now; whether that is so.
    pub(super) fn note_made(&self, public: &RecoveryPublic, created: i64) -> Result<bool, Error> {
        let _alone = self.changing.lock();
        let known = self.read()?;
        let is_present = known.public == hexadecimal(public.as_bytes());
        if is_present {
            self.write(Recovery { made: Some(created), ..known })?;
        }
        Ok(is_present)
    }

    /// Notes that a backup was verified. One from before the recovery key says nothing of what that opens; the newest is none of those,
    /// though the clock was put back.
    pub(super) fn note_verified(&self, created: i64) -> Result<Recovery, Error> {
        let _alone = self.changing.lock();
        let known = self.read()?;
        if created < known.since && known.made != Some(created) {
            return Ok(known);
        }
        let verified = known.verified.max(Some(created));
        self.write(Recovery { verified, ..known })
    }

    fn write(&self, mut recovery: Recovery) -> Result<Recovery, Error> {
        recovery.tag = hexadecimal(&self.tag(&recovery)?);
        let text = serde_json::to_vec_pretty(&recovery).map_err(|error| Error::Kit(error.to_string()))?;
        self.folder.write(FILE, &text)?;
        Ok(recovery)
    }

    fn tag(&self, recovery: &Recovery) -> Result<[u8; 32], Error> {
        Ok(self.keys.installation().tag(TAG, &[recovery.public.as_bytes()])?)
    }
}
