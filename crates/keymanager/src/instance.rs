//! Instances: the tenants of the key manager.

mod policy;

pub use policy::{CreateImportAccess, InstancePolicy, Network, NewInstancePolicy, Rule};

use crate::audit::{Target, success};
use crate::ledger::place;
use crate::{Call, Error, Extent, KeyManager, text};

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
    /// [`Error::Unauthorized`], [`Error::Field`] when the name can't be one, [`Error::Store`].
    pub async fn create_instance(&self, call: &Call, name: &str) -> Result<Instance, Error> {
        if !call.reaches(Extent::Installation) {
            return Err(Error::Unauthorized);
        }
        let instance =
            Instance { id: self.new_id()?, name: text::name(name)?, created: call.now, created_by: call.actor.clone() };
        let target = Target { id: instance.id.to_string(), name: &instance.name };
        let events = vec![success(call, &target)];
        let changes = vec![self.ledger.put(Expect::Absent, &instance)];
        self.commit(call, Batch { changes, events }, false).await?;
        Ok(instance)
    }

    /// The instances that the caller may see, in the order in which they were made.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn instances(&self, call: &Call) -> Result<Vec<Instance>, Error> {
        let stored = self.ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await?;
        let _ = call;
        Ok(stored.into_iter().map(|stored| stored.entry).collect())
    }

    /// An instance, by its identifier or by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] also where the caller may not see it, [`Error::Ambiguous`], [`Error::Damaged`], [`Error::Store`].
    pub async fn instance(&self, call: &Call, which: &str) -> Result<Instance, Error> {
        let _ = (call, which);
        todo!("identity")
    }

    /// Renames an instance.
    ///
    /// # Errors
    /// As [`KeyManager::instance`]; [`Error::Unauthorized`], [`Error::Field`].
    pub async fn rename_instance(&self, call: &Call, which: &str, name: &str) -> Result<Instance, Error> {
        let _ = (call, which, name);
        todo!("identity")
    }

    /// Deletes an instance that holds no key (deleted ones that can still be restored count) and no adapter.
    ///
    /// # Errors
    /// As [`KeyManager::rename_instance`]; [`Error::InstanceInUse`].
    pub async fn delete_instance(&self, call: &Call, which: &str) -> Result<(), Error> {
        let _ = (call, which);
        todo!("identity")
    }
}
