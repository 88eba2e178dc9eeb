//! What the engine promises, seen from outside: bytes in, bytes out, over a real store, a real key manager and a real journal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ask;
mod audit;
mod bench;
mod concurrency;
mod credentials;
mod door_tampering;
mod doors;
mod faults;
mod golden;
mod hostile;
mod isolation;
mod lifecycle;
mod manage;
mod manager;
mod meddler;
mod model;
mod old_records;
mod quarantine;
mod registry;
mod restoring;
mod root_keys;
mod standard_keys;
mod standard_model;
mod standings;
mod tampering;
mod together;
mod usage;
mod versions;
