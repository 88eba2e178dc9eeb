//! What the engine promises, seen from outside: bytes in, bytes out, over a real store, a real key manager and a real journal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ask;
mod audit;
mod bench;
mod concurrency;
mod faults;
mod golden;
mod hostile;
mod isolation;
mod lifecycle;
mod meddler;
mod model;
mod registry;
mod root_keys;
mod tampering;
mod versions;
