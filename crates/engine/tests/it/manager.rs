//! What the tests ask of the key manager, in one place.

use std::sync::Arc;

use keymanager::{Actor, KeyManager, NewRootKey};
use kmip::Timestamp;
use store::Store;
use uuid::Uuid;
use wrap::Secret;
use wrap::master::MasterKey;
use wrap::primitive::SystemRandom;

use crate::bench::Bench;
use crate::meddler::Meddler;

fn by() -> Actor {
    Actor::new("somebody")
}

/// A key manager over a store.
pub(crate) async fn open(store: &Arc<Meddler>, master: &Secret) -> Arc<KeyManager> {
    let (store, master) = (Arc::clone(store) as Arc<dyn Store>, MasterKey::new(master).unwrap());
    Arc::new(KeyManager::open(store, master, Arc::new(SystemRandom)).await.unwrap())
}

/// A new instance.
pub(crate) async fn instance(manager: &KeyManager, name: &str, now: Timestamp) -> Uuid {
    manager.create_instance(name, &by(), now).await.unwrap().id
}

/// A new root key of an instance.
pub(crate) async fn root_key(manager: &KeyManager, instance: Uuid, name: &str, now: Timestamp) -> Uuid {
    let new = NewRootKey { name: name.into(), description: None, payload: None };
    manager.create_root_key(instance, new, &by(), now).await.unwrap().id
}

/// What can be done to the bench's root key.
impl Bench {
    pub(crate) async fn disable(&self) {
        self.manager.disable(self.instance, self.root_key, &by(), self.now()).await.unwrap();
    }

    pub(crate) async fn enable(&self) {
        self.manager.enable(self.instance, self.root_key, &by(), self.now()).await.unwrap();
    }

    /// Deletes it, whoever needs it.
    pub(crate) async fn delete(&self) {
        let users = ["default".to_owned()];
        self.manager.delete(self.instance, self.root_key, &users, true, &by(), self.now()).await.unwrap();
    }

    pub(crate) async fn restore(&self) {
        self.manager.restore(self.instance, self.root_key, &by(), self.now()).await.unwrap();
    }

    pub(crate) async fn rotate(&self) {
        self.manager.rotate(self.instance, self.root_key, None, &by(), self.now()).await.unwrap();
    }
}
