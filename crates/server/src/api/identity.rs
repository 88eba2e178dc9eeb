//! Instances, service IDs, API keys, grants, authorizations and roles: who may do what, and where.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{PrivateText, Resource};

macro_rules! resources {
    ($($type:ident $name:literal,)*) => {
        $(impl Resource for $type {
            const TYPE: &'static str = concat!("application/vnd.keystead.", $name, "+json");
        })*
    };
}

resources! {
    Instance "instance",
    ServiceId "service_id",
    ApiKey "api_key",
    Grant "grant",
    Authorization "authorization",
    Role "role",
}

/// An instance: a tenant of the key manager.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// Its identifier, which the header `Bluemix-Instance` takes.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
}

/// What makes or renames an instance.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInstance {
    /// 1 to 90 characters.
    #[schema(min_length = 1, max_length = 90)]
    pub name: String,
}

/// A service ID: what programs and people are to the server.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ServiceId {
    /// Its identifier.
    #[schema(format = "uuid")]
    pub id: String,
    /// What `createdBy` and audit events call it.
    pub iam_id: String,
    /// Its name.
    pub name: String,
    /// What it is for; empty when nothing was said.
    pub description: String,
    /// The instance whose administrators look after it; none: the installation's.
    #[schema(format = "uuid")]
    pub owner: Option<String>,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
}

/// What makes a service ID.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceId {
    /// 1 to 90 characters.
    #[schema(min_length = 1, max_length = 90)]
    pub name: String,
    /// At most 240 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 240)]
    pub description: Option<String>,
}

/// An API key of a service ID.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    /// Its identifier, which is no secret.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for; empty when nothing was said.
    pub description: String,
    /// The secret: shown once, when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub apikey: Option<PrivateText>,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
    /// When it ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub expires_at: Option<String>,
    /// When it was revoked, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date-time")]
    pub revoked_at: Option<String>,
}

/// What makes an API key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// 1 to 90 characters.
    #[schema(min_length = 1, max_length = 90)]
    pub name: String,
    /// At most 240 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 240)]
    pub description: Option<String>,
    /// When it ends (RFC 3339); never when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub expires_at: Option<String>,
    /// The instance that its holder means where a request names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    pub instance: Option<String>,
}

/// Roles of a service ID on an instance, a key ring or a key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// Its identifier.
    #[schema(format = "uuid")]
    pub id: String,
    /// The roles.
    pub roles: Vec<String>,
    /// On which instance; none: every one.
    #[schema(format = "uuid")]
    pub instance: Option<String>,
    /// On which key ring only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key_ring: Option<String>,
    /// On which key only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uuid")]
    pub key: Option<String>,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
}

/// What makes a grant.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// One role or more, by name.
    #[schema(min_items = 1)]
    pub roles: Vec<String>,
    /// On which instance. Left out by an administrator of one instance: that one; by the installation's: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    pub instance: Option<String>,
    /// On which key ring only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ring: Option<String>,
    /// On which key only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    pub key: Option<String>,
}

/// What the managers of one instance's KMIP service may do in another instance.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Authorization {
    /// Its identifier.
    #[schema(format = "uuid")]
    pub id: String,
    /// The instance whose managers get the roles.
    #[schema(format = "uuid")]
    pub source: String,
    /// The instance that they get them on.
    #[schema(format = "uuid")]
    pub target: String,
    /// The roles.
    pub roles: Vec<String>,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
}

/// What makes an authorization on the instance that the request names.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAuthorization {
    /// The instance whose managers get the roles.
    #[schema(format = "uuid")]
    pub source: String,
    /// `Viewer`, `VMware KMIP Manager`, or both.
    #[schema(min_items = 1)]
    pub roles: Vec<String>,
}

/// A role, and what it may do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The actions that it has, by their names in audit events.
    pub actions: Vec<String>,
}
