//! [`Outcome`]: what came of one batch item, for whoever counts.

use kmip::enums::{Operation, ResultReason};

/// What came of a batch item, or of a message that was refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The operation; none where the message could not be read or has several items.
    pub operation: Option<Operation>,
    /// Why not; none where it was done.
    pub reason: Option<ResultReason>,
}
