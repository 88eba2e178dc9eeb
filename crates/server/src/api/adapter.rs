//! Adapters: a KMIP service of one instance, with its root key and its list of client certificates.

use serde::{Deserialize, Serialize};

/// An adapter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Adapter {
    /// Its identifier, a UUID.
    pub id: String,
    /// Its name, unique within the instance.
    pub name: String,
    /// What the administrator wrote about it; empty when nothing.
    pub description: String,
    /// The identifier of the root key that its keys are sealed under.
    pub root_key: String,
    /// When it was made.
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
}

/// What makes an adapter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAdapter {
    /// 2 to 40 characters of `A-Z a-z 0-9 _ -`, not a UUID, unique within the instance.
    pub name: String,
    /// At most 240 characters.
    #[serde(default)]
    pub description: String,
    /// Identifier or name of a root key. May be left out where the instance has one root key only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_key: Option<String>,
}
