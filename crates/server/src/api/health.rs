//! Health: the one resource that needs no authentication, and so says no more than a load balancer and whoever looks after the machine
//! must know.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;

/// Whether this server can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// The verdict.
    pub status: Status,
    /// How each part does, where that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<HealthPart>>,
}

/// How a part of the server does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthPart {
    /// `root_keys`, `store`, `journal` or `disk`.
    pub name: String,
    /// The verdict.
    pub status: Status,
    /// Why, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
    /// Keys are given out, and somebody has to look after a part.
    Degraded,
    /// The server answers, but can't open keys.
    Failing,
}
