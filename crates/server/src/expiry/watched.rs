//! What is watched: the server's own certificates and its CA's, and the entries of allow-lists.

use crate::pki::{self, CertificateFacts, Shown, Slot, State};
use engine::registry::{Adapter, Registry, Standing};
use std::sync::Arc;
use uuid::Uuid;

/// What a certificate is to this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// It is served. Whether its successor is staged.
    Served(Slot, bool),
    /// It waits to be served.
    Staged(Slot),
    /// It is the installation's own CA's.
    OwnAuthority,
    /// It is a client's.
    Client,
    /// It is a CA's that vouches for clients.
    ClientAuthority,
}

impl What {
    /// The word for it in the API and in labels.
    pub fn kind(self) -> &'static str {
        match self {
            What::Served(..) => "server",
            What::Staged(_) => "server-staged",
            What::OwnAuthority => "server-ca",
            What::Client => "client",
            What::ClientAuthority => "client-ca",
        }
    }
}

/// Where an allow-list's entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The instance.
    pub instance: Uuid,
    /// The adapter's name.
    pub adapter: String,
    /// The entry's name.
    pub name: String,
}

/// A certificate whose end is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// What it is.
    pub what: What,
    /// The SHA-256 of its DER.
    pub fingerprint: [u8; 32],
    /// Its subject.
    pub subject: String,
    /// Its end, in seconds since the Unix epoch.
    pub not_after: i64,
    /// Where it is, if it is on a list.
    pub entry: Option<Entry>,
}

impl Watched {
    fn new(what: What, facts: &CertificateFacts, entry: Option<Entry>) -> Self {
        let CertificateFacts { fingerprint, subject, not_after, .. } = facts.clone();
        Watched { what, fingerprint, subject, not_after, entry }
    }

    /// What it is, in words.
    pub fn title(&self) -> String {
        let entry = |what: &str| match &self.entry {
            Some(Entry { adapter, name, .. }) => format!("{what} {name} of adapter {adapter} ({})", self.subject),
            None => format!("{what} ({})", self.subject),
        };
        match self.what {
            What::Served(slot, _) => format!("the server's {} certificate", slot.name()),
            What::Staged(slot) => format!("the staged {} certificate", slot.name()),
            What::OwnAuthority => "this server's own CA certificate".to_owned(),
            What::Client => entry("client certificate"),
            What::ClientAuthority => entry("CA certificate"),
        }
    }

    /// What mends it.
    pub fn advice(&self) -> String {
        let on = self.entry.as_ref().map_or_else(String::new, |entry| format!(" --adapter {}", entry.adapter));
        match self.what {
            What::Served(_, false) => {
                "stage a new one on the same key (`keystead tls renew`), have vCenter trust it, then `keystead tls activate`".into()
            }
            What::Served(_, true) => {
                "its successor is staged: have vCenter trust that one (`keystead tls show`), then `keystead tls activate`".into()
            }
            What::Staged(_) => "stage another one: `keystead tls renew`, or `keystead tls stage` with one of your CA's".into(),
            What::OwnAuthority => {
                "what it signed goes on working here; move clients and the server to another CA (`keystead tls request`)".into()
            }
            What::Client => format!(
                "have vCenter make a new client certificate and add it (`keystead cert add{on}`), then remove this one"
            ),
            What::ClientAuthority => {
                format!("put the CA's new certificate on the list (`keystead cert add{on}`), then remove this one")
            }
        }
    }
}

/// The server's own: what is served and staged, and the CA's.
pub fn server(shown: &[Shown], authority: &CertificateFacts) -> Vec<Watched> {
    let staged = |slot| shown.iter().any(|shown| shown.slot == slot && shown.state == State::Staged);
    let own = shown.iter().filter_map(|shown| match shown.state {
        State::Served => Some(Watched::new(What::Served(shown.slot, staged(shown.slot)), &shown.facts, None)),
        State::Staged => Some(Watched::new(What::Staged(shown.slot), &shown.facts, None)),
        State::Previous => None,
    });
    own.chain([Watched::new(What::OwnAuthority, authority, None)]).collect()
}

/// What is on the lists of an instance's adapters. What is shut out may expire.
pub fn clients(registry: &Registry, instance: Uuid) -> Vec<Watched> {
    registry.adapters(instance).iter().flat_map(|adapter| listed(registry, adapter)).collect()
}

fn listed(registry: &Registry, adapter: &Arc<Adapter>) -> Vec<Watched> {
    let watched = |certificate: engine::registry::Certificate| {
        let what = match certificate.standing {
            Standing::Listed => What::Client,
            Standing::Authority(_) => What::ClientAuthority,
            Standing::Denied => return None,
        };
        // It could be read when it was put on the list.
        let facts = pki::facts(&certificate.der).ok()?;
        let entry = Entry { instance: adapter.instance, adapter: adapter.name.clone(), name: certificate.name };
        Some(Watched::new(what, &facts, Some(entry)))
    };
    registry.certificates(adapter.id).into_iter().filter_map(watched).collect()
}
