//! [`Told`]: who hears what became of a backup: the alarms, and the numbers.
//!
//! The invariant: **whoever asked for a backup, it is told of in the same way**: one that could not be made stands as an alarm until one
//! was made.

use super::{Error, Made};
use crate::alarm::{Alarm, Alarms};
use crate::expiry::Severity;
use crate::metrics::Metrics;
use ::kmip::Timestamp;
use std::sync::Arc;

/// The kind of the alarms.
pub const ALARM: &str = "backup";
/// What the alarm is about.
const MAKING: &str = "making";

/// See the module.
pub struct Told {
    /// Where an alarm is raised.
    pub alarms: Arc<Alarms>,
    /// Where the numbers are kept.
    pub metrics: Arc<Metrics>,
}

impl Told {
    /// Tells of a backup that was tried. Where there is no recovery kit, none was.
    pub(super) fn tell(&self, outcome: &Result<Made, Error>, now: Timestamp) {
        match outcome {
            Err(Error::NoKit) => return,
            Ok(made) => {
                self.alarms.clear(ALARM, MAKING);
                self.metrics.parts.set_backup(Timestamp::from_millis(made.created), made.size);
            }
            Err(error) => self.alarms.raise(Alarm {
                kind: ALARM,
                about: MAKING.to_owned(),
                severity: Severity::Error,
                message: format!("no backup could be made: {error}"),
                advice: "see to it, then: keystead backup create".to_owned(),
                instance: None,
                since: now,
            }),
        }
        self.metrics.parts.backup_tried(outcome.is_ok());
    }
}
