//! [`Running`]: everything that a started server holds, in the order in which it is put together and taken apart.

use super::fail_stop::FailStop;
use super::guide::Guide;
use super::master::{self, Master};
use super::{Error, clock_check, first};
use crate::clock;
use crate::config::{Config, JournalFlush};
use crate::folder::Folder;
use crate::http::{self, Administration};
use crate::kmip::{self, Port, listen};
use crate::pki::{Pki, ServerCertificate, ServerNames};
use crate::tls::{self, Live};
use ::kmip::Timestamp;
use engine::Engine;
use keymanager::KeyManager;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use store::journal::{Flush, Journal};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;
use wrap::Secret;
use wrap::primitive::{Random, SealKey, SystemRandom};
use zeroize::Zeroizing;

/// The store's file in the data folder.
pub(super) const DATABASE: &str = "keystead.db";
const JOURNAL: &str = "journal";
const NODE: &str = "node";
const JOURNAL_CHECK: Duration = Duration::from_secs(5);
/// What the key that seals the authority's is derived for. Part of the data format.
const AUTHORITY_SEAL: &str = "keystead authority seal";

/// A started server.
pub(super) struct Running {
    folder: Folder,
    seal: SealKey,
    random: Arc<dyn Random>,
    tls: Arc<Live>,
    store: Arc<FailStop>,
    stop: watch::Sender<bool>,
    servers: [JoinHandle<()>; 2],
}

/// Both listening sockets.
struct Listeners {
    kmip: TcpListener,
    admin: TcpListener,
}

/// Keys and records, opened.
struct Core {
    engine: Arc<Engine>,
    keys: Arc<KeyManager>,
    store: Arc<FailStop>,
    seal: SealKey,
    master_key: String,
}

impl Running {
    /// Starts everything; when this returns, both ports answer.
    pub(super) async fn start(config: &Config) -> Result<Self, Error> {
        let now = clock::now();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let mut folder = Folder::open(&config.data)?;
        let first = folder.is_new();
        clock_check::check(&folder, now)?;
        let listeners = Listeners::bind(config)?;
        let core = Core::open(config, &folder, &random).await?;
        let certificates = Pki::open(&folder, &core.seal, &names(config), &random, now)?;
        let url = admin_url(&listeners)?;
        core.furnish(&folder, (url.clone(), certificates.authority.certificate_pem().to_owned()), now).await?;
        if first {
            folder.finish()?;
        }
        guide(config, &listeners, &url, &core, &certificates.server, first)?.print();
        log_start(&certificates.server);
        let tls = Arc::new(Live::new(&certificates.server.identity)?);
        let stop = watch::Sender::new(false);
        let servers = serve(config, listeners, &core, certificates, &tls, &stop);
        Ok(Running { folder, seal: core.seal, random, tls, store: core.store, stop, servers })
    }

    /// Waits for the storage to fail, and says how.
    pub(super) async fn failed(&self) -> String {
        self.store.failed().await
    }

    /// Takes names and server certificate anew.
    pub(super) fn reload(&self, config: &Config) -> Result<(), Error> {
        let certificates = Pki::open(&self.folder, &self.seal, &names(config), &self.random, clock::now())?;
        self.tls.replace(&certificates.server.identity)?;
        log_start(&certificates.server);
        Ok(())
    }

    /// Stops taking connections, lets requests in progress finish, and closes the store.
    pub(super) async fn stop(self) -> Result<(), Error> {
        self.stop.send_replace(true);
        for server in self.servers {
            let _ = server.await; // a panic in it was logged
        }
        Ok(self.store.close().await?)
    }
}

impl Listeners {
    fn bind(config: &Config) -> Result<Self, Error> {
        let bind = |address, what| {
            listen(address).map_err(|error| Error::Listen { address, what, reason: why_not(&error, address) })
        };
        Ok(Listeners { kmip: bind(config.kmip_listen, "KMIP")?, admin: bind(config.admin_listen, "administration")? })
    }
}

fn why_not(error: &std::io::Error, address: SocketAddr) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => format!("port {} is in use; stop what uses it, or choose another port", address.port()),
        ErrorKind::AddrNotAvailable => "this machine has no such address; 0.0.0.0 stands for all that it has".into(),
        ErrorKind::PermissionDenied => "ports below 1024 are for root, or take CAP_NET_BIND_SERVICE".into(),
        _ => error.to_string(),
    }
}

impl Core {
    /// Master key, store, key manager, engine: each needs the one before it.
    async fn open(config: &Config, folder: &Folder, random: &Arc<dyn Random>) -> Result<Self, Error> {
        let Master { key, place } = master::open(config, folder, &**random)?;
        let seal = authority_seal(key.seal_key())?;
        let address = format!("sqlite:{}", folder.path(DATABASE).display());
        let store = FailStop::new(store::open(&address).await?);
        let keys = Arc::new(KeyManager::open(store.clone(), key, random.clone()).await?);
        let journal = open_journal(config, folder, &**random)?;
        tokio::spawn(watch_journal(journal.clone(), store.clone()));
        let parts = engine::Parts { store: store.clone(), wrapper: keys.clone(), random: random.clone(), journal };
        let engine = Engine::open(parts).await.map_err(|error| Error::Engine(error.to_string()))?;
        Ok(Core { engine: Arc::new(engine), keys, store, seal, master_key: place })
    }

