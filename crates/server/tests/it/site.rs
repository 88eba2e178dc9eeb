//! The KMIP port within the test's own process, over a real engine and real sockets, so that lists and doors can be set at will.

use super::client::{Pair, client};
use super::machine::Client;
use super::request::{discover_versions, is_success};
use engine::Engine;
use engine::registry::{Actor, Adapter, Fingerprint, NewAdapter, NewCertificate, NewCredential, NewDoor, Standing};
use keymanager::{Action, Call, KeyManager, NewKey, Timers};
use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use server::clock;
use server::config::{Config, Limits};
use server::kmip::{Book, Destroys, Port, Sightings, listen, serve};
use server::tls::{Live, ServerIdentity};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use store::journal::{Flush, Journal};
use tokio::runtime::Runtime;
use uuid::Uuid;
use wrap::primitive::{Random, SystemRandom, digest, random_secret};
use zeroize::Zeroizing;

/// A served port. It ends with the test.
pub(crate) struct Site {
    pub(crate) engine: Arc<Engine>,
    pub(crate) book: Arc<Book>,
    pub(crate) sightings: Arc<Sightings>,
    /// The shared port.
    pub(crate) address: SocketAddr,
    instance: Uuid,
    root_key: Uuid,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Limits)) -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut limits = Config::new("x".into()).limits;
        change(&mut limits);
        let (engine, instance, root_key) = runtime.block_on(engine(folder.path()));
        let (book, sightings) = (Arc::<Book>::default(), Arc::<Sightings>::default());
        let tls = Arc::new(Live::new(&identity()).unwrap());
        let destroys = Arc::new(Destroys::new(limits.destroys_per_hour, Arc::default()));
        let port = Port {
            engine: engine.clone(),
            tls,
            limits,
            proxies: Vec::new(),
            refusals: Arc::default(),
            metrics: Arc::default(),
            book: book.clone(),
            sightings: sightings.clone(),
            destroys,
            now: clock::now,
        };
        let address = runtime.block_on(async {
            let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(serve(listener, port, std::future::pending()));
            address
        });
        Site { engine, book, sightings, address, instance, root_key, runtime, _folder: folder }
    }

    pub(crate) fn adapter(&self, name: &str) -> Adapter {
        let new =
            NewAdapter { instance: self.instance, name: Some(name.into()), description: None, root_key: self.root_key };
        self.runtime.block_on(self.engine.registry().create_adapter(new, &by(), clock::now())).unwrap()
    }

    /// Puts a certificate on an adapter's list, and gives the entry's name.
    pub(crate) fn enter(&self, adapter: &Adapter, der: &[u8], standing: Standing) -> String {
        let new = NewCertificate { adapter: adapter.id, name: None, der: der.to_vec(), standing };
        self.runtime.block_on(self.engine.registry().add_certificate(new, &by(), clock::now())).unwrap().name
    }

    pub(crate) fn remove(&self, adapter: &Adapter, der: &[u8]) {
        let which = self.engine.registry().certificate(adapter.id, &Fingerprint::of(der).to_string()).unwrap();
        self.runtime.block_on(self.engine.registry().remove_certificate(&which, &by(), clock::now())).unwrap();
    }

    /// Has an adapter's door be as it was made, but for a change.
    pub(crate) fn set_door(&self, adapter: &Adapter, change: impl FnOnce(&mut NewDoor)) {
        let (names, port, shared) = (Vec::new(), None, true);
        let expired = engine::registry::Expired::Served;
        let mut door = NewDoor { names, port, shared, expired, credential: NewCredential::None };
        change(&mut door);
        self.runtime.block_on(self.engine.registry().set_door(adapter, door, &by(), clock::now())).unwrap();
    }

    /// The adapter as it is now.
    pub(crate) fn current(&self, adapter: &Adapter) -> Arc<Adapter> {
        self.engine.registry().adapter(self.instance, &adapter.name).unwrap()
    }

    /// A connection to the shared port.
    pub(crate) fn connect(&self, key: CertifiedKey) -> Client {
        Client::new(self.address, client(&TLS13, Some(key)))
    }

    pub(crate) fn check(&self, what: &str, key: CertifiedKey, served: bool) {
        check(what, self.connect(key), served);
    }
}

/// Whether a client gets answers, or none.
pub(crate) fn check(what: &str, mut client: Client, served: bool) {
    let answer = client.ask(&discover_versions());
    match (served, answer) {
        (true, Ok(answer)) => assert!(is_success(&answer), "{what}"),
        (true, Err(error)) => panic!("{what}: not served: {error}"),
        (false, Ok(_)) => panic!("{what}: it is served"),
        (false, Err(_)) => client.check_closed(),
    }
}

/// A port that nobody listens at.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn by() -> Actor {
    Actor::new("test")
}

async fn engine(folder: &std::path::Path) -> (Arc<Engine>, Uuid, Uuid) {
    let store = store::open("memory:").await.unwrap();
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let master = wrap::master::MasterKey::new(&random_secret(&SystemRandom, 32).unwrap()).unwrap();
    let keys = Arc::new(wrap::keys::Keys::unfiled(&master, random.clone()).unwrap());
    let keys = KeyManager::open(store.clone(), keys, random.clone(), Timers::default()).await.unwrap();
    let keys = Arc::new(keys);
    let call = Call::internal(Uuid::nil(), Action::CreateInstance, "test", clock::now());
    let instance = keys.create_instance(&call, "i").await.unwrap().id;
    let call = Call::internal(instance, Action::CreateKey, "test", clock::now());
    let root_key = keys.create_key(&call, NewKey::named("main", false)).await.unwrap().id;
    let journal = Journal::open(&folder.join("journal"), [0; 16], digest, Flush::Soon).unwrap();
    let parts = engine::Parts { store, wrapper: keys, random, journal: Arc::new(journal) };
    (Arc::new(Engine::open(parts).await.unwrap()), instance, root_key)
}

fn identity() -> ServerIdentity {
    let pair = Pair::new(&PKCS_ECDSA_P256_SHA256, |_| ());
    let chain = server::pki::to_pem("CERTIFICATE", &pair.certificate);
    let key = Zeroizing::new(pair.key.serialize_pem().into_bytes());
    ServerIdentity::from_pem(chain.as_bytes(), key).unwrap()
}
