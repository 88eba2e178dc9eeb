//! Everything that touches the outside world: sockets, TLS, HTTP, configuration, the command line, the clock.
//!
//! What a request means is decided in `engine`, what a root key may do in `keymanager`. The invariant of this room: **no request
//! reaches the engine except on behalf of a client whose key signed the handshake and whose certificate is on a list at that moment.**

pub mod alarm;
pub mod api;
pub mod audit;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
mod crowd;
pub mod doctor;
pub mod expiry;
pub mod folder;
pub mod health;
pub mod http;
pub mod identity;
pub mod inventory;
pub mod kmip;
pub mod kmip_service;
pub mod metrics;
pub mod passphrase;
pub mod pki;
pub mod plan;
pub mod serve;
pub mod telemetry;
pub mod tls;
mod workers;
