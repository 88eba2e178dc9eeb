//! The payloads of the operations, a file an operation family (KMIP 1.4, section 4).
//!
//! The invariant: fields stand in the specification's order, each with the version since which it exists.

mod attributes;
mod lifecycle;
mod locate;
mod object;
mod server;

pub use attributes::*;
pub use lifecycle::*;
pub use locate::*;
pub use object::*;
pub use server::*;

structure! {
    /// The payload of a request that names an object, or means the one that the ID placeholder holds, and says no more.
    pub struct ObjectRequest {
        /// Which object; none means the ID placeholder's.
        optional unique_identifier: String = UNIQUE_IDENTIFIER;
    }
}

structure! {
    /// The payload of an answer that says no more than which object was dealt with.
    pub struct ObjectResponse {
        /// Which object.
        required unique_identifier: String = UNIQUE_IDENTIFIER;
    }
}
