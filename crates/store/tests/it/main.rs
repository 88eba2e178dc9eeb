//! The store from outside: one model for all back ends, and what happens when things go wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "tests may end in a panic")]

mod common;
mod concurrency;
mod conformance;
mod crash;
mod damage;
mod durability;
mod full;
mod journal;
mod model;
mod opening;
mod scans;
mod scrub;
mod snapshot;
