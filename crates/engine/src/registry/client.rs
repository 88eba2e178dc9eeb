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

/// A client that was admitted: a certificate, and the adapter whose list it is on.
#[derive(Clone)]
pub struct Client(Arc<Entry>);

struct Entry {
    adapter: Arc<Adapter>,
    certificate: Certificate,
    record: Vec<u8>,
    version: u64,
    verified: std::sync::OnceLock<()>,
    initiator: String,
}

impl Client {
    pub(super) fn new(adapter: Arc<Adapter>, certificate: Certificate, record: Vec<u8>, version: u64) -> Self {
        let initiator = format!("{CERTIFICATE_ID}{}", certificate.fingerprint);
        Client(Arc::new(Entry {
            adapter,
            certificate,
            record,
            version,
            verified: std::sync::OnceLock::new(),
            initiator,
        }))
    }

    /// The adapter.
    pub fn adapter(&self) -> &Adapter {
        &self.0.adapter
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.0.certificate
    }

    /// Its name in audit events: `CertificateID-<fingerprint>`.
    pub fn initiator(&self) -> &str {
        &self.0.initiator
    }

    /// Whether the entry is one that this server made: its record bears a tag under the adapter's key, so that nobody gets onto a
    /// list by writing to the store. Checked once for each entry.
    pub(crate) fn verify(&self, key: &AdapterKey) -> Result<(), Fault> {
        if self.0.verified.get().is_none() {
            key.verify(&self.0.certificate.place(), self.0.version, &self.0.record)?;
            self.0.verified.get_or_init(|| ());
        }
        Ok(())
    }
}
