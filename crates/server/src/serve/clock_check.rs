//! Whether the clock can be right: dates of keys, audit events and certificates all hang on it.

use super::Error;
use crate::folder::Folder;
use kmip::Timestamp;
use std::time::UNIX_EPOCH;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// 2024-01-01, before which this program did not exist: a board without a battery begins earlier.
const EARLIEST: i64 = 1_704_067_200;
/// How far the clock may have been set back since the folder was last written, in seconds.
const SET_BACK: i64 = 24 * 3600;

/// Refuses a clock that is before 2024, or a day or more before the newest file of the data folder.
pub(super) fn check(folder: &Folder, now: Timestamp) -> Result<(), Error> {
    let refuse = |why| Err(Error::Clock { now: text(now.seconds()), why });
    if now.seconds() < EARLIEST {
        return refuse("which is before this program was written".into());
    }
    match newest_file(folder) {
        Some(newest) if newest > now.seconds() + SET_BACK => {
            refuse(format!("and the data folder was written to at {}", text(newest)))
        }
        _ => Ok(()),
    }
}

/// Seconds since the Unix epoch, as people write them.
pub(super) fn text(seconds: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok();
    date.and_then(|date| date.format(&Rfc3339).ok()).unwrap_or_else(|| format!("{seconds} s after 1970"))
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
    use std::time::{Duration, SystemTime};

    /// A folder whose newest file was written at `written`, seen at `now`, both in seconds since 1970.
    fn check_at(written: u64, now: i64, expected: Option<&str>) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(&place.path().join("data")).unwrap();
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(written);
        for entry in std::fs::read_dir(folder.root()).unwrap() {
            std::fs::File::open(entry.unwrap().path()).unwrap().set_modified(date).unwrap();
        }
        let error = check(&folder, Timestamp::from_millis(now * 1000)).err().map(|error| error.to_string());
        match expected {
            None => assert_eq!(error, None),
            Some(part) => assert!(error.as_deref().is_some_and(|error| error.contains(part)), "{error:?}"),
        }
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_refused() {
        const WRITTEN: i64 = 1_800_000_000;
        let written = 1_800_000_000;
        check_at(written, 0, Some("1970-01-01T00:00:00Z, which is before this program was written"));
        check_at(0, EARLIEST - 1, Some("which is before"));
        check_at(0, EARLIEST, None);
        check_at(written, WRITTEN - SET_BACK - 1, Some("the data folder was written to at 2027-01-15T08:00:00Z"));
        check_at(written, WRITTEN - SET_BACK, None);
        check_at(written, WRITTEN, None);
        check_at(written, WRITTEN + 20 * 365 * 86400, None);
    }
}
