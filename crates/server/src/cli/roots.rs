//! Trusting one CA and no other, and telling a failure of trust from other failures.

use std::error::Error;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::Failure;
use super::pinned::Pinned;

/// A TLS configuration that trusts the certificates in `pem`, those of `served` for themselves, and nothing else.
pub(super) fn trust(pem: &str, served: &[String]) -> Result<rustls::ClientConfig, Failure> {
    let unusable = |why: String| {
        Failure::new(
            format!("the CA certificate can't be used: {why}"),
            "set KEYSTEAD_CA to the PEM file of the server's CA (ca.crt in its data folder)",
        )
    };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("it holds no certificate".to_owned()));
    }
    let beyond = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), crate::tls::provider());
    let beyond = beyond.build().map_err(|error| unusable(error.to_string()))?;
    let certificates = served.iter().filter_map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok()).collect();
    let mut config = rustls::ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned { beyond, certificates }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The TLS error that a failed request stems from, if it does. It hides inside I/O errors, which skip it in their chain.
pub(super) fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        current = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}
