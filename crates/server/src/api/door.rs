//! Doors: where an adapter's clients come in, and the book of those who came and were on no list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::certificate::{CertificateFacts, Standing, WhenExpired};
use super::{PrivateText, Resource};

/// A certificate that came to a KMIP port and was on no list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Stranger {
    /// SHA-256 of the DER in lower-case hexadecimal.
    pub fingerprint: String,
    /// What the certificate says of itself.
    #[serde(flatten)]
    pub facts: CertificateFacts,
    /// Where it came from last.
    pub address: String,
    /// The identifier of the adapter whose own door it came to; left out: the shared one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<String>,
    /// When it came first.
    pub first: String,
    /// When it came last.
    pub last: String,
    /// How often it came.
    pub count: u64,
}

/// Lets in somebody from the door book: puts the certificate on an adapter's list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowStranger {
    /// The adapter, by name or identifier.
    pub adapter: String,
    /// As when a certificate is put on the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `listed` or `denied`; left out: `listed`.
    #[serde(default)]
    pub standing: Standing,
}

/// So many connections were refused for one reason since the server was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusalCount {
    /// What it is counted under in metrics and alarms.
    pub label: String,
    /// What happened, and what to do.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// An adapter's door.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Door {
    /// The adapter's name.
    pub adapter: String,
    /// Host names of its own: a client that asks for one of them (SNI) at the shared port is taken for one of this adapter's.
    pub names: Vec<String>,
    /// A port of its own.
    pub port: Option<u16>,
    /// The port that all adapters share.
    pub shared_port: u16,
    /// Whether its clients may come by the shared port, too.
    pub shared: bool,
    /// What becomes of clients whose certificates have expired.
    pub expired: WhenExpired,
    /// The user name that each request must bear, with its password; left out: none is demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Whether it is shut because its record is damaged or was changed by somebody else. Set anew, it opens.
    #[serde(default)]
    pub damaged: bool,
}

/// How a door shall be. What is left out is as at first.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDoor {
    /// As in [`Door`].
    #[serde(default)]
    pub names: Vec<String>,
    /// As in [`Door`].
    #[serde(default)]
    pub port: Option<u16>,
    /// As in [`Door`]; `false` needs a name or port.
    #[serde(default = "yes")]
    pub shared: bool,
    /// As in [`Door`].
    #[serde(default)]
    pub expired: WhenExpired,
    /// What each request must bear.
    #[serde(default)]
    pub credential: NewCredential,
}

/// What each request must bear from now on.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum NewCredential {
    /// What it must now.
    #[default]
    Keep,
    /// Nothing.
    None,
    /// A user name of 1 to 64 characters and a password of 8 to 128 bytes.
    Set {
        /// The user name.
        user: String,
        /// The password. It is never given back.
        password: PrivateText,
    },
}

fn yes() -> bool {
    true
}

impl Resource for Stranger {
    const TYPE: &'static str = "application/vnd.keystead.stranger+json";
}

impl Resource for RefusalCount {
    const TYPE: &'static str = "application/vnd.keystead.refusals+json";
}

impl Resource for Door {
    const TYPE: &'static str = "application/vnd.keystead.door+json";
}
