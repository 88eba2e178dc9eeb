//! What would stop if a key could not be used any more.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;

/// What would stop. All keys are counted; the first 1,000 that say what they are for are named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Impact {
    /// The key.
    pub key_id: String,
    /// Its name.
    pub key_name: String,
    /// `root key`, `key of a KMIP client`, or `standard key`, of which nobody but its readers knows what it is for.
    pub kind: String,
    /// How many keys of KMIP clients would be unreadable.
    pub keys: u64,
    /// All keys by their KMIP state.
    pub states: Vec<StateCount>,
    /// The adapters that would stop.
    pub adapters: Vec<ImpactAdapter>,
    /// What the keys are for, by their tag `x-Component`.
    pub components: Vec<ImpactComponent>,
}

/// Keys in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateCount {
    /// The KMIP state.
    pub state: String,
    /// How many.
    pub keys: u64,
}

/// An adapter that would stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImpactAdapter {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who is on its list of clients.
    pub clients: Vec<String>,
    /// How many of its keys would be unreadable.
    pub keys: u64,
}

/// Keys of one sort of thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImpactComponent {
    /// The tag `x-Component`, such as `Virtual Machine` or `ESXi Server`; empty: the keys don't say.
    pub component: String,
    /// How many keys.
    pub keys: u64,
    /// The first of them that say what they are for.
    pub named: Vec<NamedKey>,
}

/// A key by what its client says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedKey {
    /// Its KMIP unique identifier.
    pub key: String,
    /// The tag `x-Name`: what the virtual machine or host is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// The tag `x-Identifier`: what vCenter knows it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub identifier: Option<String>,
}

impl Resource for Impact {
    const TYPE: &'static str = "application/vnd.keystead.impact+json";
}
