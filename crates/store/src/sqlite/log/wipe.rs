//! Overwriting both files of the commit log in place, while commits go on.
//!
//! First the file that is not in use, then the other one, after the log has turned from it. The invariant: **no frame is overwritten
//! that is not durable in the tables**: only the file that is not in use is, and the log does not turn to it meanwhile.

use std::os::unix::fs::FileExt;

use super::{CommitLog, FULL};
use crate::Error;
use crate::backend::Wiped;

/// What is overwritten and flushed in one step.
const STEP: usize = 512 << 10;
const ZEROS: &[u8] = &[0; STEP];
/// Where the file in use has grown to this, whoever wipes has gone away: then the log turns as ever.
const FORSAKEN: u64 = 4 * FULL;

/// How far it has come.
pub(super) struct Wipe {
    /// Whether the log has turned from the file that was in use when it began.
    turned: bool,
    /// Up to here the file that is not in use is overwritten.
    done: u64,
}

impl CommitLog {
    /// Takes a step. What was left half-way has not seen what was written since, to the file that it had turned to: the first step
    /// begins with both files again.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]: it can be taken again. [`Error::Failed`]: a flush failed.
    pub(crate) fn wipe(&mut self, first: bool) -> Result<Wiped, Error> {
        if first {
            self.wipe = None;
        }
        if !self.may_write_over() {
            return Ok(Wiped::Blocked);
        }
        let Wipe { turned, done } = self.wipe.get_or_insert(Wipe { turned: false, done: 0 });
        if *done < self.other.used {
            let left = usize::try_from(self.other.used - *done).unwrap_or(STEP);
            let zeros = ZEROS.get(..left).unwrap_or(ZEROS);
            self.other.file.write_all_at(zeros, *done).map_err(|error| self.place.io(&error))?;
            self.other.file.sync_data().map_err(|error| self.place.failed(&error))?;
            *done += zeros.len() as u64;
            return Ok(Wiped::Part);
        }
        self.other.used = 0;
        if *turned {
            self.wipe = None;
            return Ok(Wiped::All);
        }
        self.wipe = Some(Wipe { turned: true, done: 0 });
        self.turn();
        // What it holds may not be in the tables yet.
        Ok(Wiped::Blocked)
    }

    /// Whether the file that is not in use must stay so.
    pub(super) fn is_being_wiped(&mut self) -> bool {
        if self.current.end >= FORSAKEN {
            self.wipe = None;
        }
        self.wipe.is_some()
    }
}
