//! [`Diary`]: which alarms were logged, so that each crossing is logged once, and the urgent ones each day.

use super::{Alarm, Severity, Threshold, Watched};
use kmip::Timestamp;
use std::collections::HashMap;

/// What was logged last for each certificate that has an alarm. It begins empty with each start, which says anew what stands.
#[derive(Default)]
pub struct Diary(HashMap<Known, Told>);

type Known = ([u8; 32], Option<(uuid::Uuid, String)>, std::mem::Discriminant<super::What>);

#[derive(PartialEq, Eq)]
struct Told {
    threshold: Threshold,
    /// The day, counted from the epoch; only where it is told each day.
    day: Option<i64>,
}

impl Diary {
    /// Those of `alarms` that are to be logged at `now`. What has no alarm any more is forgotten.
    pub fn due<'a>(&mut self, alarms: &'a [Alarm], now: Timestamp) -> Vec<&'a Alarm> {
        let today = super::days(now.seconds());
        let mut told = HashMap::new();
        let mut due = Vec::new();
        for alarm in alarms {
            let (threshold, day) = (alarm.threshold, alarm.threshold.daily.then_some(today));
            let (key, now) = (known(&alarm.watched), Told { threshold, day });
            if self.0.get(&key) != Some(&now) {
                due.push(alarm);
            }
            told.insert(key, now);
        }
        self.0 = told;
        due
    }

    /// Logs them.
    pub fn log(&mut self, alarms: &[Alarm], now: Timestamp) {
        for alarm in self.due(alarms, now) {
            let (message, advice) = (alarm.message(), alarm.watched.advice());
            let fingerprint = crate::pki::hexadecimal(&alarm.watched.fingerprint);
            match alarm.threshold.severity {
                Severity::Warning => tracing::warn!(fingerprint, days = alarm.days, "{message}: {advice}"),
                Severity::Error => tracing::error!(fingerprint, days = alarm.days, "{message}: {advice}"),
            }
        }
    }
}

fn known(watched: &Watched) -> Known {
    let place = watched.entry.as_ref().map(|entry| (entry.instance, entry.adapter.clone()));
    (watched.fingerprint, place, std::mem::discriminant(&watched.what))
}
