//! [`Destroys`]: a client that destroys many keys within an hour raises an alarm. What it destroyed can be restored.
//!
//! The invariant: **nothing is held up for being counted**, and what is remembered is bounded by the clients that there are.

use crate::alarm::{Alarm, Alarms};
use crate::expiry::Severity;
use ::kmip::Timestamp;
use ::kmip::enums::Operation;
use engine::exchange::Outcome;
use engine::registry::Client;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use uuid::Uuid;

/// The kind of the alarm.
pub(crate) const DESTROYS: &str = "destroys";
const MINUTES: i64 = 60;
/// Clients that are remembered at most.
const MOST: usize = 4096;

/// See the module.
pub(super) struct Destroys {
    /// From so many within an hour on.
    limit: usize,
    alarms: Arc<Alarms>,
    clients: Mutex<HashMap<Uuid, Recent>>,
}

/// Destroys of the last hour, by the minute.
#[derive(Default)]
struct Recent(VecDeque<(i64, usize)>);

impl Destroys {
    pub(super) fn new(limit: usize, alarms: Arc<Alarms>) -> Self {
        Destroys { limit, alarms, clients: Mutex::default() }
    }

    /// Counts what a client destroyed.
    pub(super) fn note(&self, client: &Client, outcomes: &[Outcome], now: Timestamp) {
        let is_destroy = |outcome: &&Outcome| outcome.operation == Some(Operation::Destroy) && outcome.reason.is_none();
        let destroyed = outcomes.iter().filter(is_destroy).count();
        if destroyed == 0 {
            return;
        }
        let within_an_hour = self.count(client.certificate().id(), destroyed, now.seconds() / MINUTES);
        if within_an_hour >= self.limit {
            self.alarms.raise(self.alarm(client, within_an_hour, now));
        }
    }

    fn count(&self, client: Uuid, destroyed: usize, minute: i64) -> usize {
        let mut clients = self.clients.lock();
        if clients.len() >= MOST && !clients.contains_key(&client) {
            clients.retain(|_, recent| recent.total(minute) > 0);
        }
        let recent = clients.entry(client).or_default();
        recent.add(destroyed, minute);
        recent.total(minute)
    }

    fn alarm(&self, client: &Client, destroyed: usize, now: Timestamp) -> Alarm {
        let (entry, adapter) = (client.certificate(), client.adapter());
        Alarm {
            kind: DESTROYS,
            about: entry.id().to_string(),
            severity: Severity::Error,
            message: format!(
                "client `{}` of adapter {} destroyed {destroyed} keys within an hour",
                entry.name, adapter.name
            ),
            advice: format!(
                "if nobody meant it, take the client off the list (`keystead cert remove {} --adapter {}`), and restore the keys \
                 (`keystead key list --deleted`, `keystead key restore ID`)",
                entry.name, adapter.name
            ),
            instance: Some(adapter.instance),
            since: now,
        }
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
        // Client, destroyed, minute, and how many within the hour.
        let cases =
            [(a, 1, 0, 1), (b, 2, 1, 2), (a, 2, 30, 3), (a, 1, 59, 4), (a, 1, 60, 4), (a, 1, 200, 1), (a, 1, 90, 1)];
        for (client, destroyed, minute, expected) in cases {
            assert_eq!(destroys.count(client, destroyed, minute), expected, "{client} at {minute}");
        }
    }

    #[test]
    fn who_destroyed_long_ago_is_forgotten() {
        let destroys = Destroys::new(3, Arc::default());
        for client in 0..2 * MOST as u128 {
            destroys.count(Uuid::from_u128(client), 1, i64::try_from(client).unwrap());
        }
        assert!(destroys.clients.lock().len() <= MOST);
    }
}
