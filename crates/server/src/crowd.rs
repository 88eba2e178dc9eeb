//! What keeps a crowd within bounds, at both ports: shares of the connections that there may be, and of the lines in the log.
//!
//! The invariant: **who comes in great number takes from their own share, and not from everybody's.**

mod block;
mod quiet;
mod shares;

pub(crate) use block::block;
pub(crate) use quiet::Quiet;
pub(crate) use shares::{Share, Shares};
