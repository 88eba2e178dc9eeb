//! The server's own certificates, and the alarms about certificates that are about to expire.

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

/// What somebody has to look after: a certificate that is about to expire, or has, or something else that stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Alarm {
    /// `server`, `server-staged`, `server-ca`, `client` or `client-ca` for a certificate; `canary` for keys that can't be opened; or
    /// another part's word.
    pub kind: String,
    /// `warning` or `error`.
    pub severity: String,
    /// What, and when, in a sentence.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// A certificate's: whole days until it expires; negative afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// A certificate's: the threshold that it crossed: 90, 30, 14, 7, 1, or 0 once it has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold_days: Option<i64>,
    /// A certificate's: the end of its validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// A certificate's: the subject's distinguished name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A certificate's: SHA-256 of the DER in lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The instance that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The adapter's name, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The entry's name, where it is on a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Resource for ServerCertificate {
    const TYPE: &'static str = "application/vnd.keystead.server-certificate+json";
}

impl Resource for ServerRequest {
    const TYPE: &'static str = "application/vnd.keystead.server-request+json";
}

impl Resource for Alarm {
    const TYPE: &'static str = "application/vnd.keystead.alarm+json";
}
