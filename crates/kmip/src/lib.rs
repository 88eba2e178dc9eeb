//! KMIP 1.0 to 1.4: bytes to values and back.
//!
//! There is no input or output here, no clock and no policy. The invariant of this crate: **what a protocol version does not know
//! is neither sent to it nor taken from it, and every length is checked before anything is allocated for it.**

#[macro_use]
mod macros;

pub mod attribute;
pub mod enums;
pub mod frame;
pub mod message;
pub mod object;
pub mod payload;
#[cfg(test)]
mod shape;
pub mod tag;
pub mod text;
mod time;
pub mod ttlv;
mod value;
mod version;

pub use tag::Tag;
pub use time::{DateTime, Interval, Timestamp};
pub use value::Value;
pub use version::Version;
