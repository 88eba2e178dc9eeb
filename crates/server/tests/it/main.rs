//! Everything of this crate that can be tested from outside, in one binary.

mod client;
mod config;
mod folder;
mod pki;
mod verifier;
