//! API keys: who may administer an instance.
//!
//! The invariant: **the secret is shown once and kept nowhere**: a record holds its SHA-256, which also says where the record is.
//! A digest without salt or stretching is enough for 256 random bits.

mod access;

use crate::audit::Target;
use crate::ledger::{place, term};
use crate::{Actor, Error};
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

/// What a principal may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything in its instance.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 1] = [Role::Administrator];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Administrator => "administrator",
        }
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Role::Administrator => 1,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.number() == number)
    }
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identifier, which is no secret.
    pub id: Uuid,
    /// The instance that it is good for.
    pub instance: Uuid,
    /// Its name; names are not unique.
    pub name: String,
    /// What it may do.
    pub role: Role,
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
        vec![of_id(self.id), of_instance(self.instance)]
    }

    fn target(&self) -> Target<'_> {
        Target { instance: self.instance, id: self.id, name: &self.name }
    }

    /// Whom the key lets in, if it does.
    fn principal(&self, now: Timestamp) -> Result<Principal, Denied> {
        if self.revoked.is_some() {
            return Err(Denied::Revoked(self.id));
        }
        if self.expires.is_some_and(|expires| expires <= now) {
            return Err(Denied::Expired(self.id));
        }
        Ok(Principal { instance: self.instance, api_key: self.id, name: self.name.clone(), role: self.role })
    }
}

/// An API key's secret, `keystead_` and 43 characters. It is wiped when dropped and has no Debug.
pub struct ApiKeySecret(Zeroizing<String>);

impl ApiKeySecret {
    fn new(random: &dyn Random) -> Result<Self, Error> {
        let bytes = random_secret(random, SECRET)?;
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + CHARACTERS));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.expose(), &mut text);
        Ok(ApiKeySecret(text))
    }

    fn is_well_formed(text: &str) -> bool {
        text.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == CHARACTERS)
    }

    /// The text to show, once.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Who made a request, once their API key was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The instance that they administer.
    pub instance: Uuid,
    /// The API key's identifier.
    pub api_key: Uuid,
    /// The API key's name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Principal {
    /// As an audit event names them.
    pub fn actor(&self) -> Actor {
        Actor::new(format!("ApiKey-{}", self.api_key))
    }
}

/// Why nobody was found behind a secret. Who asked should hear one answer for the first three.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// There is no such API key.
    #[error("there is no such API key")]
    Unknown,
    /// It was revoked.
    #[error("the API key {0} was revoked")]
    Revoked(Uuid),
    /// Its time is over.
    #[error("the API key {0} is past its expiry date")]
    Expired(Uuid),
    /// It could not be looked up.
    #[error(transparent)]
    Failed(#[from] Error),
}

fn secret_digest(secret: &str) -> [u8; 32] {
    digest(&[b"keystead API key\0", secret.as_bytes()])
}

fn place_id(digest: &[u8; 32]) -> Uuid {
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *digest;
    Uuid::from_bytes(id)
}

fn of_id(id: Uuid) -> Term {
    term("API key id", id.as_bytes())
}

fn of_instance(instance: Uuid) -> Term {
    term("API key instance", instance.as_bytes())
}
