//! [`Alarms`]: what an operator should look into now, beside the certificates that expire (`expiry`).
//!
//! The invariant: **an alarm never stops anything; it says what is the matter and what to do, and it stands for as long as its cause.**

mod quarantine;

use crate::expiry::Severity;
use engine::Engine;
use kmip::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The most alarms of one kind: what is beyond says the same.
const MOST: usize = 1000;

/// The alarms that stand. They are in memory: after a start, what still holds is raised anew.
#[derive(Default)]
pub struct Alarms(Mutex<BTreeMap<Key, Alarm>>);

/// What an alarm is about: its kind, and which one of that kind.
type Key = (&'static str, String);

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What sort of trouble, such as `destroys`: a word that programs know it by.
    pub kind: &'static str,
    /// Which one of that sort: a client, a key, a sink.
    pub about: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is the matter, in a sentence.
    pub message: String,
    /// What to do about it.
    pub advice: String,
    /// Whose it is; none: the installation's.
    pub instance: Option<Uuid>,
    /// Since when it stands.
    pub since: Timestamp,
}

impl Alarms {
    /// Raises an alarm, and logs it where none of its kind stood about the same thing. One that stands keeps the time since when it does.
    pub fn raise(&self, mut alarm: Alarm) {
        let mut standing = self.0.lock();
        let key = (alarm.kind, alarm.about.clone());
        if let Some(known) = standing.get(&key) {
            alarm.since = known.since;
        } else if standing.keys().filter(|(kind, _)| *kind == alarm.kind).count() >= MOST {
            return;
        } else {
            alarm.log();
        }
        standing.insert(key, alarm);
    }

    /// Takes an alarm back, if it stands.
    pub fn clear(&self, kind: &'static str, about: &str) {
        if let Some(alarm) = self.0.lock().remove(&(kind, about.to_owned())) {
            tracing::info!(kind, about, "an alarm is over: {}", alarm.message);
        }
    }

    /// Takes back alarms of a kind that were raised before a moment, for what is not seen to be over.
    pub fn clear_older(&self, kind: &'static str, moment: Timestamp) {
        self.0.lock().retain(|(of, _), alarm| *of != kind || alarm.since >= moment);
    }

    /// All that stand for an instance, or for everybody: those that were raised, then keys that clients asked for in quarantine.
    pub fn all(&self, engine: &Engine, instance: Option<Uuid>) -> Vec<Alarm> {
        let mut all = self.standing(instance);
        all.extend(quarantine::alarms(engine, instance));
        all
    }

    /// Those that were raised and stand for an instance, or for everybody; errors first, then the oldest.
    pub fn standing(&self, instance: Option<Uuid>) -> Vec<Alarm> {
        let is_theirs = |alarm: &&Alarm| instance.is_none() || alarm.instance == instance;
        let mut standing: Vec<Alarm> = self.0.lock().values().filter(is_theirs).cloned().collect();
        standing.sort_by_key(|alarm| (alarm.severity != Severity::Error, alarm.since.millis()));
        standing
    }
}

impl Alarm {
    fn log(&self) {
        let Alarm { kind, about, message, advice, .. } = self;
        match self.severity {
            Severity::Warning => tracing::warn!(kind, about, "{message}: {advice}"),
            Severity::Error => tracing::error!(kind, about, "{message}: {advice}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(about: usize, severity: Severity, instance: Option<Uuid>, since: i64) -> Alarm {
        let (message, advice) = ("it burns".to_owned(), "put it out".to_owned());
        let since = Timestamp::from_seconds(since);
        Alarm { kind: "fire", about: about.to_string(), severity, message, advice, instance, since }
    }

    #[test]
    fn an_alarm_stands_until_it_is_cleared_and_for_those_whose_it_is() {
        let (alarms, mine) = (Alarms::default(), Some(Uuid::from_u128(1)));
        alarms.raise(alarm(1, Severity::Warning, mine, 1));
        alarms.raise(alarm(2, Severity::Warning, None, 2));
        alarms.raise(alarm(3, Severity::Error, None, 3));
        alarms.raise(alarm(1, Severity::Warning, mine, 4));
        let about = |instance| alarms.standing(instance).into_iter().map(|alarm| alarm.about).collect::<Vec<_>>();
        assert_eq!(about(None), ["3", "1", "2"]);
        assert_eq!(about(mine), ["1"]);
        assert_eq!(about(Some(Uuid::from_u128(2))), [""; 0]);
        assert_eq!(alarms.standing(mine)[0].since, Timestamp::from_seconds(1));
        alarms.clear("fire", "1");
        alarms.clear("flood", "2");
        assert_eq!(about(None), ["3", "2"]);
    }

    #[test]
    fn there_is_a_limit() {
        let alarms = Alarms::default();
        (0..2 * MOST).for_each(|about| alarms.raise(alarm(about, Severity::Warning, None, 0)));
        assert_eq!(alarms.standing(None).len(), MOST);
    }
}
