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
