//! The engine as the key manager sees it: its objects as standard keys, its adapters as registrations on root keys.
//!
//! The invariant: **nothing is decided here**: whether and when is the key manager's, how is the engine's.

use std::sync::Arc;

use crate::kmip::Destroys;
use crate::metrics::Metrics;
use async_trait::async_trait;
use engine::Engine;
use engine::registry::{Actor, Adapter, Rewrap};
use engine::standard_key::{StandardKey, StandardKeyPage, Which};
use keymanager::{
    Call, Error, KmipCounts, KmipKey, KmipOrder, KmipPage, KmipService, Registration, RewrapBatch, RewrapPage,
};
use store::{Change, Order};
use tokio::time::{Duration, Instant};
use uuid::Uuid;
use wrap::KeyRef;

/// After a batch of adapters whose keys were wrapped anew comes a pause of so many times its length,
const PAUSES: u32 = 7;
/// and of this at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The engine, for the key manager.
pub struct Kmip {
    engine: Arc<Engine>,
    told: Option<Told>,
}

/// Who hears of what is done.
pub struct Told {
    /// The installation's numbers.
    pub metrics: Arc<Metrics>,
    /// Who destroys keys.
    pub destroys: Arc<Destroys>,
}

impl Kmip {
    /// This engine.
    pub fn new(engine: Arc<Engine>, told: Option<Told>) -> Self {
        Kmip { engine, told }
    }
}

#[async_trait]
impl KmipService for Kmip {
    async fn get(&self, instance: Uuid, id: Uuid) -> Result<Option<KmipKey>, Error> {
        let key = self.engine.standard_key(instance, id).await.map_err(|error| told(error, id))?;
        Ok(key.filter(|key| !key.purged).map(|key| shown(0, key)))
    }

    async fn list(&self, instance: Uuid, page: KmipPage) -> Result<Vec<KmipKey>, Error> {
        listed(&self.engine, instance, page, Which::All).await
    }

    async fn list_by_state(&self, instance: Uuid, page: KmipPage, deleted: bool) -> Result<Vec<KmipKey>, Error> {
        listed(&self.engine, instance, page, if deleted { Which::Deleted } else { Which::Live }).await
    }

    async fn count(&self, instance: Uuid) -> Result<KmipCounts, Error> {
        let counts = self.engine.count_standard_keys(instance).await.map_err(|error| told(error, instance))?;
        Ok(KmipCounts { live: counts.live, deleted: counts.deleted })
    }

    async fn sealed(&self, instance: Uuid, id: Uuid) -> Result<Option<Vec<u8>>, Error> {
        self.engine.sealed_material(instance, id).await.map_err(|error| told(error, id))
    }

    async fn delete(&self, call: &Call, id: Uuid) -> Result<KmipKey, Error> {
        let key = self.engine.delete_standard_key(call.instance, id, &actor(call), call.now).await;
        let deleted = changed(call, id, key)?;
        self.told.iter().for_each(|told| told.destroys.by_call(call));
        Ok(deleted)
    }

    async fn restore(&self, call: &Call, id: Uuid) -> Result<KmipKey, Error> {
        let key = self.engine.restore_standard_key(call.instance, id, &actor(call), call.now).await;
        changed(call, id, key)
    }

    async fn erase(&self, call: &Call, id: Uuid) -> Result<(), Error> {
        let key = self.engine.erase_standard_key(call.instance, id, &actor(call), call.now).await;
        changed(call, id, key).map(drop)
    }

    async fn purge(&self, call: &Call, id: Uuid, also: &[Change]) -> Result<(), Error> {
        let key = self.engine.purge_standard_key(call.instance, id, &actor(call), call.now, also).await;
        changed(call, id, key).map(drop)
    }

    async fn bury(&self, call: &Call, id: Uuid, also: &[Change]) -> Result<(), Error> {
        let buried = self.engine.bury_standard_key(call.instance, id, &actor(call), call.now, also).await;
        buried.map_err(|error| told(error, id))
    }

    fn registrations(&self, instance: Uuid, key: Option<Uuid>) -> Vec<Registration> {
        let registry = self.engine.registry();
        let adapters = match key {
            Some(key) => registry.adapters_under(KeyRef { instance, key }),
            None => registry.adapters(instance),
        };
        adapters.iter().map(|adapter| registration(adapter)).collect()
    }

