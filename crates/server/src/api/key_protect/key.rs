//! A key, as the API shows it (Key Protect API: "Retrieve a key").

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

use super::RotationPolicy;
use crate::api::{PrivateText, Resource};

/// A key.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// `application/vnd.ibm.kms.key+json`.
    #[schema(value_type = String)]
    pub r#type: Cow<'static, str>,
    /// Its identifier, a UUID.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Other names, each of this key only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What its maker wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// 0 pre-active, 1 active, 2 suspended, 3 deactivated, 5 destroyed.
    #[schema(minimum = 0, maximum = 5)]
    pub state: u8,
    /// True: a standard key. False: a root key.
    pub extractable: bool,
    /// When it becomes deactivated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub expiration_date: Option<String>,
    /// Its cloud resource name.
    pub crn: String,
    /// Whether its material was brought along.
    pub imported: bool,
    /// The key ring that it is in.
    #[serde(rename = "keyRingID")]
    pub key_ring_id: String,
    /// When it was made.
    #[schema(format = "date-time")]
    pub creation_date: String,
    /// Who made it.
    pub created_by: String,
    /// No longer in use: `Deprecated`.
    #[schema(value_type = String)]
    pub algorithm_type: Cow<'static, str>,
    /// No longer in use.
    pub algorithm_metadata: AlgorithmMetadata,
    /// No longer in use: 256.
    pub algorithm_bit_size: u32,
    /// No longer in use: `Deprecated`.
    #[schema(value_type = String)]
    pub algorithm_mode: Cow<'static, str>,
    /// Why it is not active, while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub nonactive_state_reason: Option<u32>,
    /// When it was last changed, if it ever was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub last_update_date: Option<String>,
    /// When it was last rotated, if it ever was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub last_rotate_date: Option<String>,
    /// A root key's newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key_version: Option<KeyVersion>,
    /// Whether two people are needed to delete it.
    pub dual_auth_delete: DualAuthDelete,
    /// How it rotates, where there is a policy for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rotation: Option<RotationPolicy>,
    /// Whether it is deleted.
    pub deleted: bool,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub deletion_date: Option<String>,
    /// Who deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deleted_by: Option<String>,
    /// Whether a deleted key can still be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub restore_allowed: Option<bool>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub restore_expiration_date: Option<String>,
    /// Whether a deleted key can be purged already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub purge_allowed: Option<bool>,
    /// From when on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub purge_allowed_from: Option<String>,
    /// When it purges by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub purge_scheduled_on: Option<String>,
    /// A standard key's material in base64, where one key was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, nullable = false, format = "byte")]
    pub payload: Option<PrivateText>,
}

/// What was once said of a key's algorithm.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlgorithmMetadata {
    /// `256`.
    #[schema(value_type = String)]
    pub bit_length: Cow<'static, str>,
    /// `Deprecated`.
    #[schema(value_type = String)]
    pub mode: Cow<'static, str>,
}

/// A version of a root key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyVersion {
    /// Its identifier.
    #[schema(format = "uuid")]
    pub id: String,
    /// When it was made; left out where something was wrapped or unwrapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub creation_date: Option<String>,
}

/// Whether two people are needed to delete a key, and whether the first of them has spoken.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DualAuthDelete {
    /// Whether two people are needed.
    pub enabled: bool,
    /// Whether one of them has set it for deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key_set_for_deletion: Option<bool>,
    /// Until when that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub auth_expiration: Option<String>,
}

/// A key as it is shown after it was made, deleted, restored or purged: all of it, or its identifier.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ShownKey {
    /// `Prefer: return=minimal`.
    Minimal(KeyId),
    /// `Prefer: return=representation`.
    Whole(Box<Key>),
}

/// A key's identifier, and nothing else of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyId {
    /// The identifier, a UUID.
    #[schema(format = "uuid")]
    pub id: String,
}

/// Moves a key into another key ring (Key Protect API: "Update a key").
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchKey {
    /// The key ring's identifier. IBM's Go client writes `KeyRingID`.
    #[serde(rename = "keyRingID", alias = "KeyRingID", alias = "keyRingId")]
    #[schema(min_length = 2, max_length = 100)]
    pub key_ring_id: String,
}

impl Key {
    /// What the type of a key is.
    pub const TYPE: &'static str = "application/vnd.ibm.kms.key+json";
}

impl Resource for Key {
    const TYPE: &'static str = Key::TYPE;
}

impl Resource for ShownKey {
    const TYPE: &'static str = Key::TYPE;
}

impl Resource for KeyVersion {
    const TYPE: &'static str = "application/vnd.ibm.kms.key.version+json";
}
