//! The end of keys: erasure at once by two people, records of destruction, and the key that signs them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Resource;

/// A request for a deleted key to be erased at once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// The key.
    pub key: String,
    /// `asked`: another person must ask too; `done`: the key is erased.
    pub state: String,
    /// Who asked for it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub asked_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub asked: Option<String>,
    /// Until when that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub until: Option<String>,
}

impl Resource for Erasure {
    const TYPE: &'static str = "application/vnd.keystead.erasure+json";
}

/// A record of destruction.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Destruction {
    /// Its identifier.
    pub id: String,
    /// `pending`: the key is purged, and its epoch and what is left of it are not yet destroyed; `done`.
    pub state: String,
    /// The key.
    pub key: String,
    /// The key's name.
    pub name: String,
    /// `root key`, `standard key`, `KMIP key`.
    pub sort: String,
    /// The instance that it was of.
    pub instance: String,
    /// When it was purged.
    pub purged: String,
    /// By whom; of two people, the second.
    pub purged_by: String,
    /// The first of two people, for an erasure at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub asked_by: Option<String>,
    /// The epoch that was destroyed with a root key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub epoch: Option<u64>,
    /// What can be checked offline, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub document: Option<SignedDocument>,
}

impl Resource for Destruction {
    const TYPE: &'static str = "application/vnd.keystead.destruction+json";
}

/// A signed statement: `keystead destruction verify` checks it, or anything that knows Ed25519.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedDocument {
    /// The statement, to be read.
    #[schema(value_type = Object)]
    pub statement: Value,
    /// The same as the bytes that were signed, in Base64.
    pub signed: String,
    /// What was signed is this, a NUL, and those bytes.
    pub context: String,
    /// The Ed25519 signature (RFC 8032), in Base64.
    pub signature: String,
    /// The public key in PEM. Compare it with one that you had before.
    pub public_key: String,
}

/// The installation's key for signatures.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// `Ed25519`.
    pub algorithm: String,
    /// The public half in PEM.
    pub public_key: String,
    /// SHA-256 of its SubjectPublicKeyInfo, in lower-case hexadecimal.
    pub sha256: String,
}

impl Resource for SigningKey {
    const TYPE: &'static str = "application/vnd.keystead.signing-key+json";
}
