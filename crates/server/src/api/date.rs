//! Dates as the API writes them (RFC 3339, UTC, whole seconds) and reads them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `seconds` since the Unix epoch as `2026-01-02T03:04:05Z`. A number outside the calendar is written as itself, so that a
/// damaged record can still be shown.
pub fn rfc3339(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|date| date.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("@{seconds}"))
}

/// The point in time that an RFC 3339 date names, whatever its offset.
pub fn moment(text: &str) -> Option<kmip::Timestamp> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(date.unix_timestamp_nanos() / 1_000_000).ok().map(kmip::Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn dates_are_utc_in_whole_seconds() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (1_767_323_045, "2026-01-02T03:04:05Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (i64::MAX, "@9223372036854775807"),
        ];
        for (seconds, text) in cases {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
