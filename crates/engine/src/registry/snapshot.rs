//! [`Snapshot`]: what the registry holds in memory, read from the store as a whole.
//!
//! The invariant: a record that is damaged, or that somebody else wrote, lets nobody in, and keeps nobody out but those whom it is
//! about: an adapter's door is shut, a certificate is denied, and the others go on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kmip::ttlv::DecodeError;
use store::{Key, Kind, Query, Space};
use uuid::Uuid;

use super::client::CERTIFICATE;
use super::door::{DOOR, Door};
use super::{ADAPTER, Adapter, Client, Fingerprint, Registry, Standing, record};
use crate::error::Failure;

#[derive(Default)]
pub(super) struct Snapshot {
    pub(super) adapters: HashMap<Uuid, Arc<Adapter>>,
    /// The entries of all lists, whatever they say.
    pub(super) entries: HashMap<Fingerprint, Client>,
    pub(super) authorities: Arc<[Client]>,
    /// The certificates that no authority can vouch for, by their identifiers: those that are denied, and those whose entries are
    /// damaged, for they may have been.
    pub(super) denied: HashSet<Uuid>,
}

impl Snapshot {
    /// The same with these adapters in the place of what they were.
    pub(super) fn with(&self, renewed: Vec<Adapter>) -> Snapshot {
        let renewed: HashMap<Uuid, Arc<Adapter>> = renewed.into_iter().map(|each| (each.id, Arc::new(each))).collect();
        let mut adapters = self.adapters.clone();
        adapters.extend(renewed.iter().map(|(id, adapter)| (*id, Arc::clone(adapter))));
        let entry = |client: &Client| match renewed.get(&client.adapter().id) {
            Some(adapter) => client.of(Arc::clone(adapter)),
            None => client.clone(),
        };
        let entries = self.entries.iter().map(|(fingerprint, client)| (*fingerprint, entry(client))).collect();
        let mut anew = Snapshot { adapters, entries, denied: self.denied.clone(), ..Snapshot::default() };
        anew.appoint_authorities();
        anew
    }

    fn appoint_authorities(&mut self) {
        let is_authority = |client: &&Client| matches!(client.certificate().standing, Standing::Authority(_));
        let mut authorities: Vec<Client> = self.entries.values().filter(is_authority).cloned().collect();
        authorities.sort_by_key(|client| client.fingerprint().0);
        self.authorities = authorities.into();
    }
}

/// A record as it was found: its version, its place, its bytes.
type Found = (u64, Key, Vec<u8>);

impl Registry {
    /// Reads all of it anew and moves the epoch. A record that can't be read is left out and logged: the clients of the others must
    /// not wait for it.
    pub(super) async fn reload(&self) -> Result<(), Failure> {
        let mut snapshot = Snapshot::default();
        let doors = self.records(DOOR).await?;
        let doors: HashMap<_, _> = doors.into_iter().map(|(version, key, body)| (key.id, (version, body))).collect();
        for (version, key, body) in self.records(ADAPTER).await? {
            if let Some(mut adapter) = readable("adapter", &key, record::adapter(&body, version)) {
                if let Some((version, body)) = doors.get(adapter.id.as_bytes()) {
                    adapter.door = Arc::new(self.door(&adapter, body, *version).await);
                }
                snapshot.adapters.insert(adapter.id, Arc::new(adapter));
            }
        }
        for found in self.records(CERTIFICATE).await? {
            self.enter(&mut snapshot, found).await;
        }
        snapshot.appoint_authorities();
        self.publish(snapshot);
        Ok(())
    }

    /// The door in an adapter's record of it. One that is known to be wrong is shut, and nobody else's is. Where the adapter's key can't
    /// be opened, that comes out with the first message, which does not pass.
    async fn door(&self, adapter: &Adapter, body: &[u8], version: u64) -> Door {
        let shut = |error: &dyn std::fmt::Display| {
            tracing::error!(adapter = %adapter.id, name = adapter.name, %error, "the adapter is shut: set its door anew, or restore a backup");
            Door::damaged(version)
        };
        let door = match record::door(adapter.id, body, version) {
            Ok(door) => door,
            Err(error) => return shut(&error),
        };
        let Ok(key) = self.keyring.key(&adapter.key).await else { return door };
        match door.demands(adapter.id, &key).map(drop) {
            Ok(()) => door,
            Err(fault) => shut(&fault),
        }
    }

    /// Takes an entry of a list in.
    async fn enter(&self, snapshot: &mut Snapshot, (version, key, body): Found) {
        let id = Uuid::from_bytes(key.id);
        let Some(certificate) = readable("certificate", &key, record::certificate(&key, &body)) else {
            snapshot.denied.insert(id);
            return;
        };
        let denied = certificate.standing == Standing::Denied;
        let Some(adapter) = snapshot.adapters.get(&certificate.adapter) else {
            snapshot.denied.extend(denied.then_some(id));
            return;
        };
        let client = Client::new(Arc::clone(adapter), certificate, body, version);
        let forged = self.is_forged(&client).await;
        snapshot.denied.extend((denied || forged).then_some(id));
        if !forged {
            snapshot.entries.insert(client.fingerprint(), client);
        }
    }

    /// Whether an entry that speaks of others than a client is known to be somebody else's. A client's own is checked when it asks for
    /// something; but what was an entry that denies must not become one that says nothing of its certificate.
    async fn is_forged(&self, client: &Client) -> bool {
        let (entry, adapter) = (client.certificate(), client.adapter());
        if entry.standing == Standing::Listed {
            return false;
        }
        let Ok(key) = self.keyring.key(&adapter.key).await else { return false };
        let name = &entry.name;
        let log = |fault: &_| tracing::error!(adapter = %adapter.id, name, %fault, "an entry of the list is left out, and its certificate is denied");
        client.verify(&key).inspect_err(log).is_err()
    }

    async fn records(&self, kind: Kind) -> Result<Vec<Found>, Failure> {
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
