//! Certificates: the installation's own authority, the server's certificate, and what clients bring or are given.
//!
//! The invariant of this room: **what the authority signs is decided here, never by the request.** A certificate that it signed opens
//! nothing by that: only its place on an adapter's list does.

mod authority;
mod error;
mod facts;
mod files;
mod judge;
mod names;
mod pair;
mod params;
mod pem;
mod private_key;
mod request;
mod server;
mod slot;
mod sniff;
mod staging;
mod strength;
mod vouch;

pub use authority::{Authority, IssuedClient, SignedClient};
pub use error::Error;
pub use facts::{
    CertificateFacts, ClientCertificate, check_authority, check_authority_certificate, check_client_certificate,
    client_certificates, facts, from_hexadecimal, hexadecimal, with_colons,
};
pub use files::{Pki, ServerCertificate, read_identity};
pub use judge::Unfit;
pub use names::{ServerNames, check_name};
pub use pem::to_pem;
pub use server::{ServerCertificates, Shown, State};
pub use slot::Slot;
pub use vouch::{LONGEST_CHAIN, NotVouched, Pattern, PatternError, Unusable, Voucher, vouch};
