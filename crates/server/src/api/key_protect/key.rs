//! A key, as the API shows it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Resource;

/// A key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Key)]
pub struct Key {
    /// Its identifier.
    pub id: String,
}

impl Resource for Key {
    const TYPE: &'static str = "application/vnd.ibm.kms.key+json";
}

impl From<&keymanager::Key> for Key {
    fn from(key: &keymanager::Key) -> Self {
        Key { id: key.id.to_string() }
    }
}
