//! [`Verifier`]: what tells a user name and its password, and gives neither away.
//!
//! The invariant: it is a tag under a key that comes from the adapter's own, so that who reads the records can't test guesses; and it
//! is compared in constant time.

use kmip::object::SecretBytes;
use wrap::Secret;

use super::AdapterKey;

/// The purpose of the key.
pub(super) const CREDENTIAL: &str = "keystead door credential";
/// How many bytes a password may have.
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;

/// The tag over a user name and its password. There is no Debug.
#[derive(Clone)]
pub(crate) struct Verifier([u8; 32]);

impl Verifier {
    /// From a record.
    pub(crate) fn from_record(tag: [u8; 32]) -> Self {
        Verifier(tag)
    }

    /// As it stands in a record.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is of this user name and password.
    pub(crate) fn is_of(&self, user: &str, password: &SecretBytes, key: &AdapterKey) -> bool {
        key.credential.verify(&[user.as_bytes(), password.expose()], &self.0).is_ok()
    }
}

impl AdapterKey {
    /// What tells this user name and password.
    pub(crate) fn verifier(&self, user: &str, password: &Secret) -> Verifier {
        Verifier(self.credential.tag(&[user.as_bytes(), password.expose()]))
    }
}

/// Whether it is a password that a door may have: 8 to 128 bytes of UTF-8, as it must travel as a text.
pub(crate) fn is_password(password: &Secret) -> bool {
    let bytes = password.expose();
    PASSWORD.contains(&bytes.len()) && std::str::from_utf8(bytes).is_ok()
}
