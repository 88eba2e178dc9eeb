//! [`House`]: a whole server but for its sockets, and a client of it.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request};
use keymanager::{
    Action, Call, KeyManager, KmipService, NewApiKey, NewGrant, NewKey, NewServiceId, Role, Target, Timers,
};
use kmip::Timestamp;
use serde_json::Value;
use store::Store;
use store::journal::{Flush, Journal};
use tower::ServiceExt;
use uuid::Uuid;
use wrap::primitive::{Random, SystemRandom, digest, random_secret};

use crate::folder::Folder;
use crate::http::attend::Peer;
use crate::http::{Administration, Api, api};
use crate::identity::{Guesses, Tokens};
use crate::kmip_service::{Kmip, Told};
use crate::pki::{Pki, ServerCertificates};
use crate::tls::Live;

/// 2027-01-15T08:00:00Z.
const START: i64 = 1_800_000_000_000;

thread_local! {
    // A test has a thread of its own, and so all that it sets going.
    static NOW: Cell<i64> = const { Cell::new(START) };
}

/// The time in a test: it stands still until [`House::wait`].
fn now() -> Timestamp {
    Timestamp::from_millis(NOW.get())
}

/// A server with an instance, in which are the root key `main` and the adapter `dc1`, and the API key of somebody who is Administrator
/// and Manager of everything.
pub(in crate::http) struct House {
    pub(in crate::http) app: Arc<Administration>,
    pub(in crate::http) store: Arc<dyn Store>,
    /// The instance that is asked about.
    pub(in crate::http) instance: Uuid,
    /// What is shown as bearer.
    pub(in crate::http) api_key: String,
    service: Api<Body>,
    folder: tempfile::TempDir,
}

/// An answer.
pub(in crate::http) struct Reply {
    pub(in crate::http) status: u16,
    pub(in crate::http) headers: HeaderMap,
    pub(in crate::http) body: Value,
}

impl House {
    pub(in crate::http) async fn new() -> Self {
        Self::with(Timers::default()).await
    }

    pub(in crate::http) async fn with(timers: Timers) -> Self {
        Self::over(timers, |_| "memory:".to_owned()).await
    }

    /// One whose store can be backed up.
    pub(in crate::http) async fn on_disk() -> Self {
        Self::over(Timers::default(), |folder| format!("sqlite:{}", folder.join("keystead.db").display())).await
    }

    async fn over(timers: Timers, address: impl Fn(&Path) -> String) -> Self {
        NOW.set(START);
        let folder = tempfile::tempdir().unwrap();
        let store = store::open(&address(folder.path())).await.unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let master = wrap::master::MasterKey::new(&random_secret(&SystemRandom, 32).unwrap()).unwrap();
        let data = Folder::open(&folder.path().join("data")).unwrap();
        let Pki { authority, server } =
            Pki::open(&data, master.seal_key(), &Default::default(), &random, now()).unwrap();
        let data = Arc::new(data);
        let live = Arc::new(Live::new(&server.identity).unwrap());
        let signer = Arc::new(master.seal_key().signing_key("test").unwrap());
        let certificates = Arc::new(ServerCertificates::new(data.clone(), authority.clone(), live, server.names));
        let tokens = Arc::new(Tokens::new(master.seal_key().token_key("test").unwrap()));
        let sealed_keys = Arc::new(wrap::keys::Keys::unfiled(&master, random.clone()).unwrap());
        let keys =
            Arc::new(KeyManager::open(store.clone(), sealed_keys.clone(), random.clone(), timers).await.unwrap());
        let journal = Journal::open(&folder.path().join("data/journal"), [0; 16], digest, Flush::Soon).unwrap();
        let journal = Arc::new(journal);
        let parts = engine::Parts { store: store.clone(), wrapper: keys.clone(), random, journal: journal.clone() };
        let engine = Arc::new(engine::Engine::open(parts).await.unwrap());
        let audit = Arc::new(crate::audit::Audit::new(journal.clone(), data.clone(), signer, Arc::default(), now));
        let guesses = Guesses::new();
        let installation = Arc::new(crate::metrics::Metrics::new(now(), Arc::default()));
        let told = crate::backup::Told { alarms: audit.alarms.clone(), metrics: installation.clone() };
        let (both, place) = ((sealed_keys, keys.clone()), (folder.path().join("backups"), 2));
        let backups = Arc::new(crate::backup::Backups::new(data, store.clone(), both, place, told));
        let (metrics, book, sightings, refusals) = Default::default();
        let (port, now) = (443, now);
        let sources =
            crate::expiry::Sources { engine: engine.clone(), keys: keys.clone(), certificates: certificates.clone() };
        let (data, last) = (folder.path().join("data"), Arc::default());
        let health = crate::health::Health::new(
            (engine.clone(), keys.clone()),
            (store.clone(), journal.clone()),
            data.clone(),
            installation.clone(),
        );
        let alarms = audit.alarms.clone();
        let destroys = Arc::new(crate::kmip::Destroys::new(3, alarms.clone()));
        let told = Told { metrics: installation.clone(), destroys: destroys.clone() };
        let kmip: Arc<dyn KmipService> = Arc::new(Kmip::new(engine.clone(), Some(told)));
        keys.serve_kmip(Arc::downgrade(&kmip));
        let (all, standing) = (installation.clone(), alarms.clone());
        let surveyor = crate::metrics::Surveyor { sources, alarms: standing, metrics: all, data, last };
        let (surveyor, health) = (Arc::new(surveyor), Arc::new(health));
        let app = Administration {
            engine,
            keys,
            kmip,
            authority,
            certificates,
            audit,
            tokens,
            guesses,
            backups,
            alarms,
            destroys,
            metrics,
            installation,
            surveyor,
            health,
            book,
            sightings,
            refusals,
            kmip_port: 5696,
            quarantine_day: 86_400_000,
            port,
            now,
        };
        let app = Arc::new(app);
        let service = api(app.clone());
        let mut house = House { app, store, instance: Uuid::nil(), api_key: String::new(), service, folder };
        house.instance = house.tenant().await;
        house.api_key = house.appoint(&[Role::Administrator, Role::Manager], Target::default()).await;
        house
    }

