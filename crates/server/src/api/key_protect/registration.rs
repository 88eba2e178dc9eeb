//! Registrations: what uses a root key.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use keymanager::crn;

use super::key::KeyVersion;
use crate::api::{Resource, rfc3339};

/// A registration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// The root key.
    pub key_id: String,
    /// Its name.
    pub key_name: String,
    /// What uses it.
    pub resource_crn: String,
    /// Who registered it.
    pub created_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub creation_date: String,
    /// Who changed it last.
    pub updated_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub last_updated: String,
    /// What it is.
    pub description: String,
    /// Whether the key can't be deleted even by force.
    pub prevent_key_deletion: bool,
    /// The version that is in use.
    pub key_version: KeyVersion,
}

impl Resource for Registration {
    const TYPE: &'static str = "application/vnd.ibm.kms.registration+json";
}

impl Registration {
    /// An adapter's registration on its root key.
    pub fn of(key: &keymanager::Key, registration: &keymanager::Registration) -> Self {
        let created = rfc3339(registration.created.seconds());
        Registration {
            key_id: key.id.to_string(),
            key_name: key.name.clone(),
            resource_crn: crn(key.instance, "kmip-adapter", &registration.adapter.to_string()),
            created_by: registration.created_by.clone(),
            creation_date: created.clone(),
            updated_by: registration.created_by.clone(),
            last_updated: created,
            description: format!("KMIP adapter {}", registration.name),
            prevent_key_deletion: false,
            key_version: KeyVersion { id: registration.key_version.to_string(), creation_date: None },
        }
    }
}
