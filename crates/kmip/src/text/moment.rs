//! Date-Times as text: `2008-03-14T11:56:40Z`.
//!
//! The invariant: what is written is read back to the same second, and a date that is not in the calendar is not read.

/// Days from 1 March of the year 0 to 1 January 1970.
const EPOCH: i64 = 719_468;
/// Days in 400 years of the Gregorian calendar.
const ERA: i64 = 146_097;
const DAY: i64 = 86_400;

/// Seconds since the Unix epoch as text; none for a year that has not four digits.
pub(super) fn write(seconds: i64) -> Option<String> {
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    (0..=9999).contains(&year).then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// The seconds since the Unix epoch that `text` stands for.
pub(super) fn read(text: &str) -> Option<i64> {
    let mut parts = text.split(['-', 'T', ':', 'Z']).map(|part| part.parse::<u16>().ok().map(i64::from));
    let mut next = || parts.next().flatten();
    let days = days(next()?, next()?, next()?);
    let seconds = days * DAY + next()? * 3600 + next()? * 60 + next()?;
    (write(seconds).as_deref() == Some(text)).then_some(seconds)
}

/// Days since the Unix epoch. Years are counted from March, so that a leap day is a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9).rem_euclid(12);
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
        - 1
        - EPOCH
}

/// Year, month and day of a number of days since the Unix epoch.
fn date(days: i64) -> (i64, i64, i64) {
    let day = (days + EPOCH).rem_euclid(ERA);
    let year = (day - day / 1460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = year + 400 * (days + EPOCH).div_euclid(ERA);
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}
