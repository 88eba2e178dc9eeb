//! What falls due by itself: keys that expire, rotations that policies ask for, deleted keys that are purged after 90 days.
//!
//! The invariant: **what is due is done once, however many nodes look, and late rather than never.**

use crate::{Error, KeyManager};
use kmip::Timestamp;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Keys that became deactivated.
    pub expired: usize,
    /// Root keys that were rotated.
    pub rotated: usize,
    /// Keys that were purged.
    pub purged: usize,
    /// What could not be done, and is tried again in the next round.
    pub failed: usize,
}

impl KeyManager {
    /// Does what is due in every instance. Called every minute or so.
    ///
    /// # Errors
    /// [`Error::Store`] when not even the instances can be listed; all else is logged by key and counted as failed.
    pub async fn do_what_is_due(&self, now: Timestamp) -> Result<Round, Error> {
        let _ = now;
        todo!("policies")
    }
}