    /// Makes an instance with a root key and an adapter.
    pub(in crate::http) async fn tenant(&self) -> Uuid {
        let instance = self.app.keys.create_instance(&self.call(Action::CreateInstance), "i").await.unwrap().id;
        let call = Call::internal(instance, Action::CreateKey, "test", now());
        let root_key = self.app.keys.create_key(&call, NewKey::named("main", false)).await.unwrap().id;
        self.adapter(instance, "dc1", root_key).await;
        instance
    }

    pub(in crate::http) async fn adapter(&self, instance: Uuid, name: &str, root_key: Uuid) -> Uuid {
        let new = engine::registry::NewAdapter { instance, name: Some(name.into()), description: None, root_key };
        let by = engine::registry::Actor::new("test");
        self.app.engine.registry().create_adapter(new, &by, now()).await.unwrap().id
    }

    /// Makes a service ID with roles, and gives its API key.
    pub(in crate::http) async fn appoint(&self, roles: &[Role], target: Target) -> String {
        let new = NewServiceId { name: format!("{roles:?}"), description: None };
        let made = self.app.keys.create_service_id(&self.call(Action::CreateServiceId), new).await.unwrap();
        let service_id = made.id.to_string();
        let grant = NewGrant { service_id: service_id.clone(), roles: roles.to_vec(), target };
        self.app.keys.create_grant(&self.call(Action::CreateGrant), grant).await.unwrap();
        let new =
            NewApiKey { service_id, name: "k".into(), description: None, expires: None, home: Some(self.instance) };
        let (_, secret) = self.app.keys.create_api_key(&self.call(Action::CreateApiKey), new).await.unwrap();
        secret.expose().to_owned()
    }

    /// The same, of the whole instance that is asked about.
    pub(in crate::http) async fn appoint_here(&self, roles: &[Role]) -> String {
        self.appoint(roles, Target { instance: Some(self.instance), ..Target::default() }).await
    }

    /// A call on the installation by a part of the server.
    pub(in crate::http) fn call(&self, action: Action) -> Call {
        Call::internal(Uuid::nil(), action, "test", now())
    }

    /// Lets time pass.
    pub(in crate::http) fn wait(&self, seconds: i64) {
        self.wait_ms(seconds * 1000);
    }

    pub(in crate::http) fn wait_ms(&self, milliseconds: i64) {
        NOW.set(NOW.get() + milliseconds);
    }

    pub(in crate::http) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        self.send_over(None, method, path, headers, body).await
    }

    /// The same over a connection.
    pub(in crate::http) async fn send_over(
        &self,
        peer: Option<&Peer>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method.parse::<Method>().unwrap()).uri(path);
        if let Some(peer) = peer {
            request = request.extension(peer.clone());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.service.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let is_text = headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
        let body = match (bytes.is_empty(), is_text) {
            (true, _) => Value::Null,
            (false, true) => Value::from(str::from_utf8(&bytes).unwrap()),
            (false, false) => serde_json::from_slice(&bytes).unwrap(),
        };
        Reply { status, headers, body }
    }

    /// As whoever holds the API key, about the instance, with more headers.
    pub(in crate::http) async fn ask_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let (authorization, instance) = (format!("Bearer {}", self.api_key), self.instance.to_string());
        let own = [("authorization", &*authorization), ("bluemix-instance", &*instance)];
        self.send(method, path, &[&own[..], headers].concat(), body.to_owned()).await
    }

    pub(in crate::http) async fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        self.ask_with(method, path, &[], body).await
    }

    /// Asks, and holds the answer to what is expected: the status, and something that is in it. The first resource.
    pub(in crate::http) async fn check(&self, method: &str, path: &str, body: &str, status: u16, part: &str) -> Value {
        let reply = self.ask(method, path, body).await;
        let text = reply.body.to_string();
        assert_eq!(reply.status, status, "{method} {path} {body}: {text}");
        assert!(text.contains(part), "{method} {path} {body}: `{part}` is not in {text}");
        reply.body["resources"][0].clone()
    }

    /// Every audit event so far: those of changes, then those of the journal.
    pub(in crate::http) async fn events(&self) -> Vec<Value> {
        let changes = self.store.events(0, 10_000).await.unwrap();
        let journal = store::journal::read(&self.folder.path().join("data/journal"), digest).unwrap();
        let all = changes.into_iter().map(|event| event.body.to_vec()).chain(journal.map(Result::unwrap));
        all.map(|event| serde_json::from_slice(&event).unwrap()).collect()
    }
}
