//! TLS to a collector: whom it is taken for, and who we are to it. The files are read for each connection, so that they can be
//! exchanged without a restart.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// A configuration that trusts the CA certificates in a PEM file alone, and shows a client certificate where there is one.
pub(super) fn config(ca: &Path, own: Option<(&Path, &Path)>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(|error| format!("{}: {error}", ca.display()))?;
    }
    let builder = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(Arc::new(roots));
    match own {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let pem = read(key)?;
            let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| format!("{}: {error}", key.display()))?;
            let config = builder.with_client_auth_cert(certificates(certificate)?, private);
            config.map_err(|error| format!("{}: {error}", certificate.display()))
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates.map_err(|error| format!("{}: {error}", path.display()))? {
        none if none.is_empty() => Err(format!("{} holds no certificate", path.display())),
        certificates => Ok(certificates),
    }
}

/// What is read may be a private key.
fn read(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, String> {
    std::fs::read(path).map(zeroize::Zeroizing::new).map_err(|error| format!("{}: {error}", path.display()))
}
