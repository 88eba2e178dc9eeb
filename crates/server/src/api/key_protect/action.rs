//! What is done with a root key: wrap, unwrap, rewrap, rotate (Key Protect API: "Actions"). Their bodies wear no envelope.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::KeyVersion;
use crate::api::{PrivateText, Resource};

const TYPE: &str = "application/vnd.ibm.kms.key_action+json";

/// Wraps.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wrap {
    /// What is to be wrapped, 1 to 4096 bytes in base64. Left out: 32 random bytes are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "byte")]
    pub plaintext: Option<PrivateText>,
    /// Additional authenticated data, which unwrapping needs again: strings of up to 255 characters. What is `null` among them
    /// is none: IBM's older clients send it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 126)]
    pub aad: Option<Vec<Option<String>>>,
}

/// What wrapping gives.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wrapped {
    /// What was wrapped, in base64, where it was made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, nullable = false, format = "byte")]
    pub plaintext: Option<PrivateText>,
    /// The wrapped data, in base64.
    #[schema(format = "byte")]
    pub ciphertext: String,
    /// The version that it is wrapped under.
    pub key_version: KeyVersion,
}

/// Unwraps, or wraps again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unwrap {
    /// What wrapping gave.
    #[schema(format = "byte")]
    pub ciphertext: String,
    /// What it was wrapped with, the same and in the same order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 126)]
    pub aad: Option<Vec<Option<String>>>,
}

/// What unwrapping gives.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unwrapped {
    /// What was wrapped, in base64.
    #[schema(value_type = String, format = "byte")]
    pub plaintext: PrivateText,
    /// The version that it was wrapped under.
    pub key_version: KeyVersion,
    /// The same wrapped under the newest version, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "byte")]
    pub ciphertext: Option<String>,
    /// That version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rewrapped_key_version: Option<KeyVersion>,
}

/// What wrapping again gives.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rewrapped {
    /// The data, wrapped under the newest version.
    #[schema(format = "byte")]
    pub ciphertext: String,
    /// The version that it was wrapped under.
    pub key_version: KeyVersion,
    /// The newest version.
    pub rewrapped_key_version: KeyVersion,
}

/// Rotates: to new material that is made here, or, for an imported key, brought along.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotate {
    /// New material in base64, 16, 24 or 32 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "byte")]
    pub payload: Option<PrivateText>,
    /// How the payload is encrypted: `RSAES_OAEP_SHA_256` or `RSAES_OAEP_SHA_1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_algorithm: Option<String>,
    /// The import token's nonce, encrypted under the material that is brought along, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "byte")]
    pub encrypted_nonce: Option<String>,
    /// The initialisation vector of that, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "byte")]
    pub iv: Option<String>,
}

impl Resource for Wrapped {
    const TYPE: &'static str = TYPE;
}

impl Resource for Unwrapped {
    const TYPE: &'static str = TYPE;
}

impl Resource for Rewrapped {
    const TYPE: &'static str = TYPE;
}
