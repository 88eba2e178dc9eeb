//! Use of keys for people, and how long ago something was.

use super::Failure;
use crate::api::{Key, Usage, Use, moment};
use crate::clock;

/// When a key was last handed out; `never` where nothing is known of it.
pub(super) fn last_used(key: &Key) -> String {
    let last = key.usage.as_ref().and_then(|usage| usage.last.as_ref());
    last.map_or_else(|| "never".to_owned(), |last| last.at.clone())
}

/// All that is known of a key's use, in lines.
pub(super) fn in_full(key: &Key) -> String {
    let Some(usage) = &key.usage else { return String::new() };
    let mut lines = vec![match &usage.last {
        Some(last) => format!("{}, to {}; {} times in all", last.at, who(last), usage.count),
        None => "never handed out, as far as is known".to_owned(),
    }];
    if let Usage { other_at: Some(at), other: Some(operation), .. } = usage {
        lines.push(format!("{at}, for {operation}"));
    }
    lines.join("\n")
}

/// A client, and where it came from.
pub(super) fn who(each: &Use) -> String {
    let name = if each.client.is_empty() { "a client" } else { &each.client };
    let address = each.address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
    format!("{name}{address}")
}

/// A sentence for whoever takes a key away that was handed out in the last 90 days; else nothing.
pub(super) fn warning(key: &Key) -> String {
    let last = key.usage.as_ref().and_then(|usage| usage.last.as_ref());
    let recent = last.filter(|last| days_since(&last.at).is_some_and(|days| days < 90));
    recent.map_or_else(String::new, |last| format!("It was handed out on {} to {}. ", last.at, who(last)))
}

/// Whole days since a date.
pub(super) fn days_since(date: &str) -> Option<i64> {
    let seconds = clock::now().seconds() - moment(date)?.seconds();
    Some(seconds.div_euclid(86_400))
}

/// For how long, or since when: `90d`, `12h`, `2026-01-31`. In seconds since the Unix epoch.
pub(super) fn since(text: &str) -> Result<i64, Failure> {
    let wrong = || {
        let remedy = "give a number of days or hours, such as 90d or 12h, or a date, such as 2026-01-31";
        Failure::usage(format!("`{text}` is no time"), remedy)
    };
    if let Some(date) = moment(&super::date::whole(text.to_owned())) {
        return Ok(date.seconds());
    }
    let (number, unit) = match (text.strip_suffix('d'), text.strip_suffix('h')) {
        (Some(days), _) => (days, 86_400),
        (_, Some(hours)) => (hours, 3600),
        (None, None) => return Err(wrong()),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    Ok(clock::now().seconds().saturating_sub(i64::from(number) * unit))
}

/// Whether a key was neither made nor handed out since a moment. What is destroyed is of no interest.
pub(super) fn is_unused_since(key: &Key, since: i64) -> bool {
    let last = key.usage.as_ref().and_then(|usage| usage.last.as_ref()).map_or(&key.created_at, |last| &last.at);
    !is_destroyed(key) && moment(last).is_some_and(|last| last.seconds() < since)
}

/// Whether its material is gone.
pub(super) fn is_destroyed(key: &Key) -> bool {
    key.state.starts_with("Destroyed")
}

#[cfg(test)]
mod tests {
    use super::since;
    use crate::clock;

    #[test]
    fn times_are_lengths_or_dates() {
        let ago = |text: &str| clock::now().seconds() - since(text).unwrap();
        assert!((0..5).contains(&(ago("90d") - 90 * 86_400)) && (0..5).contains(&(ago("12h") - 43_200)));
        assert_eq!(since("2026-01-31").unwrap(), 1_769_817_600);
        for wrong in ["", "d", "-1d", "90", "90 days", "tomorrow", "99999999999d"] {
            assert_eq!(since(wrong).unwrap_err().code(), 2, "{wrong}");
        }
    }
}
