//! [`Rules`]: what the registry says of doors and authorities, made ready for many handshakes.
//!
//! The invariant: what is given is never older than the registry's epoch at the time of asking.

use crate::pki::Voucher;
use crate::tls;
use arc_swap::ArcSwap;
use engine::registry::{Adapter, Client, Registry, Standing};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// See the module.
#[derive(Default)]
pub(super) struct Rules(ArcSwap<Known>);

/// The doors and authorities of an epoch.
#[derive(Default)]
pub(super) struct Known {
    epoch: u64,
    doors: HashMap<Uuid, Arc<Adapter>>,
    names: HashMap<String, Uuid>,
    authorities: Vec<(Client, Voucher)>,
    /// The public keys of what is denied: SHA-256 of their `SubjectPublicKeyInfo`.
    denied: HashSet<[u8; 32]>,
}

impl Rules {
    /// Those that hold now.
    pub(super) fn now(&self, registry: &Registry) -> Arc<Known> {
        // Read before the rest: if that changes in between, it is read once more the next time.
        let epoch = registry.epoch();
        let known = self.0.load_full();
        if known.epoch == epoch {
            return known;
        }
        let known = Arc::new(Known::read(registry, epoch));
        self.0.store(known.clone());
        known
    }
}

impl Known {
    fn read(registry: &Registry, epoch: u64) -> Self {
        let doors = registry.adapters_with_doors();
        let names = |adapter: &Arc<Adapter>| {
            let id = adapter.id;
            adapter.door.names.iter().map(move |name| (name.to_ascii_lowercase(), id)).collect::<Vec<_>>()
        };
        let names = doors.iter().flat_map(names).collect();
        let doors = doors.into_iter().map(|adapter| (adapter.id, adapter)).collect();
        let mut authorities: Vec<_> = registry.authorities().iter().filter_map(usable).collect();
        authorities.sort_by_key(|(client, _)| (client.certificate().created_at, client.fingerprint().0));
        let denied = registry.denied().iter().filter_map(|entry| public_key(&entry.der)).collect();
        Known { epoch, doors, names, authorities, denied }
    }

    /// The adapter whose own door a client is at: by its port, or by the host name that it asked for. None: it is at the shared door.
    /// A port that is nobody's any more is a door of an adapter that there is not, so that nobody stays who came by it.
    pub(super) fn door(&self, port: Option<u16>, name: Option<&str>) -> Option<Uuid> {
        let named = |name: &str| self.names.get(&name.to_ascii_lowercase()).copied();
        let owner =
            |port: u16| self.ports().find(|(own, _)| *own == port).map_or(Uuid::nil(), |(_, adapter)| adapter.id);
        port.map(owner).or_else(|| name.and_then(named))
    }

    /// The name of an adapter that has a door of its own.
    pub(super) fn adapter_name(&self, id: Uuid) -> Option<&str> {
        self.doors.get(&id).map(|adapter| &*adapter.name)
    }

    /// The adapters' own ports.
    pub(super) fn ports(&self) -> impl Iterator<Item = (u16, &Arc<Adapter>)> {
        self.doors.values().filter_map(|adapter| adapter.door.port.map(|port| (port, adapter)))
    }

    /// The authorities of those adapters whose clients come in at a door, by the time at which they were put on a list. Those of others
    /// have no say there.
    pub(super) fn authorities(&self, door: Option<Uuid>) -> Vec<&(Client, Voucher)> {
        let here = |adapter: &Adapter| door.map_or(adapter.door.shared, |door| door == adapter.id);
        self.authorities.iter().filter(|(client, _)| here(client.adapter())).collect()
    }

    /// Whether a certificate's key is that of one that is denied. The certificate alone would not do: whoever holds it can change it in
    /// places that its signature does not cover, an ECDSA signature's own form among them.
    pub(super) fn denies(&self, certificate: &[u8]) -> bool {
        public_key(certificate).is_some_and(|key| self.denied.contains(&key))
    }
}

fn public_key(certificate: &[u8]) -> Option<[u8; 32]> {
    tls::subject_public_key_info(certificate).map(tls::fingerprint)
}

/// What can't be read vouches for nobody.
fn usable(authority: &Client) -> Option<(Client, Voucher)> {
    let entry = authority.certificate();
    let Standing::Authority(patterns) = &entry.standing else { return None };
    let unusable = |error: &dyn std::fmt::Display| {
        let (adapter, name) = (&authority.adapter().name, &entry.name);
        tracing::error!(adapter, name, %error, "an authority on a list vouches for nobody: put it on the list anew");
    };
    let voucher = Voucher::new(&entry.der, patterns).inspect_err(|error| unusable(error)).ok()?;
    Some((authority.clone(), voucher))
}
