//! The API as a client meets it, over the real engine and key manager on the store in memory.

mod answers;
mod certificates;
mod gate;
pub(in crate::http) mod house;
