//! Client certificates: the entries of an adapter's list, and the two ways to have one made.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;

use super::PrivateText;

/// An entry of an adapter's list. The certificate *is* the identity: it is recognised by the SHA-256 of its DER.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// Its identifier, a UUID.
    pub id: String,
    /// Its name, unique within the adapter.
    pub name: String,
    /// SHA-256 of the DER in lower-case hexadecimal.
    pub fingerprint: String,
    /// What the certificate says of itself.
    #[serde(flatten)]
    pub facts: CertificateFacts,
    /// What the entry says of it: the client itself, an authority that vouches for clients, or shut out.
    #[serde(default)]
    pub standing: Standing,
    /// Of an authority: the patterns of the subjects that it may vouch for. None: it may for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Whole days until its validity ends; negative: so many days ago.
    #[serde(default)]
    pub days_left: i64,
    /// Whether its validity has ended.
    #[serde(default)]
    pub expired: bool,
    /// What happens at its end: `served` (the list decides, nothing happens) or `refused`, as the adapter's door says; an authority
    /// that has expired vouches for nobody, and a denied certificate stays denied.
    #[serde(default)]
    pub when_expired: WhenExpired,
    /// When it was put on the list.
    pub created_at: String,
    /// Who put it there.
    pub created_by: String,
    /// The certificate as PEM; left out in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// What an entry of a list says of its certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is a client's.
    #[default]
    Listed,
    /// It is a CA's, which vouches for clients.
    Authority,
    /// It is shut out, even where an authority vouches for it.
    Denied,
}

/// What becomes of a certificate whose validity has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenExpired {
    /// Nothing: its client is served on.
    #[default]
    Served,
    /// It is refused.
    Refused,
}

/// What a certificate says of itself. Nothing of this decides who may connect.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct CertificateFacts {
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// The start of its validity.
    pub not_before: String,
    /// The end of its validity.
    pub not_after: String,
    /// Algorithm and size of its public key, such as `RSA 2048`.
    pub public_key: String,
}

/// Puts certificates on the list: all of them, or none.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    /// 2 to 40 characters of `A-Z a-z 0-9 _ -`, unique within the adapter. Made from the fingerprint when left out. Where there are
    /// several certificates, the second is NAME-2, and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The certificate as PEM, or several.
    pub certificate: String,
    /// What the entry shall say; left out: that it is a client's.
    #[serde(default)]
    pub standing: Standing,
    /// Of an authority: patterns of the subjects that it may vouch for, such as `CN=vcenter*,O=Example`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Of an authority: it may vouch for every subject. Without this there must be patterns.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_subject: bool,
}

/// Has the server make a private key and a certificate, and puts the certificate on the list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueClient {
    /// As in [`NewCertificate`].
    pub name: String,
}

/// What issuing gives. The private key is in this answer and nowhere else: the server keeps none.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct IssuedClient {
    /// The entry of the list, with its PEM.
    #[serde(flatten)]
    pub entry: Certificate,
    /// The private key, PKCS#8 as PEM.
    pub private_key: PrivateText,
    /// The certificate of the server's own CA as PEM.
    pub ca: String,
}

/// Has the server sign a certificate signing request (PKCS#10), and puts the certificate on the list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignCsr {
    /// As in [`NewCertificate`].
    pub name: String,
    /// The request as PEM.
    pub csr: String,
}

/// What signing gives.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignedClient {
    /// The entry of the list, with its PEM.
    #[serde(flatten)]
    pub entry: Certificate,
    /// The certificate of the server's own CA as PEM.
    pub ca: String,
}

impl Resource for Certificate {
    const TYPE: &'static str = "application/vnd.keystead.certificate+json";
}

impl Resource for IssuedClient {
    const TYPE: &'static str = "application/vnd.keystead.client+json";
}

impl Resource for SignedClient {
    const TYPE: &'static str = "application/vnd.keystead.client+json";
}
