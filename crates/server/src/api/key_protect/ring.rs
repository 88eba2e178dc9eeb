//! Key rings and aliases.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::{Resource, rfc3339};

/// A key ring. `default` has an identifier only.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyRing {
    /// Its identifier.
    pub id: String,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub creation_date: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub created_by: Option<String>,
}

impl Resource for KeyRing {
    const TYPE: &'static str = "application/vnd.ibm.kms.key_ring+json";
}

impl From<keymanager::KeyRing> for KeyRing {
    fn from(ring: keymanager::KeyRing) -> Self {
        KeyRing {
            id: ring.name,
            creation_date: Some(rfc3339(ring.created.seconds())),
            created_by: Some(ring.created_by),
        }
    }
}

/// An alias of a key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alias {
    /// The key.
    pub key_id: String,
    /// The alias.
    pub alias: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub creation_date: String,
}

impl Resource for Alias {
    const TYPE: &'static str = "application/vnd.ibm.kms.alias+json";
}

impl From<keymanager::Alias> for Alias {
    fn from(alias: keymanager::Alias) -> Self {
        Alias {
            key_id: alias.key.to_string(),
            alias: alias.name,
            created_by: alias.created_by,
            creation_date: rfc3339(alias.created.seconds()),
        }
    }
}
