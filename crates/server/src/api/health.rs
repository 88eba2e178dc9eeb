//! Health: the one resource that needs no authentication, and so says no more than a load balancer must know.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;

/// Whether this server can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// The verdict.
    pub status: Status,
}

impl Resource for Health {
    const TYPE: &'static str = "application/vnd.keystead.health+json";
}

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A root key was unwrapped a moment ago.
    Ok,
    /// The server answers, but can't open keys.
    Failing,
}
