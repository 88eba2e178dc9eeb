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
use crate::backup::{ALARM, Backups, Error as Failed, NOTE, Recovery, Told};
use crate::clock;
use crate::config::Config;
use crate::expiry::Severity;
use crate::folder::Folder;
use crate::metrics::Metrics;

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
pub(super) fn of(config: &Config, folder: &Arc<Folder>, core: &Core, told: Told) -> Backups {
    let place: PathBuf = config.backup.folder.clone().unwrap_or_else(|| folder.path("backups"));
    let keys = (core.sealed_keys.clone(), core.keys.clone());
    Backups::new(folder.clone(), core.store.clone(), keys, (place, config.backup.keep), told)
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
        self.count_newest().await;
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut count, mut failed, mut stopped) = (0_u32, None, pin!(stopped));
        loop {
            tokio::select! {
                () = &mut stopped => return,
                _ = rounds.tick() => self.round(every, &mut failed, count.is_multiple_of(AGAIN)).await,
            }
            count = count.wrapping_add(1);
        }
    }

    /// `failed` is when a round last tried to make a backup, and could not.
    async fn round(&self, every: u32, failed: &mut Option<Timestamp>, aloud: bool) {
        let now = clock::now();
        let mut known = match self.beside(Backups::recovery).await {
            Ok(known) => known,
            Err(error) => {
                return self.trouble("state", Severity::Error, error.to_string(), "keystead recovery create", now);
            }
        };
        self.alarms.clear(ALARM, "state");
        if is_due(&known, *failed, every, now) {
            *failed = self.make(now).await;
            known = self.beside(Backups::recovery).await.unwrap_or(known);
        }
        self.tell(&known, now, aloud);
        if let Some(verified) = known.verified {
            self.metrics.parts.set_backup_verified(Timestamp::from_millis(verified));
        }
    }

    /// Makes a backup; when that was tried, if it failed.
    async fn make(&self, now: Timestamp) -> Option<Timestamp> {
        // What went wrong is told as an alarm.
        let made = self.backups.make(now).await.map_err(|_| now);
        if let Ok(made) = &made {
            tracing::info!(name = made.name, bytes = made.size, "a backup was made");
        }
        made.err()
    }

    /// What the numbers say until the first backup of this start.
    async fn count_newest(&self) {
        let newest = self.beside(Backups::list).await.unwrap_or_default().into_iter().next();
        let known = self.beside(Backups::recovery).await.unwrap_or_default();
        let (created, size) = newest.map_or((None, 0), |newest| (Some(newest.created), newest.size));
        if let Some(at) = created.max(known.made) {
            self.metrics.parts.set_backup(Timestamp::from_millis(at), size);
        }
    }

    /// Reads something of the backups on a thread that may wait for the disk.
    async fn beside<T: Send + 'static>(&self, read: fn(&Backups) -> Result<T, Failed>) -> Result<T, Failed> {
        let backups = self.backups.clone();
        let read = tokio::task::spawn_blocking(move || read(&backups)).await;
        read.map_err(|error| Failed::Content(error.to_string()))?
    }

    fn tell(&self, known: &Recovery, now: Timestamp, aloud: bool) {
        let Some((message, advice)) = wanting(known, now) else { return self.alarms.clear(ALARM, "verified") };
        let stood = self.alarms.standing(None).iter().any(|alarm| alarm.kind == ALARM && alarm.about == "verified");
        if aloud && stood {
            tracing::warn!("{message}: {advice}");
        }
        self.trouble("verified", Severity::Warning, message.to_owned(), advice, now);
    }

    fn trouble(&self, about: &str, severity: Severity, message: String, advice: &str, since: Timestamp) {
        let (about, advice) = (about.to_owned(), advice.to_owned());
        self.alarms.raise(Alarm { kind: ALARM, about, severity, message, advice, instance: None, since });
    }
}

/// Whether a backup is due: one that could not be made is tried again after an hour, for it costs as much as one that could. A clock that
/// was put back makes no backup wait for it.
fn is_due(known: &Recovery, failed: Option<Timestamp>, every: u32, now: Timestamp) -> bool {
    let is_past = |at: i64, hours: u32| now.millis() < at || now.millis() - at >= i64::from(hours) * HOUR;
    every > 0
        && !known.public.is_empty()
        && known.made.is_none_or(|made| is_past(made, every))
        && failed.is_none_or(|failed| is_past(failed.millis(), 1))
}

/// What is wrong with the backups, and what to do about it.
fn wanting(known: &Recovery, now: Timestamp) -> Option<(&'static str, &'static str)> {
    match (known.public.is_empty(), known.made, known.verified) {
        (true, ..) => Some((
            "nobody could open a backup, so none is made",
            "keystead recovery create --shares 3 --threshold 2 --out DIR",
        )),
        (false, None, _) => {
            Some(("there is no backup yet that the recovery kit opens", "keystead backup create --out FILE"))
        }
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
        let known = |public: &str, made| Recovery::known(public, made, None);
        let now = 100 * DAY;
        let cases = [
            (known("", None), None, 24, false),
            (known("aa", None), None, 24, true),
            (known("aa", None), None, 0, false),
            (known("aa", Some(now - DAY + 1)), None, 24, false),
            (known("aa", Some(now - DAY)), None, 24, true),
            (known("aa", Some(now + DAY)), None, 24, true),
            // One that could not be made waits for an hour.
            (known("aa", None), Some(now - HOUR + 1), 24, false),
            (known("aa", None), Some(now - HOUR), 24, true),
            (known("aa", None), Some(now + 1), 24, true),
            (known("aa", Some(now - HOUR)), Some(now - HOUR + 1), 1, false),
            (known("aa", Some(now - 1)), Some(now - HOUR), 1, false),
        ];
        for (known, failed, every, due) in cases {
            let failed = failed.map(Timestamp::from_millis);
            assert_eq!(is_due(&known, failed, every, Timestamp::from_millis(now)), due, "{known:?} {failed:?} {every}");
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
            let known = Recovery::known(public, made, verified);
            assert_eq!(wanting(&known, Timestamp::from_millis(now)).is_some(), told, "{known:?}");
        }
    }
}
