//! Everything of this crate that can be tested from outside, in one binary.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod administration;
mod client;
mod client_certificates;
mod config;
mod doctor;
mod doors;
mod folder;
mod machine;
mod pki;
mod port;
mod request;
mod running;
mod serve;
mod server_certificates;
mod site;
mod transport;
mod verifier;
mod vouching;
