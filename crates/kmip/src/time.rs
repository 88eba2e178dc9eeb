//! Points in time and spans of it, as values: nothing here reads a clock.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Now, as callers pass it: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Timestamp(millis)
    }

    /// From whole seconds since the Unix epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Timestamp(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// In RFC 3339, UTC, with milliseconds where there are any. That calendar ends with the year 9999: beyond it the number is written.
    pub fn rfc3339(self) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|time| time.format(&Rfc3339).ok())
            .unwrap_or_else(|| format!("@{}", self.0))
    }

    /// As KMIP writes it.
    pub const fn date_time(self) -> DateTime {
        DateTime(self.seconds())
    }
}

/// KMIP's Date-Time: seconds since the Unix epoch, UTC (KMIP 1.4, 9.1.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub i64);

/// KMIP's Interval: seconds (KMIP 1.4, 9.1.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(pub u32);

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn times_are_rfc_3339() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (1_767_323_045_000, "2026-01-02T03:04:05Z"),
            (1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MAX, "@9223372036854775807"),
        ];
        for (millis, text) in cases {
            assert_eq!(Timestamp::from_millis(millis).rfc3339(), text);
        }
    }
}
