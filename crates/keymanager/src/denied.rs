//! [`Denied`]: why nobody was let in. Whoever asked hears one answer for all of them but the last.

use crate::Error;
use uuid::Uuid;

/// Why a principal was not found, or was not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// There is no such API key.
    #[error("there is no such API key")]
    Unknown,
    /// It was revoked.
    #[error("the API key {0} was revoked")]
    Revoked(Uuid),
    /// Its time is over.
    #[error("the API key {0} is past its expiry date")]
    Expired(Uuid),
    /// No such instance, no role that has the action there, or an address that a policy of the instance excludes.
    #[error("access to the resource is denied: {0}")]
    Forbidden(&'static str),
    /// It could not be looked up.
    #[error(transparent)]
    Failed(#[from] Error),
}
