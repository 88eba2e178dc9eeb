//! Instances: the tenants of the key manager.

use crate::audit::{Occasion, Target, event};
use crate::ledger::place;
use crate::{Actor, Error, KeyManager, text};
use kmip::Timestamp;
use store::{Batch, Expect, Key, Space, Term};
use uuid::Uuid;

/// A key manager instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its identifier.
    pub id: Uuid,
    /// Its name; names are not unique.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
}

impl Instance {
    pub(crate) fn place(&self) -> Key {
        place::<Instance>(Space::INSTALLATION, self.id)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        Vec::new()
    }
}

impl KeyManager {
    /// Makes an instance.
    ///
    /// # Errors
    /// [`Error::Field`] when the name can't be one, [`Error::Store`].
    pub async fn create_instance(&self, name: &str, by: &Actor, now: Timestamp) -> Result<Instance, Error> {
        let instance =
            Instance { id: self.new_id()?, name: text::name(name)?, created: now, created_by: by.id.clone() };
        let target = Target { instance: instance.id, id: instance.id, name: &instance.name };
        let events = vec![event("kms.instances.create", &target, Occasion { by, now })];
        let changes = vec![self.ledger.put(Expect::Absent, &instance)];
        self.ledger.commit(Batch { changes, events }).await?;
        Ok(instance)
    }

    /// All instances, in the order in which they were made.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn instances(&self) -> Result<Vec<Instance>, Error> {
        let stored = self.ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await?;
        Ok(stored.into_iter().map(|stored| stored.entry).collect())
    }

    /// An instance.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Store`].
    pub async fn instance(&self, id: Uuid) -> Result<Instance, Error> {
        let stored = self.ledger.get::<Instance>(Space::INSTALLATION, id).await?;
        stored.map(|stored| stored.entry).ok_or_else(|| Error::NotFound { what: "instance", name: id.to_string() })
    }
}
