//! Keys: the KMIP objects of an adapter, as an administrator may see them. Material is not among it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Resource, Usage};

/// A KMIP object.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = KmipKey)]
pub struct Key {
    /// Its KMIP unique identifier, by which vCenter asks for it.
    pub id: String,
    /// The KMIP object type, such as `Symmetric Key`.
    pub object_type: String,
    /// The KMIP state, such as `Pre-Active`.
    pub state: String,
    /// The cryptographic algorithm, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// The cryptographic length in bits, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// Names and custom attributes: what the client says that the key is for.
    pub attributes: Vec<Attribute>,
    /// When it was made.
    pub created_at: String,
    /// What is known of its use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// Why a deactivated key is made active again.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reactivate {
    /// For the audit: 1 to 240 characters, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An attribute as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attribute {
    /// The KMIP attribute name, such as `x-Name`.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Key {
    /// The value of an attribute, or nothing.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|attribute| attribute.name == name).map_or("", |attribute| &attribute.value)
    }
}

impl Resource for Key {
    const TYPE: &'static str = "application/vnd.keystead.kmip_key+json";
}
