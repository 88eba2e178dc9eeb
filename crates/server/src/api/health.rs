//! Health: the one resource that needs no authentication, and so says no more than a load balancer must know.

use serde::{Deserialize, Serialize};

/// Whether this server can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The verdict.
    pub status: Status,
}

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A root key was unwrapped a moment ago.
    Ok,
    /// The server answers, but can't open keys.
    Failing,
}
