//! Changes of the registry, one at a time, each with its audit events in the same batch.
//!
//! The invariant: nothing changes in memory before it is committed, and what is committed is in force when the call returns.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kmip::Timestamp;
use store::{Batch, Change, Expect};
use uuid::Uuid;
use wrap::KeyRef;

use super::{Actor, Adapter, Registry, door, name, record};
use crate::error::Failure;
use crate::manage::Error;
use crate::origin::{self, Origin};
use crate::seal::WrappedAdapterKey;

/// The most adapters of an instance unless another number is set (Key Protect's limit).
pub(super) const ADAPTERS: usize = 200;
/// IBM's names for what is done here (Key Protect: activity tracking events).
pub(super) const CREATE: &str = "kms.kmip-management.create";
pub(crate) const DELETE: &str = "kms.kmip-management.delete";
/// What it is done to.
pub(crate) const MANAGEMENT: &str = "kms/kmip-management";

/// What makes an adapter.
pub struct NewAdapter {
    /// The instance.
    pub instance: Uuid,
    /// Its name: 2 to 40 of `A-Z a-z 0-9 _ -`, not a UUID. None: `kmip_adapter_<random>`.
    pub name: Option<String>,
    /// What it is for: 2 to 240 characters.
    pub description: Option<String>,
    /// The root key of the same instance that it shall be under.
    pub root_key: Uuid,
}

/// What changes in an adapter, in the words of its event.
pub(super) struct What<'a> {
    pub(super) action: &'a str,
    pub(super) id: Uuid,
    pub(super) name: &'a str,
    pub(super) message: Option<&'a str>,
}

impl<'a> What<'a> {
    pub(super) fn adapter(action: &'a str, adapter: &'a Adapter) -> Self {
        What { action, id: adapter.id, name: &adapter.name, message: None }
    }

    /// Its audit event.
    pub(super) fn event(self, adapter: &Adapter, by: &Actor, now: Timestamp) -> Vec<u8> {
        let What { action, id, name, message } = self;
        let kind = if id == adapter.id { "kmip-adapter" } else { "kmip-client-certificate" };
        let change = origin::Change { action, type_uri: MANAGEMENT, kind, id, name: Some(name), message };
        Origin::Administrator { adapter, by }.changed(&change, now)
    }
}

impl Registry {
    /// Makes an adapter.
    ///
    /// # Errors
    /// A name or description that is not allowed, a name that is taken, too many adapters, a root key that can't be used.
    pub async fn create_adapter(&self, new: NewAdapter, by: &Actor, now: Timestamp) -> Result<Adapter, Error> {
        let _changing = self.changing.lock().await;
        let adapter = self.make_adapter(new, by, now).await?;
        let change = Change::Put {
            key: adapter.place(),
            expect: Expect::Absent,
            body: record::encode_adapter(&adapter),
            terms: Vec::new(),
        };
        self.commit(vec![change], &adapter, What::adapter(CREATE, &adapter), by, now).await?;
        Ok(adapter)
    }

    async fn make_adapter(&self, new: NewAdapter, by: &Actor, now: Timestamp) -> Result<Adapter, Error> {
        let NewAdapter { instance, name, description, root_key } = new;
        let name = name::given_or_random(name, "kmip_adapter", &*self.random)?;
        name::check_description(description.as_deref())?;
        let adapters = self.adapters(instance);
        if adapters.iter().any(|adapter| adapter.name == name) {
            return Err(Error::NameTaken(name));
        }
        if adapters.len() >= self.most_adapters.load(Ordering::Relaxed) {
            return Err(Error::Limit(
                "the instance has as many adapters as the setting limits.adapters_per_instance allows",
            ));
        }
        let id = crate::scope::random_id(&*self.random)?;
        let root_key = KeyRef { instance, key: root_key };
        let (key, _) = WrappedAdapterKey::create(id, root_key, self.keyring.wrapper(), &*self.random).await?;
        let (created_at, created_by, updated_at, updated_by) = (now, by.id.clone(), None, None);
        let (door, version) = (Arc::default(), 1);
        Ok(Adapter {
            id,
            instance,
            name,
            description,
            created_at,
            created_by,
            updated_at,
            updated_by,
            door,
            key,
            version,
        })
    }

    /// Removes an adapter, its allow-list and its door. The caller has made sure that no object needs it.
    pub(crate) async fn remove_adapter(
        &self,
        adapter: &Adapter,
        message: Option<&str>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        let adapter = self.current(adapter.id)?;
        let certificates = self.certificates(adapter.id);
        let mut changes = vec![Change::Delete { key: adapter.place(), version: adapter.version }];
        changes.extend(certificates.iter().map(|entry| Change::Delete { key: entry.place(), version: 1 }));
        if !adapter.door.is_unset() {
            changes.push(Change::Delete { key: door::place(adapter.id), version: adapter.door.version() });
        }
        self.commit(changes, &adapter, What { message, ..What::adapter(DELETE, &adapter) }, by, now).await?;
        self.keyring.forget(adapter.id);
        Ok(())
    }

    pub(super) async fn commit(
        &self,
        changes: Vec<Change>,
        adapter: &Adapter,
        what: What<'_>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let events = vec![what.event(adapter, by, now)];
        self.commit_all(Batch { changes, events }).await
    }

    /// Commits all of it or nothing, and has it in force.
    pub(super) async fn commit_all(&self, batch: Batch) -> Result<(), Error> {
        self.store.commit(batch).await.map_err(Failure::from)?;
        self.reload().await?;
        Ok(())
    }
}
