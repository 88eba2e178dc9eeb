//! Aliases: names of which each is one key's only.

use crate::{Call, Error, KeyManager};
use kmip::Timestamp;
use uuid::Uuid;

/// An alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// 2 to 90 of `A-Z a-z 0-9 _ -`, no UUID and none of the words that paths use.
    pub name: String,
    /// The instance that it is unique in.
    pub instance: Uuid,
    /// The key that it names.
    pub key: Uuid,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
}

impl KeyManager {
    /// The key that an alias names, if one has it.
    pub(crate) async fn aliased(&self, instance: Uuid, alias: &str) -> Result<Option<Uuid>, Error> {
        let _ = (instance, alias);
        todo!("rings")
    }

    /// The changes that give a new key its aliases, for the key's own batch; checked, and each must be absent.
    pub(crate) fn new_aliases(&self, call: &Call, key: Uuid, aliases: &[String]) -> Result<Vec<store::Change>, Error> {
        let _ = (call, key, aliases);
        todo!("rings")
    }

    /// Gives a key an alias: 5 a key and 1000 an instance at most.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::Field`], [`Error::Taken`], [`Error::Limit`], [`Error::Deleted`].
    pub async fn create_alias(&self, call: &Call, id_or_alias: &str, alias: &str) -> Result<Alias, Error> {
        let _ = (call, id_or_alias, alias);
        todo!("rings")
    }

    /// Takes an alias from a key.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::NotFound`] when the key has no such alias.
    pub async fn delete_alias(&self, call: &Call, id_or_alias: &str, alias: &str) -> Result<(), Error> {
        let _ = (call, id_or_alias, alias);
        todo!("rings")
    }
}

impl Alias {
    pub(crate) fn place(&self) -> store::Key {
        todo!("rings")
    }

    pub(crate) fn found_by(&self) -> Vec<store::Term> {
        todo!("rings")
    }
}
