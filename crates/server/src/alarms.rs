//! [`Board`]: alarms that stand until what they are about has been mended, beside those of certificates that end ([`crate::expiry`]).
//!
//! The invariant: **an alarm stands once for each thing that it is about**, however often it is raised, and is logged when it comes up.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::expiry::Severity;

/// An alarm that stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// How urgent it is.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// The instance that it is of; none: the installation's.
    pub instance: Option<Uuid>,
    /// The adapter's name, where it is about one.
    pub adapter: Option<String>,
}

/// What an alarm is about: its kind, a word that labels have too, and which of that kind.
type About = (&'static str, String);

/// See the module.
#[derive(Default)]
pub struct Board(Mutex<BTreeMap<About, Standing>>);

impl Board {
    /// Has an alarm stand. Where it stands already, it says from now on what is said now.
    pub fn raise(&self, kind: &'static str, about: impl ToString, alarm: Standing) {
        let (message, advice) = (alarm.message.clone(), alarm.advice.clone());
        if self.0.lock().insert((kind, about.to_string()), alarm).is_none() {
            tracing::error!(kind, "{message}: {advice}");
        }
    }

    /// Takes an alarm down, if it stands.
    pub fn lower(&self, kind: &'static str, about: impl ToString) {
        if self.0.lock().remove(&(kind, about.to_string())).is_some() {
            tracing::info!(kind, "an alarm is over");
        }
    }

    /// Takes down those of a kind that are not about any of these.
    pub fn keep(&self, kind: &'static str, about: impl Fn(&str) -> bool) {
        self.0.lock().retain(|(of, which), _| *of != kind || about(which));
    }

    /// Those that stand, of an instance or of all, with their kind.
    pub fn standing(&self, instance: Option<Uuid>) -> Vec<(&'static str, Standing)> {
        let is_asked = |alarm: &Standing| instance.is_none() || alarm.instance == instance;
        self.0.lock().iter().filter(|(_, alarm)| is_asked(alarm)).map(|((kind, _), it)| (*kind, it.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(instance: Option<Uuid>) -> Standing {
        let (message, advice) = ("it broke".to_owned(), "mend it".to_owned());
        Standing { severity: Severity::Error, message, advice, instance, adapter: None }
    }

    #[test]
    fn an_alarm_stands_once_and_is_seen_by_its_instance_alone() {
        let (board, mine) = (Board::default(), Uuid::from_u128(1));
        for _ in 0..3 {
            board.raise("canary", "a", alarm(Some(mine)));
        }
        board.raise("canary", "b", alarm(None));
        assert_eq!(board.standing(None).len(), 2);
        assert_eq!(board.standing(Some(mine)).len(), 1);
        assert_eq!(board.standing(Some(Uuid::from_u128(2))).len(), 0);
        board.keep("canary", |about| about == "b");
        assert_eq!(board.standing(None).len(), 1);
        board.lower("canary", "b");
        assert!(board.standing(None).is_empty());
    }
}
