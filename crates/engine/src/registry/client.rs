//! Client certificates, and the clients that are known by them.
//!
//! The invariant: **the certificate is the identity**, by the SHA-256 of its DER, and by nothing that it says.

use std::sync::Arc;

use kmip::Timestamp;
use store::{Key, Kind, Space};
use uuid::Uuid;

use super::Adapter;
use crate::error::Fault;
use crate::seal::AdapterKey;

pub(super) const CERTIFICATE: Kind = Kind(0x21);
/// What the initiator of a KMIP client's events begins with (IBM: KMIP for VMware, audit events).
const CERTIFICATE_ID: &str = "CertificateID-";

/// A certificate's identity: the SHA-256 of its DER.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of(der: &[u8]) -> Self {
        Fingerprint(wrap::primitive::digest(&[der]))
    }
}

impl Fingerprint {
    /// The identifier of its certificate in the API: a UUID made of the first 128 bits.
    pub fn id(&self) -> Uuid {
        let mut id = [0; 16];
        id.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        Uuid::from_bytes(id)
    }
}

/// The identifier in the API of the client certificate that an object's history names (`CertificateID-<fingerprint>`); none where it
/// names somebody else.
pub fn certificate_id(initiator: &str) -> Option<Uuid> {
    let fingerprint = initiator.strip_prefix(CERTIFICATE_ID)?;
    let whole = fingerprint.len() == 64 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
    Uuid::try_parse(fingerprint.get(..32).filter(|_| whole)?).ok()
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// What an entry of an allow-list says of its certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It is a client's.
    #[default]
    Listed,
    /// It is an authority's, which vouches for clients whose subjects are like one of these patterns; where there is none, for all. It
    /// is no client itself. What a pattern means is the server's matter.
    Authority(Vec<String>),
    /// It is shut out, even where an authority vouches for it.
    Denied,
}

/// An entry of an adapter's allow-list.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The adapter whose list it is on.
    pub adapter: Uuid,
    /// Its name: as an adapter's, unique on the list.
    pub name: String,
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// The certificate itself.
    pub der: Vec<u8>,
    /// When it was put on the list.
    pub created_at: Timestamp,
    /// Who put it there.
    pub created_by: String,
    /// What the entry says of it.
    pub standing: Standing,
}

impl Certificate {
    /// Its identifier in the API: a UUID made of the fingerprint's first 128 bits.
    pub fn id(&self) -> Uuid {
        self.fingerprint.id()
    }

    pub(super) fn place(&self) -> Key {
        Key { space: Space::INSTALLATION, kind: CERTIFICATE, id: *self.id().as_bytes() }
    }
}

/// A client: a certificate that is on an adapter's list, or that an authority on that list vouches for.
#[derive(Clone)]
pub struct Client {
    entry: Arc<Entry>,
    itself: Arc<Itself>,
}

/// The entry that a client stands on.
struct Entry {
    adapter: Arc<Adapter>,
    certificate: Certificate,
    record: Vec<u8>,
    version: u64,
    verified: std::sync::OnceLock<()>,
}

struct Itself {
    fingerprint: Fingerprint,
    initiator: String,
}

impl Itself {
    fn new(fingerprint: Fingerprint) -> Arc<Self> {
        Arc::new(Itself { fingerprint, initiator: format!("{CERTIFICATE_ID}{fingerprint}") })
    }
}

impl Client {
    pub(super) fn new(adapter: Arc<Adapter>, certificate: Certificate, record: Vec<u8>, version: u64) -> Self {
        let itself = Itself::new(certificate.fingerprint);
        let verified = std::sync::OnceLock::new();
        Client { entry: Arc::new(Entry { adapter, certificate, record, version, verified }), itself }
    }

    /// The same entry of its adapter as that is now.
    pub(super) fn of(&self, adapter: Arc<Adapter>) -> Client {
        let Entry { certificate, record, version, verified, .. } = &*self.entry;
        let (certificate, record, verified) = (certificate.clone(), record.clone(), verified.clone());
        let entry = Entry { adapter, certificate, record, version: *version, verified };
        Client { entry: Arc::new(entry), itself: Arc::clone(&self.itself) }
    }

    /// The client with this certificate, for which this authority vouches. The caller has seen that it does, and that the certificate is
    /// not denied.
    pub fn standing_for(&self, leaf: Fingerprint) -> Client {
        Client { entry: Arc::clone(&self.entry), itself: Itself::new(leaf) }
    }

    /// The adapter.
    pub fn adapter(&self) -> &Adapter {
        &self.entry.adapter
    }

    /// The certificate on the list: the client's own, or that of the authority that vouches for it.
    pub fn certificate(&self) -> &Certificate {
        &self.entry.certificate
    }

    /// The fingerprint of the client's own certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.itself.fingerprint
    }

    /// Its name in audit events: `CertificateID-<fingerprint>`, of its own certificate.
    pub fn initiator(&self) -> &str {
        &self.itself.initiator
    }

    /// Whether it may be served at all: a certificate that is listed, for itself alone; an authority for others alone; a denied one
    /// never.
    pub(crate) fn is_served(&self) -> bool {
        let vouched_for = self.itself.fingerprint != self.entry.certificate.fingerprint;
        match &self.entry.certificate.standing {
            Standing::Listed => !vouched_for,
            Standing::Authority(_) => vouched_for,
            Standing::Denied => false,
        }
    }

    /// Whether the entry is one that this server made: its record bears a tag under the adapter's key, so that nobody gets onto a
    /// list by writing to the store. Checked once for each entry.
    pub(crate) fn verify(&self, key: &AdapterKey) -> Result<(), Fault> {
        let Entry { certificate, record, version, verified, .. } = &*self.entry;
        if verified.get().is_none() {
            key.verify(&certificate.place(), *version, record)?;
            verified.get_or_init(|| ());
        }
        Ok(())
    }
}
