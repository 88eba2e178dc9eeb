//! Whether the clock can be right: dates of keys, audit events and certificates all hang on it.
//!
//! The invariant: **a wrong clock keeps no client out, and nothing that can't be undone is done under it.** Only a first start is
//! refused, since nobody depends on it yet. After a power cut a machine may come up years back or ahead, and its hosts need their keys
//! all the same; but what falls due by itself waits until the clock has gone on evenly for a day.

use super::Error;
use crate::folder::{self, Folder};
use kmip::Timestamp;
use std::time::{Duration, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

/// 2024-01-01, before which this program did not exist: a board without a battery begins earlier.
const EARLIEST: i64 = 1_704_067_200;
/// By how much the clock may differ from what it should be before it is doubted, in seconds.
const JUMP: i64 = 24 * 3600;
/// For how long it must then go on evenly.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// How often it is noted what the clock says.
const NOTED: Duration = Duration::from_secs(3600);
/// What the clock said when it was last noted, in milliseconds since 1970.
const FILE: &str = "clock";

/// What there is to doubt about the clock at a start.
///
/// # Errors
/// A first start before 2024.
pub(super) fn check(folder: &Folder, now: Timestamp) -> Result<Option<String>, Error> {
    let says = text(now.seconds());
    let before = now.seconds() < EARLIEST;
    if folder.is_new() {
        let why = "which is before this program was written".into();
        return if before { Err(Error::Clock { now: says, why }) } else { Ok(None) };
    }
    let noted = noted(folder);
    let newest = newest_file(folder).max(noted);
    Ok(match (newest, noted) {
        _ if before => Some(format!("the clock says {says}, which is before this program was written")),
        (Some(newest), _) if newest > now.seconds() + JUMP => {
            Some(format!("the clock says {says}, and the data folder was written to at {}", text(newest)))
        }
        (_, Some(noted)) if now.seconds() > noted + JUMP => Some(format!(
            "the clock says {says}, and this server last ran at {}, unless it is late by that much",
            text(noted)
        )),
        _ => None,
    })
}

/// Whether what falls due by itself may be done, by how the wall clock goes beside the time that the machine has been up.
pub(super) struct Patience {
    /// What both said the last time.
    last: (Timestamp, Instant),
    until: Option<Instant>,
    noted: Option<Instant>,
}

impl Patience {
    /// From a start on, at which the clock was doubted or not.
    pub(super) fn new(doubted: bool, now: Timestamp, up: Instant) -> Self {
        Patience { last: (now, up), until: doubted.then(|| up + PATIENCE), noted: None }
    }

    /// Whether it may be done now. A clock that has jumped since the last time is doubted from then on.
    pub(super) fn is_over(&mut self, now: Timestamp, up: Instant) -> bool {
        let (then, since) = self.last;
        self.last = (now, up);
        let passed = i64::try_from(up.saturating_duration_since(since).as_secs()).unwrap_or(i64::MAX);
        let off = now.seconds().saturating_sub(then.seconds()).saturating_sub(passed);
        if off.unsigned_abs() > JUMP.unsigned_abs() {
            tracing::error!(
                seconds = off,
                "the clock has jumped: clients are served on; what falls due by itself waits for a day"
            );
            self.until = Some(up + PATIENCE);
        }
        self.until.is_none_or(|until| up >= until)
    }

    /// Notes what the clock says, now and then, for the next start. A clock that is doubted is not noted, so that starting again does not
    /// cut the wait short.
    pub(super) fn note(&mut self, folder: &Folder, now: Timestamp, up: Instant) {
        if self.noted.is_none_or(|noted| up.saturating_duration_since(noted) >= NOTED) {
            self.noted = Some(up);
            let written: Result<(), folder::Error> = folder.write(FILE, now.millis().to_string().as_bytes());
            if let Err(error) = written {
                tracing::warn!(%error, "the time could not be noted");
            }
        }
    }
}

/// Seconds since the Unix epoch, as people write them.
pub(super) fn text(seconds: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok();
    date.and_then(|date| date.format(&Rfc3339).ok()).unwrap_or_else(|| format!("{seconds} s after 1970"))
}

/// What can't be read says nothing.
fn noted(folder: &Folder) -> Option<i64> {
    let text = folder.read(FILE).ok()??;
    let millis: i64 = std::str::from_utf8(&text).ok()?.trim().parse().ok()?;
    Some(millis / 1000)
}

fn newest_file(folder: &Folder) -> Option<i64> {
    let entries = std::fs::read_dir(folder.root()).ok()?.flatten();
    let modified = entries.filter_map(|entry| entry.metadata().ok()?.modified().ok());
    let seconds = modified.filter_map(|time| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok());
    seconds.max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    const WRITTEN: i64 = 1_800_000_000;

    /// A folder whose newest file was written at `written`, in which the clock was noted at `noted`, seen at `now`, in seconds since 1970.
    fn check_at(noted: Option<i64>, now: i64, expected: Option<&str>) {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(&place.path().join("data")).unwrap();
        folder.finish().unwrap();
        if let Some(noted) = noted {
            folder.write(FILE, (noted * 1000).to_string().as_bytes()).unwrap();
        }
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(WRITTEN.unsigned_abs());
        for entry in std::fs::read_dir(folder.root()).unwrap() {
            std::fs::File::open(entry.unwrap().path()).unwrap().set_modified(date).unwrap();
        }
        let doubt = check(&folder, Timestamp::from_millis(now * 1000)).unwrap();
        match expected {
            None => assert_eq!(doubt, None),
            Some(part) => assert!(doubt.as_deref().is_some_and(|doubt| doubt.contains(part)), "{doubt:?}"),
        }
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_doubted() {
        check_at(None, 0, Some("1970-01-01T00:00:00Z, which is before this program was written"));
        check_at(None, WRITTEN - JUMP - 1, Some("the data folder was written to at 2027-01-15T08:00:00Z"));
        check_at(None, WRITTEN - JUMP, None);
        check_at(None, WRITTEN, None);
        check_at(Some(WRITTEN), WRITTEN + JUMP, None);
        check_at(Some(WRITTEN), WRITTEN + JUMP + 1, Some("last ran at 2027-01-15T08:00:00Z"));
        check_at(Some(WRITTEN + 2 * JUMP), WRITTEN, Some("written to at 2027-01-17"));
    }

    #[test]
    fn a_first_start_needs_a_clock_that_can_be_right() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(&place.path().join("data")).unwrap();
        let at = |seconds: i64| check(&folder, Timestamp::from_millis(seconds * 1000));
        assert!(at(EARLIEST - 1).is_err_and(|error| error.to_string().contains("which is before")));
        assert_eq!(at(EARLIEST).unwrap(), None);
    }

    #[test]
    fn what_is_due_waits_for_a_day_after_a_jump() {
        let begin = Instant::now();
        let (hour, day) = (3600, 86_400);
        // Seconds by the wall clock and by how long the machine is up, and whether it may be done.
        let check = |doubted: bool, rounds: &[(i64, u64, bool)]| {
            let at = |wall: i64| Timestamp::from_millis((WRITTEN + wall) * 1000);
            let mut patience = Patience::new(doubted, at(0), begin);
            for (wall, up, may) in rounds {
                let is_over = patience.is_over(at(*wall), begin + Duration::from_secs(*up));
                assert_eq!(is_over, *may, "{doubted} {rounds:?}: {wall} {up}");
            }
        };
        check(false, &[(0, 0, true), (60, 60, true), (60 + hour, 120, true), (180, 180, true)]);
        check(false, &[(60, 60, true), (3650 * day, 120, false), (3650 * day + 60, 180, false)]);
        check(
            false,
            &[(-7300 * day, 60, false), (120, 120, false), (180 + 86_399, 120 + 86_399, false), (86_520, 86_520, true)],
        );
        check(true, &[(60, 60, false), (day, 86_400, true)]);
        // Rounds are late where the machine slept; the clock went on all the same.
        check(false, &[(60, 60, true), (10 * day, 864_000, true)]);
    }
}
