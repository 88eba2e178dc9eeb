//! [`Reminders`]: what is said of a certificate at most once an hour.

use engine::registry::Fingerprint;
use parking_lot::Mutex;
use std::collections::HashMap;

/// How long it is not said again, in seconds.
const HOUR: u64 = 3600;
/// Of how many certificates it is remembered that it was said.
const MOST: usize = 4096;

/// See the module. Only certificates on a list get here.
#[derive(Default)]
pub(in crate::kmip) struct Reminders(Mutex<HashMap<Fingerprint, i64>>);

impl Reminders {
    /// Whether to say it now, `seconds` after the Unix epoch; then it counts as said.
    pub(super) fn is_due(&self, certificate: Fingerprint, seconds: i64) -> bool {
        let mut said = self.0.lock();
        let is_fresh = |at: &i64| at.abs_diff(seconds) < HOUR;
        if said.get(&certificate).is_some_and(is_fresh) {
            return false;
        }
        if said.len() >= MOST {
            said.retain(|_, at| is_fresh(at));
        }
        if said.len() < MOST {
            said.insert(certificate, seconds);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_spoken_of_once_an_hour() {
        let reminders = Reminders::default();
        let (a, b) = (Fingerprint([1; 32]), Fingerprint([2; 32]));
        let cases = [(a, 0, true), (a, 3599, false), (b, 3599, true), (a, 3600, true), (a, 7199, false), (a, -1, true)];
        for (certificate, seconds, expected) in cases {
            assert_eq!(reminders.is_due(certificate, seconds), expected, "at {seconds}");
        }
    }
}