    async fn rewrap(&self, call: &Call, page: RewrapPage) -> Result<RewrapBatch, Error> {
        let RewrapPage { key, newest, after, most } = page;
        let which = Rewrap { root_key: KeyRef { instance: call.instance, key }, newest, after, most };
        let begun = Instant::now();
        let batch =
            self.engine.registry().rewrap(which, &actor(call), call.now).await.map_err(|error| told(error, key))?;
        self.told.iter().for_each(|told| told.metrics.parts.rewrapped(batch.done, batch.failed.len()));
        if batch.next.is_some() {
            // The greater part of the time is the clients'.
            tokio::time::sleep((begun.elapsed() * PAUSES).min(LONGEST_PAUSE)).await;
        }
        Ok(RewrapBatch { failed: batch.failed, next: batch.next })
    }

    async fn settled(&self) {
        self.engine.registry().settled().await;
    }
}

async fn listed(engine: &Engine, instance: Uuid, page: KmipPage, which: Which) -> Result<Vec<KmipKey>, Error> {
    let order = match page.by {
        KmipOrder::Id { after } => Order::Id { after: after.map(Uuid::into_bytes) },
        KmipOrder::Made { after } => Order::Made { after },
    };
    let page = StandardKeyPage { which, order, descending: page.descending, limit: page.limit };
    let keys = engine.standard_keys(instance, &page).await.map_err(|error| told(error, instance))?;
    Ok(keys.into_iter().map(|(place, key)| shown(place, key)).collect())
}

/// Whom the engine's events name.
pub fn actor(call: &Call) -> Actor {
    Actor { address: call.origin.address, correlation: call.origin.correlation.clone(), ..Actor::new(&call.actor) }
}

fn changed(call: &Call, id: Uuid, key: Result<StandardKey, engine::manage::Error>) -> Result<KmipKey, Error> {
    let key = key.map_err(|error| told(error, id))?;
    call.set_recorded();
    Ok(shown(0, key))
}

fn shown(place: u64, key: StandardKey) -> KmipKey {
    KmipKey {
        id: key.id,
        adapter: key.adapter,
        created: key.created,
        created_by: key.created_by,
        updated: key.updated,
        deleted: key.deleted.as_ref().map(|deletion| deletion.at),
        deleted_by: key.deleted.map(|deletion| deletion.by),
        erased: key.erased,
        place,
    }
}

fn registration(adapter: &Adapter) -> Registration {
    Registration {
        key: adapter.root_key().key,
        adapter: adapter.id,
        name: adapter.name.clone(),
        created: adapter.created_at,
        created_by: adapter.created_by.clone(),
        key_version: adapter.key.wrapped.key_version,
    }
}

/// The engine's errors in the key manager's words.
fn told(error: engine::manage::Error, id: Uuid) -> Error {
    use engine::error::{Fault, Refusal as Refused};
    use engine::manage::Error as E;
    use engine::standard_key::Refusal;
    match error {
        E::NotFound(what) => Error::NotFound { what, name: id.to_string() },
        E::StandardKey(id, Refusal::NotDeleted) => Error::NotDeleted(id),
        E::StandardKey(id, Refusal::Deleted) => Error::Deleted(id),
        E::StandardKey(id, Refusal::Erased) => Error::RestoreExpired(id),
        E::StandardKey(id, Refusal::Purged) => Error::NotFound { what: "key", name: id.to_string() },
        E::Refused(Refused::RootKey) => Error::RootKeyUnusable,
        E::Refused(_) => Error::Busy,
        E::Failed(Fault::Store(error)) => Error::Store(error),
        E::Failed(Fault::Wrap(error)) => Error::Crypto(error),
        E::Failed(Fault::Damaged(_) | Fault::Record(..) | Fault::Audit(_)) => {
            Error::Damaged { what: "KMIP object", id }
        }
        E::Name(_)
        | E::Description
        | E::NameTaken(_)
        | E::Listed(_)
        | E::Twice(..)
        | E::Patterns
        | E::Door(_)
        | E::DoorTaken(_)
        | E::Limit(_)
        | E::InUse(_)
        | E::Active(_)
        | E::Quarantine(..) => Error::Unknown,
    }
}
