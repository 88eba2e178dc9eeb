//! What the tests ask of the key manager, in one place.

use std::sync::Arc;

use keymanager::{Action, Call, KeyManager, NewKey, Timers};
use kmip::Timestamp;
use store::Store;
use uuid::Uuid;
use wrap::Secret;
use wrap::keys::Keys;
use wrap::master::MasterKey;
use wrap::primitive::SystemRandom;

use crate::bench::Bench;
use crate::meddler::Meddler;

fn call(instance: Uuid, action: Action, now: Timestamp) -> Call {
    Call::internal(instance, action, "somebody", now)
}

/// A key manager over a store, where nothing need wait.
pub(crate) async fn open(store: &Arc<Meddler>, master: &Secret) -> Arc<KeyManager> {
    let (store, master) = (Arc::clone(store) as Arc<dyn Store>, MasterKey::new(master).unwrap());
    let timers = Timers { enable_after: 0, restore_after: 0, ..Timers::default() };
    let keys = Arc::new(Keys::unfiled(&master, Arc::new(SystemRandom)).unwrap());
    Arc::new(KeyManager::open(store, keys, Arc::new(SystemRandom), timers).await.unwrap())
}

/// A new instance.
pub(crate) async fn instance(manager: &KeyManager, name: &str, now: Timestamp) -> Uuid {
    manager.create_instance(&call(Uuid::nil(), Action::CreateInstance, now), name).await.unwrap().id
}

/// A new root key of an instance.
pub(crate) async fn root_key(manager: &KeyManager, instance: Uuid, name: &str, now: Timestamp) -> Uuid {
    manager.create_key(&call(instance, Action::CreateKey, now), NewKey::named(name, false)).await.unwrap().id
}

/// What can be done to the bench's root key.
impl Bench {
    fn about_its_key(&self, action: Action) -> (Call, String) {
        (call(self.instance, action, self.now()), self.root_key.to_string())
    }

    pub(crate) async fn disable(&self) {
        let (call, key) = self.about_its_key(Action::DisableKey);
        self.manager.disable(&call, &key).await.unwrap();
    }

    pub(crate) async fn enable(&self) {
        let (call, key) = self.about_its_key(Action::EnableKey);
        self.manager.enable(&call, &key).await.unwrap();
    }

    /// Deletes it, whoever needs it.
    pub(crate) async fn delete(&self) {
        let (call, key) = self.about_its_key(Action::DeleteKey);
        self.manager.delete_key(&call, &key, true).await.unwrap();
    }

    pub(crate) async fn restore(&self) {
        let (call, key) = self.about_its_key(Action::RestoreKey);
        self.manager.restore(&call, &key).await.unwrap();
    }

    pub(crate) async fn rotate(&self) {
        let (call, key) = self.about_its_key(Action::RotateKey);
        self.manager.rotate(&call, &key, None).await.unwrap();
    }
}