    /// What a first start makes, and what later ones keep true.
    async fn furnish(&self, folder: &Folder, (url, ca): (String, String), now: Timestamp) -> Result<(), Error> {
        if folder.is_new() {
            let instance = first::furnish(&self.keys, &self.engine, now).await?;
            first::appoint(&self.keys, folder, instance, (url.clone(), ca.clone()), now).await?;
        }
        first::refresh(folder, url, ca)
    }
}

/// The authority's key has a sealing key of its own, so that the master key can go to the key manager for good.
fn authority_seal(master: &SealKey) -> Result<SealKey, Error> {
    let derived = Zeroizing::new(master.tag(AUTHORITY_SEAL, &[]).map_err(wrap::master::Error::from)?);
    let secret = Secret::new(Zeroizing::new(derived.to_vec()));
    Ok(SealKey::new(&secret).map_err(wrap::master::Error::from)?)
}

fn open_journal(config: &Config, folder: &Folder, random: &dyn Random) -> Result<Arc<Journal>, Error> {
    let flush = match config.journal {
        JournalFlush::Interval => Flush::Soon,
        JournalFlush::Each => Flush::Each,
    };
    let node = node(folder, random)?;
    Ok(Arc::new(Journal::open(&folder.path(JOURNAL), node, wrap::primitive::digest, flush)?))
}

/// This node's identifier, made once.
fn node(folder: &Folder, random: &dyn Random) -> Result<[u8; 16], Error> {
    let known = folder.read(NODE)?.and_then(|text| std::str::from_utf8(&text).ok()?.trim().parse::<Uuid>().ok());
    if let Some(node) = known {
        return Ok(node.into_bytes());
    }
    let mut bytes = [0; 16];
    random.fill(&mut bytes).map_err(wrap::master::Error::from)?;
    let node = uuid::Builder::from_random_bytes(bytes).into_uuid();
    folder.write(NODE, format!("{node}\n").as_bytes())?;
    Ok(node.into_bytes())
}

/// The journal flushes on its own; that it could not is seen here.
async fn watch_journal(journal: Arc<Journal>, store: Arc<FailStop>) {
    loop {
        tokio::time::sleep(JOURNAL_CHECK).await;
        let journal = journal.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || journal.flush()).await {
            store.fail(&error);
        }
    }
}

/// Serves both ports, each in a task of its own.
fn serve(
    config: &Config,
    listeners: Listeners,
    core: &Core,
    certificates: Pki,
    tls: &Arc<Live>,
    stop: &watch::Sender<bool>,
) -> [JoinHandle<()>; 2] {
    let Listeners { kmip, admin } = listeners;
    let (engine, keys, authority) = (core.engine.clone(), core.keys.clone(), certificates.authority);
    let port = Port { engine: engine.clone(), tls: tls.clone(), limits: config.limits.clone(), now: clock::now };
    let administration = Arc::new(Administration { engine, keys, authority, now: clock::now });
    [
        tokio::spawn(kmip::serve(kmip, port, stopped(stop))),
        tokio::spawn(http::serve(admin, tls.clone(), administration, stopped(stop))),
    ]
}

fn stopped(stop: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + use<> {
    let mut stop = stop.subscribe();
    async move {
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

/// The names that were given, and the addresses that are listened on, where they are particular ones.
fn names(config: &Config) -> ServerNames {
    let listening = [config.kmip_listen.ip(), config.admin_listen.ip()];
    let particular = listening.into_iter().filter(|address| !address.is_unspecified());
    ServerNames { given: config.names.clone(), addresses: particular.collect() }
}

/// How the command line on this machine reaches the administration port.
fn admin_url(listeners: &Listeners) -> Result<String, Error> {
    let mut address = listeners.admin.local_addr().map_err(Error::Runtime)?;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(format!("https://{address}"))
}

fn guide<'a>(
    config: &'a Config,
    listeners: &Listeners,
    admin_url: &'a str,
    core: &'a Core,
    server: &'a ServerCertificate,
    first: bool,
) -> Result<Guide<'a>, Error> {
    Ok(Guide {
        kmip: listeners.kmip.local_addr().map_err(Error::Runtime)?,
        admin_url,
        names: &server.names,
        fingerprint: tls::fingerprint(server.identity.certificate()),
        data: &config.data,
        master_key: &core.master_key,
        first,
    })
}

fn log_start(server: &ServerCertificate) {
    if server.renamed {
        let names = server.names.join(", ");
        tracing::warn!(
            names,
            "the names changed, so there is a new server certificate, on the same key; vCenter may ask to trust it"
        );
    }
}
