//! Policies of keys and of instances.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Resource;

/// A policy of a key, as it is asked for: exactly one of the two.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewKeyPolicy {
    /// `application/vnd.ibm.kms.policy+json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// How often it rotates by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rotation: Option<RotationPolicy>,
    /// Whether two people are needed to delete it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub dual_auth_delete: Option<DualAuthPolicy>,
}

/// How often a key rotates by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationPolicy {
    /// Whether it does; true when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub enabled: Option<bool>,
    /// Months of 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 12)]
    pub interval_month: Option<u32>,
}

/// Whether two people are needed to delete a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DualAuthPolicy {
    /// Whether they are.
    pub enabled: bool,
}

/// A policy of a key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyPolicy {
    /// `application/vnd.ibm.kms.policy+json`.
    pub r#type: String,
    /// Its identifier.
    pub id: String,
    /// The key's name in the cloud's terms.
    pub crn: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub creation_date: String,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    pub last_update_date: String,
    /// Who changed it.
    pub updated_by: String,
    /// How often the key rotates by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rotation: Option<RotationPolicy>,
    /// Whether two people are needed to delete it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub dual_auth_delete: Option<DualAuthPolicy>,
}

impl Resource for KeyPolicy {
    const TYPE: &'static str = "application/vnd.ibm.kms.policy+json";
}

/// A policy of an instance, as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInstancePolicy {
    /// `dualAuthDelete`, `allowedNetwork`, `allowedIP`, `keyCreateImportAccess`, `metrics` or `rotation`.
    pub policy_type: PolicyType,
    /// What it says.
    pub policy_data: PolicyData,
}

/// Which policy of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum PolicyType {
    /// New keys need two people to be deleted.
    DualAuthDelete,
    /// From where requests may come.
    AllowedNetwork,
    /// From which addresses requests may come.
    #[serde(rename = "allowedIP")]
    AllowedIp,
    /// Which keys may be made.
    KeyCreateImportAccess,
    /// Whether metrics are served.
    Metrics,
    /// How often new root keys rotate.
    Rotation,
}

impl PolicyType {
    /// Every type, with its name.
    pub const ALL: [(PolicyType, &'static str); 6] = [
        (PolicyType::DualAuthDelete, "dualAuthDelete"),
        (PolicyType::AllowedNetwork, "allowedNetwork"),
        (PolicyType::AllowedIp, "allowedIP"),
        (PolicyType::KeyCreateImportAccess, "keyCreateImportAccess"),
        (PolicyType::Metrics, "metrics"),
        (PolicyType::Rotation, "rotation"),
    ];
}

/// What a policy of an instance says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyData {
    /// Whether it counts.
    pub enabled: bool,
    /// Its particulars: needed where it is enabled and has any, and always for `allowedNetwork`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub attributes: Option<PolicyAttributes>,
}

/// The particulars of a policy of an instance; each belongs to one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyAttributes {
    /// `allowedNetwork`: `public-and-private` or `private-only`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub allowed_network: Option<String>,
    /// `allowedIP`: addresses and CIDR blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 1000)]
    pub allowed_ip: Option<Vec<String>>,
    /// `keyCreateImportAccess`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub create_root_key: Option<bool>,
    /// `keyCreateImportAccess`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub create_standard_key: Option<bool>,
    /// `keyCreateImportAccess`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub import_root_key: Option<bool>,
    /// `keyCreateImportAccess`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub import_standard_key: Option<bool>,
    /// `keyCreateImportAccess`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub enforce_token: Option<bool>,
    /// `rotation`: months of 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 12)]
    pub interval_month: Option<u32>,
}

/// A policy of an instance.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct InstancePolicy {
    /// Which.
    pub policy_type: PolicyType,
    /// What it says.
    pub policy_data: PolicyData,
    /// When it was made.
    #[serde(rename = "creationDate")]
    #[schema(format = DateTime)]
    pub creation_date: String,
    /// Who made it.
    #[serde(rename = "createdBy")]
    pub created_by: String,
    /// When it was last changed.
    #[serde(rename = "lastUpdated")]
    #[schema(format = DateTime)]
    pub last_updated: String,
    /// Who changed it.
    #[serde(rename = "updatedBy")]
    pub updated_by: String,
}

impl Resource for InstancePolicy {
    const TYPE: &'static str = "application/vnd.ibm.kms.policy+json";
}

/// The port that requests from allowed addresses come to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AllowedIpPort {
    /// The port.
    pub private_endpoint_port: u16,
}

impl Resource for AllowedIpPort {
    const TYPE: &'static str = "application/vnd.ibm.kms.allowed_ip_metadata+json";
}
