//! KMIP adapters, their client certificates and objects. Unlike the rest of the API their fields are in snake case.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Resource;

/// The one profile there is.
pub const PROFILE: &str = "native_1.0";

/// What makes a KMIP adapter.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKmipAdapter {
    /// 2 to 40 of `A-Z a-z 0-9 _ -`, no UUID, unique in the instance; `kmip_adapter_` and something random when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 2, max_length = 40)]
    pub name: Option<String>,
    /// 2 to 240 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 240)]
    pub description: Option<String>,
    /// `native_1.0`.
    pub profile: String,
    /// What the profile needs.
    pub profile_data: ProfileData,
}

/// What the profile `native_1.0` needs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileData {
    /// The root key, which must be active.
    pub crk_id: String,
}

/// A KMIP adapter.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KmipAdapter {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// `native_1.0`.
    pub profile: String,
    /// Its root key.
    pub profile_data: ProfileData,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// Who changed it.
    pub updated_by: String,
}

impl Resource for KmipAdapter {
    const TYPE: &'static str = "application/vnd.ibm.kms.kmip_adapter+json";
}

/// What puts a client certificate on an adapter's list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKmipCertificate {
    /// PEM, one certificate.
    pub certificate: String,
    /// As an adapter's; `kmip_cert_` and something random when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 2, max_length = 40)]
    pub name: Option<String>,
}

/// A client certificate on an adapter's list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KmipCertificate {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// PEM; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub certificate: Option<String>,
    /// When it was put there.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Who put it there.
    pub created_by: String,
}

impl Resource for KmipCertificate {
    const TYPE: &'static str = "application/vnd.ibm.kms.kmip_client_certificate+json";
}

/// A KMIP object.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KmipObject {
    /// Its unique identifier.
    pub id: String,
    /// KMIP's number of its type: 2 for a symmetric key.
    pub kmip_object_type: u32,
    /// KMIP's number of its state: 1 pre-active to 6 destroyed compromised; 0 where it has none.
    pub state: u32,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The certificate of the client that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub created_by_kmip_client_cert_id: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub updated_at: Option<String>,
    /// The certificate of the client that changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub updated_by_kmip_client_cert_id: Option<String>,
    /// Who changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub updated_by: Option<String>,
    /// When it was destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub destroyed_at: Option<String>,
    /// The certificate of the client that destroyed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub destroyed_by_kmip_client_cert_id: Option<String>,
    /// Who destroyed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub destroyed_by: Option<String>,
    /// Whether its material is still there.
    pub recoverable: bool,
}

impl Resource for KmipObject {
    const TYPE: &'static str = "application/vnd.ibm.kms.kmip_object+json";
}
