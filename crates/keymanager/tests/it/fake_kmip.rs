//! [`FakeKmip`]: a KMIP service in memory, as the key manager sees it.

use async_trait::async_trait;
use keymanager::{
    Call, Error, KeyManager, KmipCounts, KmipKey, KmipOrder, KmipPage, KmipService, Registration, RewrapBatch,
    RewrapPage,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use store::{Batch, Change, Store};
use uuid::Uuid;

#[derive(Default)]
pub(crate) struct FakeKmip {
    keys: Mutex<BTreeMap<(Uuid, Uuid), KmipKey>>,
    registrations: Mutex<Vec<(Uuid, Registration)>>,
    rewraps: Mutex<Vec<Uuid>>,
    fails: Mutex<bool>,
    store: Option<Arc<dyn Store>>,
}

/// What is at rest of an object's material.
pub(crate) const SEALED: &[u8] = b"sealed by the adapter key";

impl FakeKmip {
    /// One over a key manager. What goes into its batches is lost.
    pub(crate) fn over(manager: &KeyManager) -> Arc<Self> {
        Self::default().serve(manager)
    }

    /// One whose batches go into a store.
    pub(crate) fn over_store(manager: &KeyManager, store: &Arc<dyn Store>) -> Arc<Self> {
        FakeKmip { store: Some(store.clone()), ..FakeKmip::default() }.serve(manager)
    }

    fn serve(self, manager: &KeyManager) -> Arc<Self> {
        let fake = Arc::new(self);
        let service: Arc<dyn KmipService> = fake.clone();
        let service: Weak<dyn KmipService> = Arc::downgrade(&service);
        manager.serve_kmip(service);
        fake
    }

    /// An object of an instance's.
    pub(crate) fn add(&self, instance: Uuid, id: Uuid) -> KmipKey {
        let key = KmipKey {
            id,
            adapter: Uuid::from_u128(0xA),
            created: crate::NOW,
            created_by: "CertificateID-0011".into(),
            updated: Some(crate::later(1)),
            deleted: None,
            deleted_by: None,
            erased: false,
            place: 0,
        };
        self.put(instance, key.clone());
        key
    }

    pub(crate) fn put(&self, instance: Uuid, key: KmipKey) {
        self.keys.lock().insert((instance, key.id), key);
    }

    /// An adapter under a root key.
    pub(crate) fn register(&self, instance: Uuid, key: Uuid, name: &str) {
        let mut all = self.registrations.lock();
        let registration = Registration {
            key,
            adapter: Uuid::from_u128(0xA + all.len() as u128),
            name: name.into(),
            created: crate::NOW,
            created_by: "somebody".into(),
            key_version: Uuid::nil(),
        };
        all.push((instance, registration));
    }

    /// The root keys under which it wrapped again.
    pub(crate) fn rewraps(&self) -> Vec<Uuid> {
        self.rewraps.lock().clone()
    }

    /// From now on wrapping again fails.
    pub(crate) fn fail(&self) {
        *self.fails.lock() = true;
    }

    /// No longer.
    pub(crate) fn mend(&self) {
        *self.fails.lock() = false;
    }

    /// The adapter with this name is under that version from now on.
    pub(crate) fn put_under(&self, name: &str, version: Uuid) {
        let mut all = self.registrations.lock();
        all.iter_mut().filter(|(_, each)| each.name == name).for_each(|(_, each)| each.key_version = version);
    }

    fn page(&self, instance: Uuid, page: KmipPage, asked: impl Fn(&KmipKey) -> bool) -> Vec<KmipKey> {
        let keys = self.keys.lock();
        let mut keys: Vec<_> = keys.iter().filter(|((of, _), _)| *of == instance).map(|(_, key)| key.clone()).collect();
        match page.by {
            KmipOrder::Id { after } => keys.retain(|key| after.is_none_or(|after| key.id > after)),
            KmipOrder::Made { after } => keys.retain(|key| after.is_none_or(|after| key.place > after)),
        }
        keys.retain(asked);
        keys.truncate(page.limit);
        keys
    }

    fn change(&self, call: &Call, id: Uuid, change: impl Fn(&mut KmipKey)) -> Result<KmipKey, Error> {
        let mut keys = self.keys.lock();
        let key = keys.get_mut(&(call.instance, id)).ok_or(Error::NotFound { what: "key", name: id.to_string() })?;
        change(key);
        call.set_recorded();
        Ok(key.clone())
    }
}

#[async_trait]
impl KmipService for FakeKmip {
    async fn get(&self, instance: Uuid, id: Uuid) -> Result<Option<KmipKey>, Error> {
        Ok(self.keys.lock().get(&(instance, id)).cloned())
    }

    async fn list(&self, instance: Uuid, page: KmipPage) -> Result<Vec<KmipKey>, Error> {
        Ok(self.page(instance, page, |_| true))
    }

    async fn list_by_state(&self, instance: Uuid, page: KmipPage, deleted: bool) -> Result<Vec<KmipKey>, Error> {
        Ok(self.page(instance, page, |key| key.deleted.is_some() == deleted))
    }

    async fn count(&self, instance: Uuid) -> Result<KmipCounts, Error> {
        let keys = self.keys.lock();
        let of_it = || keys.iter().filter(|((of, _), _)| *of == instance);
        let deleted = of_it().filter(|(_, key)| key.deleted.is_some()).count() as u64;
        Ok(KmipCounts { live: of_it().count() as u64 - deleted, deleted })
    }

    async fn sealed(&self, instance: Uuid, id: Uuid) -> Result<Option<Vec<u8>>, Error> {
        let keys = self.keys.lock();
        Ok(keys.get(&(instance, id)).filter(|key| !key.erased).map(|_| SEALED.to_vec()))
    }

    async fn delete(&self, call: &Call, id: Uuid) -> Result<KmipKey, Error> {
        self.change(call, id, |key| {
            (key.deleted, key.deleted_by) = (Some(call.now), Some(call.actor.clone()));
        })
    }

    async fn restore(&self, call: &Call, id: Uuid) -> Result<KmipKey, Error> {
        self.change(call, id, |key| (key.deleted, key.deleted_by) = (None, None))
    }

    async fn erase(&self, call: &Call, id: Uuid) -> Result<(), Error> {
        self.change(call, id, |key| key.erased = true).map(drop)
    }

    async fn purge(&self, call: &Call, id: Uuid, also: &[Change]) -> Result<(), Error> {
        self.change(call, id, |_| ())?;
        if let Some(store) = &self.store {
            store.commit(Batch { changes: also.to_vec(), events: Vec::new() }).await?;
        }
        self.keys.lock().remove(&(call.instance, id));
        Ok(())
    }

    async fn bury(&self, call: &Call, id: Uuid, also: &[Change]) -> Result<(), Error> {
        self.purge(call, id, also).await
    }

    fn registrations(&self, instance: Uuid, key: Option<Uuid>) -> Vec<Registration> {
        let all = self.registrations.lock();
        let these = all.iter().filter(|(of, each)| *of == instance && key.is_none_or(|key| each.key == key));
        these.map(|(_, each)| each.clone()).collect()
    }

    async fn rewrap(&self, _: &Call, page: RewrapPage) -> Result<RewrapBatch, Error> {
        if *self.fails.lock() {
            return Err(Error::Busy);
        }
        self.rewraps.lock().push(page.key);
        let mut all = self.registrations.lock();
        let old = |(_, each): &&mut (Uuid, Registration)| {
            each.key == page.key
                && each.key_version != page.newest
                && page.after.is_none_or(|after| each.adapter > after)
        };
        let mut these: Vec<_> = all.iter_mut().filter(old).map(|(_, each)| each).collect();
        these.sort_by_key(|each| each.adapter);
        let more = these.len() > page.most;
        these.truncate(page.most);
        let next = these.last().filter(|_| more).map(|last| last.adapter);
        these.iter_mut().for_each(|each| each.key_version = page.newest);
        Ok(RewrapBatch { failed: Vec::new(), next })
    }
}
