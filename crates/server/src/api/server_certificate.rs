//! The server's own certificates.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CertificateFacts, PrivateText, Resource};

/// A certificate of the server.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ServerCertificate {
    /// `RSA` or `ECDSA`: for each there is one that is served.
    pub algorithm: String,
    /// `served`, `staged` (it waits to be activated) or `previous` (it was served before).
    pub state: String,
    /// What it is for: host names and IP addresses.
    pub names: Vec<String>,
    /// SHA-256 of the DER, upper-case hexadecimal with colons, as vCenter shows it.
    pub sha256: String,
    /// SHA-1 of the DER, in the same way: the thumbprint of older vCenters.
    pub sha1: String,
    /// What the certificate says of itself.
    #[serde(flatten)]
    pub facts: CertificateFacts,
    /// Whole days until it expires; negative afterwards.
    pub days_left: i64,
    /// Whether the server's own CA made it.
    pub is_of_own_ca: bool,
    /// Whether it is for the key that is in use now.
    pub is_on_present_key: bool,
    /// The certificate as PEM.
    pub certificate: String,
}

/// Stages a certificate that another CA made.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StageCertificate {
    /// The chain as PEM, the server's own certificate first.
    pub certificate: String,
    /// Its private key as PEM, where it is not the one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<PrivateText>,
}

/// Asks for a certificate signing request.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServerRequest {
    /// `RSA` (when left out) or `ECDSA`: for which of the server's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
}

/// A certificate signing request of the server.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ServerRequest {
    /// `RSA` or `ECDSA`.
    pub algorithm: String,
    /// PKCS#10 as PEM.
    pub csr: String,
}

impl Resource for ServerCertificate {
    const TYPE: &'static str = "application/vnd.keystead.server-certificate+json";
}

impl Resource for ServerRequest {
    const TYPE: &'static str = "application/vnd.keystead.server-request+json";
}
