//! Trust: what an administrator enters in vCenter, and how far the pairing has come on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;
use super::door::{RefusalCount, Stranger};

/// The pairing of an adapter with its clients.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Trust {
    /// The adapter's name.
    pub adapter: String,
    /// The host name or address to enter.
    pub address: String,
    /// The port to enter.
    pub port: u16,
    /// The user name to enter, where one is demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The server's certificates, one for each sort of key; vCenter shows one of them.
    pub server_certificates: Vec<ServerFingerprints>,
    /// The steps, in their order.
    pub steps: Vec<TrustStep>,
    /// Certificates that came and are on no list, as far as the caller may see them; who came last is first.
    pub strangers: Vec<Stranger>,
    /// Connections refused, by reason, as far as the caller may see them.
    pub refusals: Vec<RefusalCount>,
}

/// What vCenter shows of a certificate, so that it can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerFingerprints {
    /// Algorithm and size of its key.
    pub public_key: String,
    /// SHA-256 of the DER in lower-case hexadecimal.
    pub sha256: String,
    /// SHA-1 of the DER in lower-case hexadecimal.
    pub sha1: String,
}

/// A step of the pairing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrustStep {
    /// Which.
    pub step: StepName,
    /// When it was last seen, if it was since the server was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenStep>,
}

/// The steps of a pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// A TCP connection came.
    Tcp,
    /// A TLS handshake was finished.
    Tls,
    /// A client's certificate was admitted.
    Certificate,
    /// A client asked which KMIP versions there are.
    DiscoverVersions,
    /// A client had a key made.
    Create,
}

/// When and how a step was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeenStep {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The client's address.
    pub address: String,
    /// What was seen. May be empty.
    pub detail: String,
}

impl Resource for Trust {
    const TYPE: &'static str = "application/vnd.keystead.trust+json";
}
