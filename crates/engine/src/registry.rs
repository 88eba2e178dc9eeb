//! The registry: adapters, and the client certificates on their allow-lists.
//!
//! The invariant: **the certificate is the identity**, by the SHA-256 of its DER, and it stands on one list at most. The registry's epoch
//! moves with every change; who asked before it moved must ask again.

mod change;
mod client;
mod name;
mod record;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use kmip::Timestamp;
use kmip::ttlv::DecodeError;
use store::{Key, Kind, Query, Space, Store};
use tokio::sync::watch;
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};
use uuid::Uuid;
use wrap::KeyRef;
use wrap::primitive::Random;

pub(crate) use change::{DELETE, MANAGEMENT};
pub use change::{NewAdapter, NewCertificate};
use client::CERTIFICATE;
pub use client::{Certificate, Client, Fingerprint, certificate_id};

use crate::error::Failure;
use crate::policy::Permission;
use crate::seal::{Keyring, WrappedAdapterKey};

const ADAPTER: Kind = Kind(0x20);

/// Who makes a change, for its audit event.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The principal's identifier.
    pub id: String,
    /// Where they asked from, if over a network.
    pub address: Option<IpAddr>,
    /// What ties their request's answer, log lines and events together.
    pub correlation: Option<String>,
}

impl Actor {
    /// An actor of whom no more is known.
    pub fn new(id: impl Into<String>) -> Self {
        Actor { id: id.into(), address: None, correlation: None }
    }
}

/// A KMIP service of one instance: one root key, an allow-list of client certificates, its KMIP objects.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Its identifier.
    pub id: Uuid,
    /// The instance that it belongs to.
    pub instance: Uuid,
    /// Its name: 2 to 40 of `A-Z a-z 0-9 _ -`, unique in the instance, not a UUID.
    pub name: String,
    /// What its maker wrote about it: 2 to 240 characters.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed: its key wrapped anew. None: never.
    pub updated_at: Option<Timestamp>,
    /// Who changed it last.
    pub updated_by: Option<String>,
    /// Its key, under its root key.
    pub key: WrappedAdapterKey,
    version: u64,
}

impl Adapter {
    /// The root key that everything of this adapter is under.
    pub fn root_key(&self) -> KeyRef {
        self.key.root_key
    }

    /// Where its objects live.
    pub(crate) fn space(&self) -> Space {
        Space(*self.id.as_bytes())
    }

    /// Whether its profile, `native_1.0`, has the operations of this permission.
    pub(crate) fn offers(&self, permission: Permission) -> bool {
        match permission {
            Permission::Create
            | Permission::Get
            | Permission::Activate
            | Permission::Revoke
            | Permission::Destroy
            | Permission::Locate => true,
        }
    }

    fn place(&self) -> Key {
        Key { space: Space::INSTALLATION, kind: ADAPTER, id: *self.id.as_bytes() }
    }
}

#[derive(Default)]
struct Snapshot {
    adapters: HashMap<Uuid, Arc<Adapter>>,
    clients: HashMap<Fingerprint, Client>,
}

/// Adapters and allow-lists, held in memory and written through to the store.
pub struct Registry {
    store: Arc<dyn Store>,
    keyring: Arc<Keyring>,
    random: Arc<dyn Random>,
    snapshot: ArcSwap<Snapshot>,
    epoch: AtomicU64,
    news: watch::Sender<()>,
    changing: tokio::sync::Mutex<()>,
    removing: tokio::sync::RwLock<()>,
}

impl Registry {
    pub(crate) async fn open(
        store: Arc<dyn Store>,
        keyring: Arc<Keyring>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Failure> {
        let registry = Registry {
            store,
            keyring,
            random,
            snapshot: ArcSwap::default(),
            epoch: AtomicU64::new(1),
            news: watch::Sender::new(()),
            changing: tokio::sync::Mutex::default(),
            removing: tokio::sync::RwLock::default(),
        };
        registry.reload().await?;
        Ok(registry)
    }

    /// Moves whenever an answer of [`Registry::admit`] may have changed.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Hears of every move of the epoch, for those who hold a client without asking again.
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// The client with this certificate, if it is on a list.
    pub fn admit(&self, fingerprint: &Fingerprint) -> Option<Client> {
        self.snapshot.load().clients.get(fingerprint).cloned()
    }

    /// Holds off the removal of an adapter while something is written in it; none if it is removed already.
    pub(crate) async fn hold(&self, adapter: Uuid) -> Option<RwLockReadGuard<'_, ()>> {
        let held = self.removing.read().await;
        self.snapshot.load().adapters.contains_key(&adapter).then_some(held)
    }

