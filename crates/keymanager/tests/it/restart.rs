//! The same data opened again: with the same master key all is there, with another one nothing is read or written.

use crate::{AAD, CONTENT, call, call_at, keys, later, make, new, of, open, secret, seen, standard, tenant, with};
use keymanager::{Action, Call, Error, KeyManager, NewApiKey, NewServiceId, Timers};
use std::sync::Arc;
use store::{Batch, Change, Key, Kind, Space, Store};
use tempfile::TempDir;
use uuid::Uuid;
use wrap::Wrapper;
use wrap::primitive::SystemRandom;

async fn sqlite(folder: &TempDir) -> Arc<dyn Store> {
    store::open(&format!("sqlite:{}", folder.path().join("data.db").display())).await.unwrap()
}

async fn with_other_master(store: &Arc<dyn Store>) -> Result<KeyManager, Error> {
    KeyManager::open(Arc::clone(store), keys(2), Arc::new(SystemRandom), Timers::default()).await
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let store = sqlite(&folder).await;
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, new("crk")).await;
    let payload = make(&manager, instance, with(standard("payload"), CONTENT)).await;
    let wrapped = manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
    let rotation = call_at(instance, Action::RotateKey, later(1));
    let key = manager.rotate(&rotation, &key.id.to_string(), None).await.unwrap();
    let new_service_id = NewServiceId { name: "admin".into(), description: None };
    let service_id = manager.create_service_id(&call(instance, Action::CreateServiceId), new_service_id).await.unwrap();
    let which = service_id.id.to_string();
    let new_api_key =
        NewApiKey { service_id: which.clone(), name: "first".into(), description: None, expires: None, home: None };
    let (api_key, shown) = manager.create_api_key(&call(instance, Action::CreateApiKey), new_api_key).await.unwrap();
    drop(manager);
    store.close().await.unwrap();

    let manager = open(&sqlite(&folder).await).await;
    assert_eq!(instances(&manager).await, [instance]);
    assert_eq!(seen(&manager, &key, later(1)).await, key);
    let (found, content) =
        manager.key_with_payload(&call(instance, Action::ReadKey), &payload.id.to_string(), None).await.unwrap();
    assert_eq!((found, content.unwrap().expose()), (payload, CONTENT));
    assert_eq!(manager.api_keys(&call(instance, Action::ListApiKeys), &which).await.unwrap(), [api_key]);
    assert!(manager.authenticate(shown.expose(), later(1)).await.is_ok());
    let unwrapped = manager.unwrap(&of(&key), &wrapped, AAD).await.unwrap();
    assert_eq!(unwrapped.plaintext.expose(), CONTENT);
    assert_eq!(unwrapped.rewrapped.unwrap().key_version, key.version);
}

async fn instances(manager: &KeyManager) -> Vec<Uuid> {
    let call: Call = call(Uuid::nil(), Action::ListInstances);
    manager.instances(&call).await.unwrap().into_iter().map(|instance| instance.id).collect()
}

#[tokio::test]
async fn another_master_key_is_refused() {
    let store = crate::memory().await;
    let manager = open(&store).await;
    tenant(&manager).await;
    for _ in 0..2 {
        let error = with_other_master(&store).await.err().expect("refused");
        let Error::MasterKey { expected, found } = &error else { panic!("{error}") };
        assert!(expected.len() == 16 && found.len() == 16 && expected != found, "{error}");
    }
    assert_eq!(instances(&open(&store).await).await.len(), 1, "and nothing was changed");
}

#[tokio::test]
async fn data_without_its_mark_is_refused() {
    let store = crate::memory().await;
    let manager = open(&store).await;
    tenant(&manager).await;
    let key = Key { space: Space::INSTALLATION, kind: Kind(0x10), id: *Uuid::nil().as_bytes() };
    let changes = vec![Change::Delete { key, version: 1 }];
    store.commit(Batch { changes, events: Vec::new() }).await.unwrap();
    let error = with_other_master(&store).await.err().expect("refused");
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

/// Two first starts at once: one makes the mark, and the other one finds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn first_starts_at_once_agree() {
    for _ in 0..20 {
        let store = crate::memory().await;
        let tasks: Vec<_> = (0..4)
            .map(|number: u8| {
                let store = Arc::clone(&store);
                let start = async move {
                    KeyManager::open(store, keys(1 + number % 2), Arc::new(SystemRandom), Timers::default()).await
                };
                tokio::spawn(async move { (number % 2, start.await.is_ok()) })
            })
            .collect();
        let mut accepted = Vec::new();
        for task in tasks {
            let (key, ok) = task.await.unwrap();
            accepted.extend(ok.then_some(key));
        }
        assert_eq!(accepted.len(), 2, "both of one key, none of the other");
        assert_eq!(accepted[0], accepted[1]);
    }
}
