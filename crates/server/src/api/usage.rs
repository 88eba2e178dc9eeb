//! Use of keys, and keys in quarantine.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;

/// A key was handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = KeyUse)]
pub struct Use {
    /// When.
    pub at: String,
    /// The name of the client's certificate on the adapter's list, or of the authority that vouched for it.
    pub client: String,
    /// `CertificateID-` and the fingerprint of the client's certificate: SHA-256 of the DER in lower-case hexadecimal.
    pub by: String,
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// What is known of a key's use. What came in the last minute may be lost in a crash; the audit has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = KeyUsage)]
pub struct Usage {
    /// When it was last handed out, to whom, from where. None: never, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Use>,
    /// How often it was handed out. It may lag.
    pub count: u64,
    /// When a client last did anything else with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_at: Option<String>,
    /// What that was: the KMIP operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

/// What becomes of a key at the end of its quarantine, if no client asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// It is destroyed, as by KMIP's Destroy
    #[default]
    Destroy,
    /// It stays in quarantine until somebody decides
    Keep,
}

/// How a quarantine shall be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuarantine {
    /// For so many days: 1 to 3650; 30 when left out.
    #[serde(default = "thirty")]
    pub days: u32,
    /// What then.
    #[serde(default)]
    pub then: Then,
}

fn thirty() -> u32 {
    30
}

/// A key in quarantine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Quarantine {
    /// The key's KMIP unique identifier.
    pub id: String,
    /// The name of its adapter.
    pub adapter: String,
    /// Since when.
    pub since: String,
    /// Until when.
    pub until: String,
    /// What then, unless a client asked for it.
    pub then: Then,
    /// Who put it there.
    pub by: String,
    /// Its state before, which its release puts back.
    pub state_before: String,
    /// The first time that a client asked for it since: it is in use, and is not destroyed until somebody decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Use>,
    /// What is known of its use.
    pub usage: Usage,
}

impl Resource for Quarantine {
    const TYPE: &'static str = "application/vnd.keystead.quarantine+json";
}
