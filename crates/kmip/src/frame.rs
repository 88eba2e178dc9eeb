//! The frame around a message: how long it is, and whether it may be that long.
//!
//! The invariant: a length from the wire is checked here before anything is allocated for it.

use crate::ttlv::ItemType;
use crate::{Tag, tag};

/// The longest request that is taken, header included: 1 MiB.
pub const MESSAGE_LIMIT: usize = 1 << 20;
/// The deepest nesting of structures in a request.
pub const DEPTH_LIMIT: u8 = 32;
/// The most batch items in a request.
pub const BATCH_LIMIT: i32 = 128;
/// The most fields of a structure in a request's payload: its attributes, their names, query functions.
pub const WIDTH_LIMIT: usize = 512;
/// Tag, type and length: the bytes that tell how long a message is.
pub const HEADER: usize = 8;

/// Why the bytes on the wire are no request message. The connection can't be used any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first bytes are not those of a Request Message.
    #[error("the peer does not speak KMIP: its message starts with tag {tag}, type {kind:#04x}")]
    NotKmip {
        /// The tag found.
        tag: Tag,
        /// The type found.
        kind: u8,
    },
    /// The length exceeds [`MESSAGE_LIMIT`].
    #[error("the message says that it is {0} bytes long, over the limit of {limit}", limit = MESSAGE_LIMIT)]
    TooLong(u32),
    /// The length of a structure is a multiple of eight.
    #[error("the message's length {0} is not a multiple of 8")]
    Unaligned(u32),
}

/// The length in bytes, header included, of the request message that starts with `header` (KMIP 1.4, 9.1.1).
pub fn length(header: [u8; HEADER]) -> Result<usize, FrameError> {
    let [t0, t1, t2, kind, l0, l1, l2, l3] = header;
    let tag = Tag(u32::from_be_bytes([0, t0, t1, t2]));
    let length = u32::from_be_bytes([l0, l1, l2, l3]);
    if tag != tag::REQUEST_MESSAGE || kind != ItemType::Structure as u8 {
        return Err(FrameError::NotKmip { tag, kind });
    }
    let whole = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(HEADER);
    if whole > MESSAGE_LIMIT {
        return Err(FrameError::TooLong(length));
    }
    if !length.is_multiple_of(8) {
        return Err(FrameError::Unaligned(length));
    }
    Ok(whole)
}
