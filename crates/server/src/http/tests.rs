//! The API as a client meets it, over the real engine and key manager on the store in memory.

mod actions;
mod alarms;
mod answers;
mod backups;
mod bad_keys;
mod certificates;
mod connections;
mod door;
mod events;
mod gate;
pub(in crate::http) mod house;
mod keys;
mod kmip_keys;
mod lists;
mod metrics;
mod older;
mod openapi;
