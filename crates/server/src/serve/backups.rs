//! Backups that are made by themselves, and what is told of them: in the log, as alarms, as numbers.
//!
//! The invariant: **nobody who looks can miss that there is no backup which was seen to open.** It is said at each start, each day, and as
//! an alarm that stands until one has been verified.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ::kmip::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use super::Error;
use super::core::Core;
use crate::alarm::{Alarm, Alarms};
use crate::backup::{Backups, NOTE, Recovery};
use crate::clock;
use crate::config::Config;
use crate::expiry::Severity;
use crate::folder::Folder;
use crate::metrics::Metrics;

/// The kind of the alarms.
const KIND: &str = "backup";
/// How often it is looked whether one is due.
const ROUND: Duration = Duration::from_secs(10);
/// After how many rounds what is wrong is said again: a day.
const AGAIN: u32 = 24 * 360;
const HOUR: i64 = 3600 * 1000;
/// A verified backup that is older than this says little of today's: 35 days.
const OLD: i64 = 35 * 24 * HOUR;

/// What the rounds work with.
pub(super) struct BackupRounds {
    pub(super) backups: Arc<Backups>,
    pub(super) alarms: Arc<Alarms>,
    pub(super) metrics: Arc<Metrics>,
}

/// The backups of a server with this configuration.
pub(super) fn of(config: &Config, folder: &Arc<Folder>, core: &Core) -> Backups {
    let place: PathBuf = config.backup.folder.clone().unwrap_or_else(|| folder.path("backups"));
    let keys = (core.sealed_keys.clone(), core.keys.clone());
    Backups::new(folder.clone(), core.store.clone(), keys, place, config.backup.keep)
}

/// Says once which backup this folder was restored from.
pub(super) fn tell_restored(folder: &Folder) -> Result<(), Error> {
    if let Some(note) = folder.read(NOTE)? {
        let from = String::from_utf8_lossy(&note);
        tracing::warn!("this data folder was restored from {from}: what was made after that is not in it");
        folder.remove(NOTE)?;
    }
    Ok(())
}

impl BackupRounds {
    /// Makes a backup every so many hours (0: none) once there is a recovery kit, until the server stops.
    pub(super) async fn keep(self, every: u32, stopped: impl Future<Output = ()>) {
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut count, mut stopped) = (0_u32, pin!(stopped));
        loop {
            tokio::select! {
                () = &mut stopped => return,
                _ = rounds.tick() => self.round(every, count.is_multiple_of(AGAIN)).await,
            }
            count = count.wrapping_add(1);
        }
    }

    async fn round(&self, every: u32, aloud: bool) {
        let now = clock::now();
        let known = match self.backups.recovery() {
            Ok(known) => known,
            Err(error) => {
                return self.trouble("state", Severity::Error, error.to_string(), "keystead recovery create", now);
            }
        };
        self.alarms.clear(KIND, "state");
        let known = if is_due(&known, every, now) { self.make(known, now).await } else { known };
        self.tell(&known, now, aloud);
        self.count(&known);
    }

    async fn make(&self, known: Recovery, now: Timestamp) -> Recovery {
        match self.backups.make(now).await {
            Ok(made) => {
                self.alarms.clear(KIND, "making");
                tracing::info!(name = made.name, bytes = made.size, "a backup was made");
            }
            Err(error) => {
                let advice = "see to it, then: keystead backup create";
                self.trouble("making", Severity::Error, format!("no backup could be made: {error}"), advice, now);
            }
        }
        self.metrics.parts.backup_tried(!self.alarms.standing(None).iter().any(|alarm| alarm.about == "making"));
        self.backups.recovery().unwrap_or(known)
    }

    fn tell(&self, known: &Recovery, now: Timestamp, aloud: bool) {
        let Some((message, advice)) = wanting(known, now) else { return self.alarms.clear(KIND, "verified") };
        let stood = self.alarms.standing(None).iter().any(|alarm| alarm.kind == KIND && alarm.about == "verified");
        if aloud && stood {
            tracing::warn!("{message}: {advice}");
        }
        self.trouble("verified", Severity::Warning, message.to_owned(), advice, now);
    }

    fn trouble(&self, about: &str, severity: Severity, message: String, advice: &str, since: Timestamp) {
        let (about, advice) = (about.to_owned(), advice.to_owned());
        self.alarms.raise(Alarm { kind: KIND, about, severity, message, advice, instance: None, since });
    }

    fn count(&self, known: &Recovery) {
        if let Ok(Some(newest)) = self.backups.list().map(|all| all.into_iter().next()) {
            self.metrics.parts.set_backup(Timestamp::from_millis(newest.created), newest.size);
        }
        if let Some(verified) = known.verified {
            self.metrics.parts.set_backup_verified(Timestamp::from_millis(verified));
        }
    }
}

/// A clock that was put back makes no backup wait for it.
fn is_due(known: &Recovery, every: u32, now: Timestamp) -> bool {
    let age = known.made.map(|made| now.millis() - made);
    every > 0 && !known.public.is_empty() && age.is_none_or(|age| age < 0 || age >= i64::from(every) * HOUR)
}

/// What is wrong with the backups, and what to do about it.
fn wanting(known: &Recovery, now: Timestamp) -> Option<(&'static str, &'static str)> {
    match (known.public.is_empty(), known.made, known.verified) {
        (true, ..) => Some((
            "nobody could open a backup, so none is made",
            "keystead recovery create --shares 3 --threshold 2 --out DIR",
        )),
        (false, None, _) => Some(("there is no backup yet", "keystead backup create --out FILE")),
        (false, Some(_), None) => {
            Some(("no backup was ever seen to open", "keystead backup verify FILE with the recovery kit"))
        }
        (false, Some(_), Some(verified)) if now.millis() - verified > OLD => Some((
            "the newest backup that was seen to open is older than 35 days",
            "keystead backup verify FILE with the recovery kit",
        )),
        (false, Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * HOUR;

    #[test]
    fn a_backup_is_due_once_there_is_a_kit() {
        let known = |public: &str, made| Recovery { public: public.into(), made, ..Recovery::default() };
        let now = 100 * DAY;
        let cases = [
            (known("", None), 24, false),
            (known("aa", None), 24, true),
            (known("aa", None), 0, false),
            (known("aa", Some(now - DAY + 1)), 24, false),
            (known("aa", Some(now - DAY)), 24, true),
            (known("aa", Some(now + DAY)), 24, true),
        ];
        for (known, every, due) in cases {
            assert_eq!(is_due(&known, every, Timestamp::from_millis(now)), due, "{known:?} {every}");
        }
    }

    #[test]
    fn it_is_wanting_until_one_was_verified() {
        let now = 100 * DAY;
        let cases = [
            ("", None, None, true),
            ("aa", None, None, true),
            ("aa", Some(now), None, true),
            ("aa", Some(now), Some(now - OLD), false),
            ("aa", Some(now), Some(now - OLD - 1), true),
        ];
        for (public, made, verified, told) in cases {
            let known = Recovery { public: public.into(), made, verified, ..Recovery::default() };
            assert_eq!(wanting(&known, Timestamp::from_millis(now)).is_some(), told, "{known:?}");
        }
    }
}
