//! Certificates: the installation's own authority, the server's certificate, and what clients bring or are given.
//!
//! The invariant of this room: **what the authority signs is decided here, never by the request.** A certificate that it signed opens
//! nothing by that: only its place on an adapter's list does.

mod authority;
mod error;
mod facts;
mod files;
mod names;
mod params;
mod pem;
mod private_key;
mod request;
mod strength;

pub use authority::{Authority, IssuedClient, SignedClient};
pub use error::Error;
pub use facts::{CertificateFacts, ClientCertificate, check_client_certificate, facts, hexadecimal};
pub use files::{Pki, ServerCertificate, read_identity};
pub use names::{ServerNames, check_name};
pub use pem::to_pem;
