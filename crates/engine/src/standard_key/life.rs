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
    /// It was destroyed in KMIP's sense, which for the key manager is a deletion, and can be restored.
    Destroyed,
    /// It is deleted or destroyed, and its material is erased: there is nothing to restore.
    Erased,
    /// It was purged: what is left is that it was.
    Purged,
}

/// What is done to a standard key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Delete,
    Restore,
    /// The time for restoring is over.
    Erase,
    Purge,
}

/// Why a step can't be taken. Reads on after "key ...".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Restoring, erasing or purging what is not deleted.
    #[error("is not deleted: delete it first")]
    NotDeleted,
    /// Deleting what is deleted.
    #[error("is deleted already")]
    Deleted,
    /// Restoring or erasing what has no material any more.
    #[error("was deleted or destroyed too long ago, so its material is gone: it can't be restored")]
    Erased,
    /// Anything with what was purged.
    #[error("was purged: there is nothing left of it")]
    Purged,
}

impl Stage {
    pub(super) fn of(object: &Object) -> Stage {
        let is_erased = object.sealed.is_none();
        match (object.history.purged_at.is_some(), object.is_deleted(), object.is_destroyed()) {
            (true, _, _) => Stage::Purged,
            (false, true, _) | (false, _, true) if is_erased => Stage::Erased,
            (false, true, _) => Stage::Deleted,
            // One that was destroyed before anything was kept of what it was has no material either.
            (false, false, true) => Stage::Destroyed,
            (false, false, false) => Stage::Live,
        }
    }

    /// The stage after a step, or why there is none.
    pub(super) fn after(self, step: Step) -> Result<Stage, Refusal> {
        match (self, step) {
            (Stage::Live, Step::Delete) => Ok(Stage::Deleted),
            (Stage::Deleted | Stage::Destroyed, Step::Restore) => Ok(Stage::Live),
            (Stage::Deleted | Stage::Destroyed, Step::Erase) => Ok(Stage::Erased),
            (Stage::Deleted | Stage::Destroyed | Stage::Erased, Step::Purge) => Ok(Stage::Purged),
            (Stage::Live, Step::Restore | Step::Erase | Step::Purge) => Err(Refusal::NotDeleted),
            (Stage::Deleted | Stage::Destroyed | Stage::Erased, Step::Delete) => Err(Refusal::Deleted),
            (Stage::Erased, Step::Restore | Step::Erase) => Err(Refusal::Erased),
            (Stage::Purged, Step::Delete | Step::Restore | Step::Erase | Step::Purge) => Err(Refusal::Purged),
        }
    }
}

impl Step {
    /// Its name in audit events: IBM's, where IBM has the step (Key Protect: activity tracking events).
    pub(super) fn action(self) -> &'static str {
        match self {
            Step::Delete => "kms.secrets.delete",
            Step::Restore => "kms.secrets.restore",
            Step::Erase => "keystead.kmip-object.erase",
            Step::Purge => "kms.secrets.purge",
        }
    }
}
