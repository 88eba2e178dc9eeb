//! API keys: what service IDs show.
//!
//! The invariant: **the secret is shown once and kept nowhere**: a record holds its SHA-256, which also says where the record is.
//! A digest without salt or stretching is enough for 256 random bits.

use crate::Error;
use crate::audit::Target;
use crate::ledger::{place, term};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kmip::Timestamp;
use store::{Key, Space, Term};
use uuid::Uuid;
use wrap::primitive::{Random, digest, random_secret};
use zeroize::Zeroizing;

const PREFIX: &str = "keystead_";
const SECRET: usize = 32;
/// The secret's characters: 256 bits in base64url.
const CHARACTERS: usize = 43;

/// Whom an API key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApiKeyKind {
    /// The installation's administrator, as version 0.1 made them at the first start: Administrator and Manager of everything.
    Administrator,
    /// A service ID, with the roles that were granted to it.
    ServiceId,
}

impl ApiKeyKind {
    pub(crate) const ALL: [ApiKeyKind; 2] = [ApiKeyKind::Administrator, ApiKeyKind::ServiceId];

    pub(crate) fn number(self) -> u8 {
        match self {
            ApiKeyKind::Administrator => 1,
            ApiKeyKind::ServiceId => 2,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<ApiKeyKind> {
        ApiKeyKind::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// What makes an API key.
pub struct NewApiKey {
    /// The service ID: its identifier, IAM id or name.
    pub service_id: String,
    /// 1 to 90 characters.
    pub name: String,
    /// Up to 240 characters.
    pub description: Option<String>,
    /// When it ends, if it does: after now.
    pub expires: Option<Timestamp>,
    /// The instance that its holder means where a request names none; the service ID's owner where this is none.
    pub home: Option<Uuid>,
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identifier, which is no secret.
    pub id: Uuid,
    /// The instance that its holder means where a request names none: the nil UUID for none.
    pub instance: Uuid,
    /// Its name; names are not unique.
    pub name: String,
    /// Whom it stands for.
    pub kind: ApiKeyKind,
    /// The service ID.
    pub service_id: Option<Uuid>,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it ends, if it does.
    pub expires: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
    pub(crate) digest: [u8; 32],
}

impl ApiKey {
    pub(crate) fn place(&self) -> Key {
        place::<ApiKey>(Space::INSTALLATION, place_id(&self.digest))
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        let of_service_id = self.service_id.map(of_service_id);
        [of_id(self.id), of_instance(self.instance)].into_iter().chain(of_service_id).collect()
    }

    pub(super) fn event_target(&self) -> Target<'_> {
        Target { id: self.id.to_string(), name: &self.name }
    }
}

/// An API key's secret, `keystead_` and 43 characters. It is wiped when dropped and has no Debug.
pub struct ApiKeySecret(Zeroizing<String>);

impl ApiKeySecret {
    pub(super) fn new(random: &dyn Random) -> Result<Self, Error> {
        let bytes = random_secret(random, SECRET)?;
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + CHARACTERS));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.expose(), &mut text);
        Ok(ApiKeySecret(text))
    }

    pub(super) fn is_well_formed(text: &str) -> bool {
        text.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == CHARACTERS)
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        secret_digest(&self.0)
    }

    /// The text to show, once.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

pub(super) fn secret_digest(secret: &str) -> [u8; 32] {
    digest(&[b"keystead API key\0", secret.as_bytes()])
}

pub(super) fn place_id(digest: &[u8; 32]) -> Uuid {
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *digest;
    Uuid::from_bytes(id)
}

pub(super) fn of_service_id(id: Uuid) -> Term {
    term("API key service ID", id.as_bytes())
}

pub(super) fn of_id(id: Uuid) -> Term {
    term("API key id", id.as_bytes())
}

fn of_instance(instance: Uuid) -> Term {
    term("API key instance", instance.as_bytes())
}
