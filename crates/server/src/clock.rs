//! The one place that reads the system's clock: everybody else is given the time as an argument.

use kmip::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The current time, in milliseconds since the Unix epoch. A clock before 1970 reads as 1970.
#[allow(clippy::disallowed_methods)] // this is where time enters
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
