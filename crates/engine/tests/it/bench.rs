//! [`Bench`]: an engine over a real store, key manager and journal, with a clock that stands until it is moved.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use engine::exchange::Reply;
use engine::origin::Origin;
use engine::registry::{Actor, Adapter, Client, NewAdapter, NewCertificate, Standing};
use engine::{Engine, Parts};
use keymanager::KeyManager;
use kmip::{Timestamp, Value, Version};
use store::Store;
use store::journal::{Flush, Journal};
use tempfile::TempDir;
use uuid::Uuid;
use wrap::Secret;
use wrap::primitive::{SystemRandom, random_secret};

use crate::ask::{self, Answer, answers, create, id, message, unique};
use crate::manager;
use crate::meddler::Meddler;

/// When every test begins.
pub(crate) const NOW: i64 = 1_767_323_045;
/// Where requests come from.
pub(crate) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// An engine, and all that it is made of.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) manager: Arc<KeyManager>,
    pub(crate) store: Arc<Meddler>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) instance: Uuid,
    pub(crate) root_key: Uuid,
    /// The adapter `default` and a client of it.
    pub(crate) client: Client,
    clock: AtomicI64,
    master: Secret,
    folder: TempDir,
}

/// The administrator.
pub(crate) fn by() -> Actor {
    Actor::new("somebody")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

impl Bench {
    /// Over a store in memory.
    pub(crate) async fn new() -> Bench {
        Bench::over("memory:".to_owned(), tempfile::tempdir().unwrap()).await
    }

    /// Over a database on disk.
    pub(crate) async fn on_disk() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        Bench::over(format!("sqlite:{}", folder.path().join("data").display()), folder).await
    }

    async fn over(address: String, folder: TempDir) -> Bench {
        let store = Arc::new(Meddler::new(store::open(&address).await.unwrap()));
        let master = random_secret(&SystemRandom, 32).unwrap();
        let manager = manager::open(&store, &master).await;
        let instance = manager::instance(&manager, "tenant", at(NOW)).await;
        let root_key = manager::root_key(&manager, instance, "crk", at(NOW)).await;
        let journal = journal(&folder);
        let engine = engine(&store, &manager, &journal).await.unwrap();
        let clock = AtomicI64::new(NOW * 1000);
        let client = admitted(&engine, instance, root_key, "default").await;
        Bench { engine, manager, store, journal, instance, root_key, client, clock, master, folder }
    }

    /// The same again after a stop: everything that was in memory is gone.
    pub(crate) async fn restarted(self) -> Bench {
        let Bench { store, journal, instance, root_key, client, clock, master, folder, engine, manager } = self;
        let fingerprint = client.certificate().fingerprint;
        drop((engine, manager, client, journal));
        store.close().await.unwrap();
        drop(store);
        let address = format!("sqlite:{}", folder.path().join("data").display());
        let store = Arc::new(Meddler::new(store::open(&address).await.unwrap()));
        let manager = manager::open(&store, &master).await;
        let journal = self::journal(&folder);
        let engine = self::engine(&store, &manager, &journal).await.unwrap();
        let client = engine.registry().admit(&fingerprint).unwrap();
        Bench { engine, manager, store, journal, instance, root_key, client, clock, master, folder }
    }

    /// Another engine over the same store, with nothing in memory, if one can be had.
    pub(crate) async fn second_engine(&self) -> Option<Engine> {
        engine(&self.store, &manager::open(&self.store, &self.master).await, &self.journal).await
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// A client of a new adapter under the same root key.
    pub(crate) async fn neighbour(&self, name: &str) -> Client {
        admitted(&self.engine, self.instance, self.root_key, name).await
    }

    /// A client of a new adapter under another root key of the same instance, or of another one.
    pub(crate) async fn stranger(&self, instance: Option<&str>, name: &str) -> Client {
        let instance = match instance {
            Some(name) => manager::instance(&self.manager, name, at(NOW)).await,
            None => self.instance,
        };
        let root_key = manager::root_key(&self.manager, instance, name, at(NOW)).await;
        admitted(&self.engine, instance, root_key, name).await
    }

    /// One more client of an adapter.
    pub(crate) async fn client_of(&self, adapter: &Adapter, name: &str) -> Client {
        listed(&self.engine, adapter, name).await
    }

    /// Sends a frame.
    pub(crate) async fn send(&self, client: &Client, frame: &[u8]) -> Reply {
        self.send_from(HOME, client, frame).await
    }

    /// Sends a frame from an address.
    pub(crate) async fn send_from(&self, address: IpAddr, client: &Client, frame: &[u8]) -> Reply {
        self.engine.handle(&Origin::Client { client, address }, frame, self.now()).await
    }

    /// One operation as a client.
    pub(crate) async fn ask_as(&self, client: &Client, version: Version, operation: &str, payload: &str) -> Answer {
        let reply = self.send(client, &message(version, &[(operation, payload)])).await;
        assert!(!reply.close);
        answers(&reply.bytes, version).remove(0)
    }

    /// One operation at another engine, of the client that it has under the same certificate, if it admits one.
    pub(crate) async fn ask_at(
        &self,
        engine: &Engine,
        client: &Client,
        operation: &str,
        payload: &str,
    ) -> Option<Answer> {
        let client = engine.registry().admit(&client.certificate().fingerprint)?;
        let origin = Origin::Client { client: &client, address: HOME };
        let reply = engine.handle(&origin, &message(Version::V1_4, &[(operation, payload)]), self.now()).await;
        Some(answers(&reply.bytes, Version::V1_4).remove(0))
    }

    /// One operation in KMIP 1.4.
    pub(crate) async fn ask(&self, operation: &str, payload: &str) -> Answer {
        self.ask_as(&self.client, Version::V1_4, operation, payload).await
    }

    /// One operation that must succeed.
    pub(crate) async fn done(&self, operation: &str, payload: &str) -> Value {
        let answer = self.ask(operation, payload).await;
        answer.unwrap_or_else(|refused| panic!("{operation}: {refused:?}\n{payload}"))
    }

    /// A batch in KMIP 1.4.
    pub(crate) async fn batch(&self, items: &[ask::Asked<'_>]) -> Vec<Answer> {
        answers(&self.send(&self.client, &message(Version::V1_4, items)).await.bytes, Version::V1_4)
    }

    /// A new AES key with these attributes.
    pub(crate) async fn key(&self, attributes: &[String]) -> String {
        id(&self.done("Create", &create(attributes)).await)
    }

    /// The bytes of a key.
    pub(crate) async fn material(&self, id: &str) -> Vec<u8> {
        ask::material(&self.done("Get", &unique(id)).await).unwrap()
    }

    /// What the journal holds, whose bodies are JSON.
    pub(crate) fn journaled(&self) -> Vec<serde_json::Value> {
        let records = store::journal::read(&self.folder.path().join("journal"), wrap::primitive::digest).unwrap();
        records.map(|body| serde_json::from_slice(&body.unwrap()).unwrap()).collect()
    }

    /// The events that were committed with changes.
    pub(crate) async fn committed(&self) -> Vec<serde_json::Value> {
        let events = self.store.events(0, 100_000).await.unwrap();
        events.iter().map(|event| serde_json::from_slice(&event.body).unwrap()).collect()
    }

    /// Has the journal refuse whatever comes: its segment is full, and its folder is gone.
    pub(crate) fn break_journal(&self) {
        let append = |length: usize| self.journal.append(&vec![0; length]);
        std::fs::rename(self.folder.path().join("journal"), self.folder.path().join("gone")).unwrap();
        let mut length = 1 << 20;
        while length > 0 {
            if append(length).is_err() {
                length /= 2;
            }
        }
    }
}

fn journal(folder: &TempDir) -> Arc<Journal> {
    let path = folder.path().join("journal");
    Arc::new(Journal::open(&path, [7; 16], wrap::primitive::digest, Flush::Soon).unwrap())
}

async fn engine(store: &Arc<Meddler>, manager: &Arc<KeyManager>, journal: &Arc<Journal>) -> Option<Engine> {
    let (store, wrapper) = (Arc::clone(store) as Arc<dyn Store>, Arc::clone(manager) as Arc<dyn wrap::Wrapper>);
    let parts = Parts { store, wrapper, random: Arc::new(SystemRandom), journal: Arc::clone(journal) };
    Engine::open(parts).await.ok()
}

async fn admitted(engine: &Engine, instance: Uuid, root_key: Uuid, name: &str) -> Client {
    let new = NewAdapter { instance, name: Some(name.to_owned()), description: None, root_key };
    let adapter = engine.registry().create_adapter(new, &by(), at(NOW)).await.unwrap();
    listed(engine, &adapter, &format!("{name}-client")).await
}

async fn listed(engine: &Engine, adapter: &Adapter, name: &str) -> Client {
    let der = format!("the certificate {name} of {}", adapter.id).into_bytes();
    let new = NewCertificate { adapter: adapter.id, name: Some(name.to_owned()), der, standing: Standing::Listed };
    let entry = engine.registry().add_certificate(new, &by(), at(NOW)).await.unwrap();
    engine.registry().admit(&entry.fingerprint).unwrap()
}
