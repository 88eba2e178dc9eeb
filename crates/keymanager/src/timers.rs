//! The key manager's periods, IBM's by default; tests and operators may set others.

use kmip::Timestamp;

/// Periods in milliseconds (Key Protect API documentation: enable, restore, rotate, sync, purge, dual authorization).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// After a key was disabled, before it can be enabled: 30 seconds.
    pub enable_after: i64,
    /// After a key was deleted, before it can be restored: 30 seconds.
    pub restore_after: i64,
    /// How long a deleted key can be restored: 30 days.
    pub restorable: i64,
    /// After a key was deleted, before it can be purged by hand: 4 hours.
    pub purge_after: i64,
    /// After a key was deleted, when it is purged by itself: 90 days.
    pub purge_at: i64,
    /// Between two rotations of a key: 1 hour; its creation does not count.
    pub rotate_every: i64,
    /// Between two syncs of a key: 1 hour.
    pub sync_every: i64,
    /// How long a key stays set for deletion by the first of two people: 7 days.
    pub deletion_authorized: i64,
    /// A month of a rotation policy's interval: 30 days.
    pub month: i64,
}

impl crate::KeyManager {
    /// The periods that it keeps.
    pub fn timers(&self) -> &Timers {
        &self.timers
    }
}

/// How many seconds are left, rounded up, until a period since then is over; none when it is.
pub(crate) fn left(since: Timestamp, period: i64, now: Timestamp) -> Option<i64> {
    let left = since.millis().saturating_add(period).saturating_sub(now.millis());
    (left > 0).then(|| left.saturating_add(SECOND - 1) / SECOND)
}

const SECOND: i64 = 1000;
const HOUR: i64 = 60 * 60 * SECOND;
const DAY: i64 = 24 * HOUR;

impl Default for Timers {
    fn default() -> Self {
        Timers {
            enable_after: 30 * SECOND,
            restore_after: 30 * SECOND,
            restorable: 30 * DAY,
            purge_after: 4 * HOUR,
            purge_at: 90 * DAY,
            rotate_every: HOUR,
            sync_every: HOUR,
            deletion_authorized: 7 * DAY,
            month: 30 * DAY,
        }
    }
}
