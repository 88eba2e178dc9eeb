//! Dates as people type them.

/// A date in full: a day alone means its first moment, UTC. What it says is judged by the server.
pub(super) fn whole(text: String) -> String {
    if text.len() == 10 && text.matches('-').count() == 2 { text + "T00:00:00Z" } else { text }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_day_alone_is_its_first_moment() {
        let same = "2030-01-31T12:00:00+01:00";
        for (text, date) in [("2030-01-31", "2030-01-31T00:00:00Z"), (same, same), ("tomorrow", "tomorrow")] {
            assert_eq!(whole(text.to_owned()), date);
        }
    }
}
