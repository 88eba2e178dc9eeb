//! [`Identity`]: who vCenter is, a certificate and its private key; and [`Card`], which remembers whether a server asked for it.
//!
//! The invariant: an identity whose key is another certificate's is never made.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{RootCertStore, SignatureScheme};

use crate::cli::{Failure, read_file};

/// Who vCenter is: a certificate and its private key.
#[derive(Debug)]
pub(super) struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// Reads certificate and private key, and holds one against the other.
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, Failure> {
        let chain = certificates(certificate)?;
        let signing = private_key(key)?;
        let identity = Identity(Arc::new(CertifiedKey::new(chain, signing)));
        if identity.fits() {
            return Ok(identity);
        }
        Err(Failure::new(
            format!("{} is not the private key of {}", key.display(), certificate.display()),
            "give the certificate and the private key that were made together",
        ))
    }

    /// The DER of the certificate itself.
    pub(super) fn certificate(&self) -> &[u8] {
        self.0.cert.first().map_or(&[], |certificate| certificate.as_ref())
    }

    /// Whether the private key is the certificate's. The certificate may be of any version, so that its key alone is read.
    fn fits(&self) -> bool {
        let own = self.0.key.public_key();
        own.is_some_and(|own| crate::tls::subject_public_key_info(self.certificate()) == Some(own.as_ref()))
    }
}

/// What is shown to a server that asks for a client certificate, and whether one did.
#[derive(Debug)]
pub(super) struct Card {
    identity: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl Card {
    pub(super) fn new(identity: Option<&Identity>) -> Self {
        Card { identity: identity.map(|identity| identity.0.clone()), asked: AtomicBool::new(false) }
    }

    /// Whether a server asked for a client certificate.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Card {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.identity.clone()
    }

    /// Also where there is none: else nobody would ask us, and we could not tell whether the server did.
    fn has_certs(&self) -> bool {
        true
    }
}

fn private_key(path: &Path) -> Result<Arc<dyn SigningKey>, Failure> {
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::new(
            format!("{} holds no private key: {error}", path.display()),
            "give the private key as unencrypted PEM",
        )
    };
    let pem = read_file(path)?;
    let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unusable(&error))?;
    crate::tls::provider().key_provider.load_private_key(der).map_err(|error| unusable(&error))
}

/// Reads the CA's certificates.
pub(super) fn read_roots(path: &Path) -> Result<Arc<RootCertStore>, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| {
            Failure::new(
                format!("{} can't serve as a CA certificate: {error}", path.display()),
                "give the CA's certificate as PEM",
            )
        })?;
    }
    Ok(Arc::new(roots))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let wrong = |why: String| Failure::new(format!("{}: {why}", path.display()), "give a certificate as PEM");
    let pem = read_file(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates.map_err(|error| wrong(error.to_string()))? {
        none if none.is_empty() => Err(wrong("it holds no certificate".to_owned())),
        certificates => Ok(certificates),
    }
}
