//! [`ListedKmip`]: KMIP objects in a vector, in every order that the key manager may ask for, and how many of them it took.

use async_trait::async_trait;
use keymanager::{
    Call, Error, KeyManager, KmipCounts, KmipKey, KmipOrder, KmipPage, KmipService, Registration, RewrapBatch,
    RewrapPage,
};
use kmip::Timestamp;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use store::Change;
use uuid::Uuid;

#[derive(Default)]
pub(crate) struct ListedKmip {
    keys: Mutex<Vec<(Uuid, KmipKey)>>,
    taken: AtomicUsize,
}

impl ListedKmip {
    pub(crate) fn over(manager: &KeyManager) -> Arc<Self> {
        let kmip = Arc::new(ListedKmip::default());
        let service: Arc<dyn KmipService> = kmip.clone();
        let service: Weak<dyn KmipService> = Arc::downgrade(&service);
        manager.serve_kmip(service);
        kmip
    }

    pub(crate) fn add(&self, instance: Uuid, id: Uuid, created: Timestamp, deleted: Option<Timestamp>) -> KmipKey {
        let mut keys = self.keys.lock();
        let key = KmipKey {
            id,
            adapter: Uuid::from_u128(0xA),
            created,
            created_by: "CertificateID-0011".into(),
            updated: deleted,
            deleted,
            deleted_by: deleted.map(|_| "somebody".into()),
            erased: false,
            place: keys.len() as u64 + 1,
        };
        keys.push((instance, key.clone()));
        key
    }

    /// How many keys were given out since the last time.
    pub(crate) fn taken(&self) -> usize {
        self.taken.swap(0, Ordering::SeqCst)
    }

    fn page(&self, instance: Uuid, page: KmipPage, asked: impl Fn(&KmipKey) -> bool) -> Vec<KmipKey> {
        let all = self.keys.lock();
        let follows = |follows: bool, precedes: bool| if page.descending { precedes } else { follows };
        let is_left = |key: &KmipKey| match page.by {
            KmipOrder::Id { after } => after.is_none_or(|after| follows(key.id > after, key.id < after)),
            KmipOrder::Made { after } => after.is_none_or(|after| follows(key.place > after, key.place < after)),
        };
        let mut keys: Vec<&KmipKey> =
            all.iter().filter(|(of, key)| *of == instance && asked(key) && is_left(key)).map(|(_, key)| key).collect();
        match page.by {
            KmipOrder::Id { .. } => keys.sort_by_key(|key| key.id),
            KmipOrder::Made { .. } => keys.sort_by_key(|key| key.place),
        }
        if page.descending {
            keys.reverse();
        }
        keys.truncate(page.limit);
        let keys: Vec<KmipKey> = keys.into_iter().cloned().collect();
        self.taken.fetch_add(keys.len(), Ordering::SeqCst);
        keys
    }
}

#[async_trait]
impl KmipService for ListedKmip {
    async fn get(&self, instance: Uuid, id: Uuid) -> Result<Option<KmipKey>, Error> {
        let keys = self.keys.lock();
        Ok(keys.iter().find(|(of, key)| (*of, key.id) == (instance, id)).map(|(_, key)| key.clone()))
    }

    async fn list(&self, instance: Uuid, page: KmipPage) -> Result<Vec<KmipKey>, Error> {
        Ok(self.page(instance, page, |_| true))
    }

    async fn list_by_state(&self, instance: Uuid, page: KmipPage, deleted: bool) -> Result<Vec<KmipKey>, Error> {
        Ok(self.page(instance, page, |key| key.deleted.is_some() == deleted))
    }

    async fn count(&self, instance: Uuid) -> Result<KmipCounts, Error> {
        let keys = self.keys.lock();
        let of = || keys.iter().filter(|(of, _)| *of == instance);
        let deleted = of().filter(|(_, key)| key.deleted.is_some()).count() as u64;
        Ok(KmipCounts { live: of().count() as u64 - deleted, deleted })
    }

    async fn sealed(&self, _: Uuid, _: Uuid) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    async fn delete(&self, _: &Call, _: Uuid) -> Result<KmipKey, Error> {
        Err(Error::Busy)
    }

    async fn restore(&self, _: &Call, _: Uuid) -> Result<KmipKey, Error> {
        Err(Error::Busy)
    }

    async fn erase(&self, _: &Call, _: Uuid) -> Result<(), Error> {
        Err(Error::Busy)
    }

    async fn purge(&self, _: &Call, _: Uuid, _: &[Change]) -> Result<(), Error> {
        Err(Error::Busy)
    }

    async fn bury(&self, _: &Call, _: Uuid, _: &[Change]) -> Result<(), Error> {
        Err(Error::Busy)
    }

    fn registrations(&self, _: Uuid, _: Option<Uuid>) -> Vec<Registration> {
        Vec::new()
    }

    async fn rewrap(&self, _: &Call, _: RewrapPage) -> Result<RewrapBatch, Error> {
        Ok(RewrapBatch::default())
    }
}
