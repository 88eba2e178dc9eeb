//! The registry: adapters, the certificates on their allow-lists, and their doors.
//!
//! The invariant: **the certificate is the identity**, by the SHA-256 of its DER, and it stands on one list at most. The registry's epoch
//! moves with every change; who asked before it moved must ask again.

mod change;
mod client;
mod door;
mod doors;
mod host;
mod lists;
mod name;
mod record;
mod rewrap;
mod snapshot;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use kmip::Timestamp;
use store::{Key, Kind, Space, Store};
use tokio::sync::watch;
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};
use uuid::Uuid;
use wrap::KeyRef;
use wrap::primitive::Random;

pub use change::NewAdapter;
pub(crate) use change::{DELETE, MANAGEMENT};
pub use client::{Certificate, Client, Fingerprint, Standing, certificate_id};
pub use door::{Door, Expired, NewCredential, NewDoor};
pub use doors::Invalid;
pub use lists::NewCertificate;
pub use rewrap::{Rewrap, Rewrapped};
use snapshot::Snapshot;

use crate::error::Failure;
use crate::manage::Error;
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
    /// Where its clients come in.
    pub door: Arc<Door>,
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

/// Adapters and allow-lists, held in memory and written through to the store.
pub struct Registry {
    store: Arc<dyn Store>,
    keyring: Arc<Keyring>,
    random: Arc<dyn Random>,
    snapshot: ArcSwap<Snapshot>,
    epoch: AtomicU64,
    most_adapters: AtomicUsize,
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
            most_adapters: AtomicUsize::new(change::ADAPTERS),
            news: watch::Sender::new(()),
            changing: tokio::sync::Mutex::default(),
            removing: tokio::sync::RwLock::default(),
        };
        registry.reload().await?;
        Ok(registry)
    }

    /// From now on an instance can have so many adapters; those that are there stay.
    pub fn allow_adapters(&self, most: usize) {
        self.most_adapters.store(most, Ordering::Relaxed);
    }

    /// Moves whenever an answer of [`Registry::admit`] may have changed.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Hears of every move of the epoch, for those who hold a client without asking again.
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// The client with this certificate, if it is on a list as one.
    pub fn admit(&self, fingerprint: &Fingerprint) -> Option<Client> {
        self.entry(fingerprint).filter(|client| client.certificate().standing == Standing::Listed)
    }

    /// Whether this certificate is shut out, even where an authority vouches for it.
    pub fn is_denied(&self, fingerprint: &Fingerprint) -> bool {
        self.snapshot.load().denied.contains(&fingerprint.id())
    }

    /// The authorities on all lists, by fingerprint. None of them is a client: [`Client::standing_for`] makes one.
    pub fn authorities(&self) -> Arc<[Client]> {
        Arc::clone(&self.snapshot.load().authorities)
    }

    /// The certificates that are denied, on all lists.
    pub fn denied(&self) -> Vec<Certificate> {
        let snapshot = self.snapshot.load();
        let entries = snapshot.entries.values().map(Client::certificate);
        entries.filter(|entry| entry.standing == Standing::Denied).cloned().collect()
    }

    /// The entry of this certificate, whatever it says of it.
    fn entry(&self, fingerprint: &Fingerprint) -> Option<Client> {
        self.snapshot.load().entries.get(fingerprint).cloned()
    }

    /// The adapter as it is now.
    pub(crate) fn current(&self, adapter: Uuid) -> Result<Arc<Adapter>, Error> {
        self.snapshot.load().adapters.get(&adapter).cloned().ok_or(Error::NotFound("adapter"))
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

    /// The adapters of all instances, by instance and name.
    pub fn all(&self) -> Vec<Arc<Adapter>> {
        let mut adapters: Vec<_> = self.snapshot.load().adapters.values().cloned().collect();
        adapters.sort_by(|a, b| (a.instance, &a.name).cmp(&(b.instance, &b.name)));
        adapters
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
        let listed = snapshot.entries.values().map(Client::certificate).filter(|entry| entry.adapter == adapter);
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

    /// Puts adapters whose keys are wrapped anew in the place of what they were. Nobody who waits is woken for it: whom the lists let in is
    /// the same. Called by a change while it holds off the others.
    fn exchanged(&self, renewed: Vec<Adapter>) {
        self.snapshot.store(Arc::new(self.snapshot.load().with(renewed)));
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Called at the start, and by a change while it holds off the others.
    fn publish(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.news.send_replace(());
    }
}
