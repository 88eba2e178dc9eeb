//! [`Destroys`]: whoever destroys many KMIP objects within an hour raises an alarm, be it over KMIP or over the REST API. What was destroyed
//! can be restored.
//!
//! The invariant: **nothing is held up for being counted**, and what is remembered is bounded by those that there are.

use crate::alarm::{Alarm, Alarms};
use crate::expiry::Severity;
use ::kmip::Timestamp;
use engine::registry::Client;
use keymanager::Call;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use uuid::Uuid;

/// The kind of the alarm.
pub(crate) const DESTROYS: &str = "destroys";
const MINUTES: i64 = 60;
/// So many who destroyed something are remembered at most.
const MOST: usize = 4096;
const RESTORE: &str = "restore the keys (`keystead key list --deleted`, `keystead key restore ID`)";

/// See the module.
pub struct Destroys {
    /// From so many within an hour on.
    limit: usize,
    alarms: Arc<Alarms>,
    recent: Mutex<HashMap<Who, Recent>>,
}

/// The instance, and whom the alarm is about: an entry of an allow-list, or a principal.
type Who = (Uuid, String);

/// Destroys of the last hour, by the minute.
#[derive(Default)]
struct Recent(VecDeque<(i64, usize)>);

impl Destroys {
    /// With so many within an hour as are an alarm, and where to raise it.
    pub fn new(limit: usize, alarms: Arc<Alarms>) -> Self {
        Destroys { limit, alarms, recent: Mutex::default() }
    }

    /// Counts what a client destroyed.
    pub(super) fn by_client(&self, client: &Client, destroyed: usize, now: Timestamp) {
        if destroyed == 0 {
            return;
        }
        let (entry, adapter) = (client.certificate(), client.adapter());
        self.note((adapter.instance, entry.id().to_string()), (destroyed, now), || {
            let who = format!("client `{}` of adapter {}", entry.name, adapter.name);
            let stop = format!(
                "take the client off the list (`keystead cert remove {} --adapter {}`)",
                entry.name, adapter.name
            );
            (who, stop)
        });
    }

    /// Counts an object that was destroyed, or deleted as a standard key, over the REST API.
    pub(crate) fn by_call(&self, call: &Call) {
        self.note((call.instance, call.actor.clone()), (1, call.now), || {
            (format!("`{}`", call.actor), "revoke its API keys (`keystead apikey revoke`)".to_owned())
        });
    }

    /// Counts, and raises the alarm where there are many: who it was, and how to stop that, in words.
    fn note(&self, who: Who, (destroyed, now): (usize, Timestamp), words: impl FnOnce() -> (String, String)) {
        let within_an_hour = self.count(&who, destroyed, now.seconds() / MINUTES);
        if within_an_hour < self.limit {
            return;
        }
        let ((name, stop), (instance, about)) = (words(), who);
        self.alarms.raise(Alarm {
            kind: DESTROYS,
            about,
            severity: Severity::Error,
            message: format!("{name} destroyed {within_an_hour} keys within an hour"),
            advice: format!("if nobody meant it, {stop}, and {RESTORE}"),
            instance: Some(instance),
            since: now,
        });
    }

    fn count(&self, who: &Who, destroyed: usize, minute: i64) -> usize {
        let mut all = self.recent.lock();
        if all.len() >= MOST && !all.contains_key(who) {
            all.retain(|_, recent| recent.total(minute) > 0);
        }
        let recent = all.entry(who.clone()).or_default();
        recent.add(destroyed, minute);
        recent.total(minute)
    }
}

impl Recent {
    fn add(&mut self, destroyed: usize, minute: i64) {
        match self.0.back_mut() {
            Some((last, count)) if *last == minute => *count += destroyed,
            _ => self.0.push_back((minute, destroyed)),
        }
    }

    /// How many there were in the hour that ends now. A clock that was set back is taken at its word.
    fn total(&mut self, minute: i64) -> usize {
        self.0.retain(|(at, _)| at.abs_diff(minute) < MINUTES.unsigned_abs());
        self.0.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destroys_are_counted_by_client_for_an_hour() {
        let destroys = Destroys::new(3, Arc::default());
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let who = |client: Uuid| (Uuid::nil(), client.to_string());
        // Client, destroyed, minute, and how many within the hour.
        let cases =
            [(a, 1, 0, 1), (b, 2, 1, 2), (a, 2, 30, 3), (a, 1, 59, 4), (a, 1, 60, 4), (a, 1, 200, 1), (a, 1, 90, 1)];
        for (client, destroyed, minute, expected) in cases {
            assert_eq!(destroys.count(&who(client), destroyed, minute), expected, "{client} at {minute}");
        }
    }

    #[test]
    fn who_destroyed_long_ago_is_forgotten() {
        let destroys = Destroys::new(3, Arc::default());
        for client in 0..2 * MOST as u128 {
            destroys.count(&(Uuid::from_u128(client), String::new()), 1, i64::try_from(client).unwrap());
        }
        assert!(destroys.recent.lock().len() <= MOST);
    }

    #[test]
    fn who_destroys_over_the_api_is_told_of_too() {
        let (alarms, instance) = (Arc::<Alarms>::default(), Uuid::from_u128(1));
        let destroys = Destroys::new(3, alarms.clone());
        let call = |instance, actor| {
            Call::internal(instance, keymanager::Action::DeleteKey, actor, Timestamp::from_seconds(MINUTES))
        };
        for (instance, actor, raised) in [
            (instance, "a", 0),
            (instance, "a", 0),
            (instance, "b", 0),
            (Uuid::from_u128(2), "a", 0),
            (instance, "a", 1),
        ] {
            destroys.by_call(&call(instance, actor));
            assert_eq!(alarms.standing(Some(instance)).len(), raised, "{actor}");
        }
        assert_eq!(alarms.standing(None)[0].message, "`a` destroyed 3 keys within an hour");
    }
}
