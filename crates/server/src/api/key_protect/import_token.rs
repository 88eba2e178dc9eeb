//! Import tokens. Their bodies wear no envelope.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::{Resource, rfc3339};

/// What makes an import token.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewImportToken {
    /// Seconds: 300 to 86,400; 600 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 300, maximum = 86400)]
    pub expiration: Option<i64>,
    /// 1 to 500; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 500)]
    pub max_allowed_retrievals: Option<i64>,
}

/// An import token.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportToken {
    /// When it was made.
    #[schema(format = DateTime)]
    pub creation_date: String,
    /// When it ends.
    #[schema(format = DateTime)]
    pub expiration_date: String,
    /// How often it can be had.
    pub max_allowed_retrievals: u32,
    /// How often still.
    pub remaining_retrievals: u32,
    /// The public key, PEM in base64, where the token was retrieved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload: Option<String>,
    /// 12 bytes in base64, where the token was retrieved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub nonce: Option<String>,
}

impl Resource for ImportToken {
    const TYPE: &'static str = "application/vnd.ibm.kms.import_token+json";
}

impl From<keymanager::ImportToken> for ImportToken {
    fn from(token: keymanager::ImportToken) -> Self {
        ImportToken {
            creation_date: rfc3339(token.created.seconds()),
            expiration_date: rfc3339(token.expires.seconds()),
            max_allowed_retrievals: token.max_retrievals,
            remaining_retrievals: token.remaining_retrievals,
            payload: None,
            nonce: None,
        }
    }
}
