//! The life of a standard key as a table.
//!
//! When a step may be taken (30 seconds after a deletion, within 30 days, 4 hours) is the key manager's to say. The invariant: what is
//! impossible stands here, for every pair of stage and step.

#![warn(clippy::wildcard_enum_match_arm)]

use crate::object::Object;

/// How far a standard key has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is there.
    Live,
    /// It was deleted, and can be restored.
    Deleted,
    /// Its material was destroyed in KMIP's sense: for the key manager it is deleted, with nothing to restore.
    Destroyed,
    /// Its material was erased for good.
    Purged,
}

/// What is done to a standard key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Delete,
    Restore,
    Purge,
}

/// Why a step can't be taken. Reads on after "key ...".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Restoring or purging what is not deleted.
    #[error("is not deleted: delete it first")]
    NotDeleted,
    /// Deleting what is deleted.
    #[error("is deleted already")]
    Deleted,
    /// Restoring what was destroyed.
    #[error("was destroyed, so its material is gone: it can't be restored")]
    Destroyed,
    /// Anything with what was purged.
    #[error("was purged: there is nothing left of it")]
    Purged,
}

impl Stage {
    pub(super) fn of(object: &Object) -> Stage {
        match (object.history.purged_at.is_some(), object.is_deleted(), object.is_destroyed()) {
            (true, _, _) => Stage::Purged,
            (false, true, _) => Stage::Deleted,
            (false, false, true) => Stage::Destroyed,
            (false, false, false) => Stage::Live,
        }
    }

    /// The stage after a step, or why there is none.
    pub(super) fn after(self, step: Step) -> Result<Stage, Refusal> {
        match (self, step) {
            (Stage::Live, Step::Delete) => Ok(Stage::Deleted),
            (Stage::Deleted, Step::Restore) => Ok(Stage::Live),
            (Stage::Deleted | Stage::Destroyed, Step::Purge) => Ok(Stage::Purged),
            (Stage::Live, Step::Restore | Step::Purge) => Err(Refusal::NotDeleted),
            (Stage::Deleted | Stage::Destroyed, Step::Delete) => Err(Refusal::Deleted),
            (Stage::Destroyed, Step::Restore) => Err(Refusal::Destroyed),
            (Stage::Purged, Step::Delete | Step::Restore | Step::Purge) => Err(Refusal::Purged),
        }
    }
}

impl Step {
    /// IBM's name for it (Key Protect: activity tracking events).
    pub(super) fn action(self) -> &'static str {
        match self {
            Step::Delete => "kms.secrets.delete",
            Step::Restore => "kms.secrets.restore",
            Step::Purge => "kms.secrets.purge",
        }
    }
}