    /// Holds off all that would be written in any adapter.
    pub(crate) async fn hold_off(&self) -> RwLockWriteGuard<'_, ()> {
        self.removing.write().await
    }

    /// An instance's adapters, by name.
    pub fn adapters(&self, instance: Uuid) -> Vec<Arc<Adapter>> {
        let snapshot = self.snapshot.load();
        let mut adapters: Vec<_> = snapshot.adapters.values().filter(|a| a.instance == instance).cloned().collect();
        adapters.sort_by(|a, b| a.name.cmp(&b.name));
        adapters
    }

    /// The adapters under a root key, by name.
    pub fn adapters_under(&self, root_key: KeyRef) -> Vec<Arc<Adapter>> {
        self.adapters(root_key.instance).into_iter().filter(|adapter| adapter.root_key() == root_key).collect()
    }

    /// An instance's adapter, by its identifier or name.
    pub fn adapter(&self, instance: Uuid, id_or_name: &str) -> Option<Arc<Adapter>> {
        let id = Uuid::parse_str(id_or_name).ok();
        self.adapters(instance).into_iter().find(|adapter| Some(adapter.id) == id || adapter.name == id_or_name)
    }

    /// The certificates on an adapter's list, by name.
    pub fn certificates(&self, adapter: Uuid) -> Vec<Certificate> {
        let snapshot = self.snapshot.load();
        let listed = snapshot.clients.values().map(Client::certificate).filter(|entry| entry.adapter == adapter);
        let mut certificates: Vec<_> = listed.cloned().collect();
        certificates.sort_by(|a, b| a.name.cmp(&b.name));
        certificates
    }

    /// A certificate on an adapter's list, by its identifier, fingerprint or name.
    pub fn certificate(&self, adapter: Uuid, which: &str) -> Option<Certificate> {
        let matches = |entry: &Certificate| {
            entry.name == which || entry.id().to_string() == which || entry.fingerprint.to_string() == which
        };
        self.certificates(adapter).into_iter().find(matches)
    }

    /// Reads all of it anew and moves the epoch. A record that can't be read is left out and logged: the clients of the others must
    /// not wait for it.
    async fn reload(&self) -> Result<(), Failure> {
        let mut snapshot = Snapshot::default();
        for (version, key, body) in self.records(ADAPTER).await? {
            if let Some(adapter) = readable("adapter", &key, record::adapter(&body, version)) {
                snapshot.adapters.insert(adapter.id, Arc::new(adapter));
            }
        }
        for (version, key, body) in self.records(CERTIFICATE).await? {
            let Some(certificate) = readable("certificate", &key, record::certificate(&body)) else { continue };
            if let Some(adapter) = snapshot.adapters.get(&certificate.adapter) {
                let client = Client::new(Arc::clone(adapter), certificate, body, version);
                snapshot.clients.insert(client.certificate().fingerprint, client);
            }
        }
        self.publish(snapshot);
        Ok(())
    }

    /// Called at the start, and by a change while it holds off the others.
    fn publish(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.news.send_replace(());
    }

    async fn records(&self, kind: Kind) -> Result<Vec<(u64, Key, Vec<u8>)>, Failure> {
        let mut query = Query { space: Space::INSTALLATION, kind, terms: Vec::new(), after: 0, limit: 1000 };
        let mut records = Vec::new();
        loop {
            let page = self.store.find(&query).await?;
            query.after = page.records.last().map_or(query.after, |(cursor, _)| *cursor);
            records
                .extend(page.records.into_iter().map(|(_, record)| (record.version, record.key, record.body.to_vec())));
            if !page.more {
                return Ok(records);
            }
        }
    }
}

fn readable<T>(what: &str, key: &Key, record: Result<T, DecodeError>) -> Option<T> {
    let id = Uuid::from_bytes(key.id);
    record
        .inspect_err(|error| tracing::error!(what, %id, %error, "a record is damaged and left out: restore a backup"))
        .ok()
}
