//! Expiry: which certificates are about to end, on both sides, and what to do about each.
//!
//! vCenter goes on trusting what it pinned, and a server goes on serving what has expired; what breaks is the next pairing, or the
//! host that is stricter. So the invariant of this room: **an alarm never stops anything; it names what ends, when, and the step that
//! mends it**, early enough for that step to be planned.

mod diary;
mod threshold;
mod watched;

pub use diary::Diary;
pub use threshold::{Severity, THRESHOLDS, Threshold, threshold};
pub use watched::{Entry, Watched, What, clients, server};

use crate::pki::{self, ServerCertificates};
use engine::Engine;
use keymanager::{Action, Call, KeyManager};
use kmip::Timestamp;
use std::sync::Arc;
use uuid::Uuid;

/// Who looks at the instances, in the key manager's eyes.
const WATCH: &str = "expiry-watch";

/// Where the certificates are that are watched.
pub struct Sources {
    /// Those of allow-lists.
    pub engine: Arc<Engine>,
    /// Which instances there are.
    pub keys: Arc<KeyManager>,
    /// The server's own.
    pub certificates: Arc<ServerCertificates>,
}

/// Why they could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's own.
    #[error(transparent)]
    Pki(#[from] pki::Error),
    /// The instances.
    #[error(transparent)]
    Keys(#[from] keymanager::Error),
}

impl Sources {
    /// Every certificate that is watched: the server's own, and those on the lists of all instances.
    ///
    /// # Errors
    /// What can't be read.
    pub async fn everything(&self, now: Timestamp) -> Result<Vec<Watched>, Error> {
        let mut all = server(&self.certificates.shown()?, &self.certificates.authority()?);
        let call = Call::internal(Uuid::nil(), Action::ListInstances, WATCH, now);
        for instance in self.keys.instances(&call).await? {
            all.extend(clients(self.engine.registry(), instance.id));
        }
        Ok(all)
    }
}

/// A certificate that has crossed a threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Which certificate.
    pub watched: Watched,
    /// Which threshold it crossed.
    pub threshold: Threshold,
    /// Whole days that are left, rounded down; negative once it has expired.
    pub days: i64,
}

/// The alarms that stand at `now`, the most urgent first.
pub fn alarms(all: impl IntoIterator<Item = Watched>, now: Timestamp) -> Vec<Alarm> {
    let alarm = |watched: Watched| {
        let left = watched.not_after - now.seconds();
        threshold(left).map(|threshold| Alarm { watched, threshold, days: days(left) })
    };
    let mut alarms: Vec<Alarm> = all.into_iter().filter_map(alarm).collect();
    alarms.sort_by_key(|alarm| alarm.watched.not_after);
    alarms
}

/// Whole days in so many seconds, rounded down.
pub fn days(seconds: i64) -> i64 {
    seconds.div_euclid(86_400)
}

impl Alarm {
    /// One sentence: what, and when.
    pub fn message(&self) -> String {
        let (what, end) = (&self.watched.title(), crate::api::rfc3339(self.watched.not_after));
        match self.days {
            ..0 => format!("{what} expired on {end}"),
            0 => format!("{what} expires within a day, on {end}"),
            1 => format!("{what} expires in 1 day, on {end}"),
            days => format!("{what} expires in {days} days, on {end}"),
        }
    }
}

#[cfg(test)]
mod tests;
