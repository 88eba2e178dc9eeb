//! [`Operations`]: which operations succeeded in a message.
//!
//! The invariant: an operation is in it if an item of it was answered with success.

use kmip::enums::Operation;

/// A set of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations(u64);

impl Operations {
    /// Whether an operation is among them.
    pub fn contains(self, operation: Operation) -> bool {
        self.0 & bit(operation) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn add(&mut self, operation: Operation) {
        self.0 |= bit(operation);
    }
}

/// The numbers of KMIP 1.x end at 42; what is beyond 63 is offered by nobody, so it never succeeds.
fn bit(operation: Operation) -> u64 {
    1_u64.checked_shl(operation.number()).unwrap_or(0)
}
