//! TLS for both ports: who we are, and whom we talk to.
//!
//! The invariant of this room: **a handshake on the KMIP port ends well only if the client's signature was verified under the key in
//! the certificate that it showed, or if it showed none.** Whether that certificate is on a list is asked afterwards, and again for
//! each request, by [`crate::kmip`]; so there is no session resumption, which would skip the first and outlive the second.

mod hello;
mod identity;
mod resolver;
mod spki;
mod verifier;

pub use hello::Offer;
pub use identity::ServerIdentity;
pub use spki::{subject_public_key_info, verify_signature};
pub use verifier::AnyClient;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use std::sync::Arc;

/// Why TLS can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's certificate and private key can't be used.
    #[error("the server certificate can't be used: {0}")]
    Identity(String),
    /// The library refuses the combination.
    #[error("TLS can't be set up: {0}")]
    Config(#[from] rustls::Error),
}

/// The cryptography behind TLS: AEAD suites alone, with keys from ECDHE or from its hybrid with ML-KEM, X25519MLKEM768, by the client's choice. It is passed around, never installed for the process.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The SHA-256 of a certificate's DER: the identity of a client.
pub fn fingerprint(certificate_der: &[u8]) -> [u8; 32] {
    wrap::primitive::digest(&[certificate_der])
}

/// The configurations of both ports, which a reload replaces while connections go on.
pub struct Live {
    kmip: ArcSwap<ServerConfig>,
    admin: ArcSwap<ServerConfig>,
}

impl Live {
    /// Both configurations for one server identity.
    pub fn new(identity: &ServerIdentity) -> Result<Self, Error> {
        Ok(Live { kmip: ArcSwap::new(kmip_config(identity)?), admin: ArcSwap::new(admin_config(identity)?) })
    }

    /// What new connections on the KMIP port are given.
    pub fn kmip(&self) -> Arc<ServerConfig> {
        self.kmip.load_full()
    }

    /// What new connections on the administration port are given.
    pub fn admin(&self) -> Arc<ServerConfig> {
        self.admin.load_full()
    }

    /// Takes another identity for connections from now on. On an error the old one stays.
    pub fn replace(&self, identity: &ServerIdentity) -> Result<(), Error> {
        let (kmip, admin) = (kmip_config(identity)?, admin_config(identity)?);
        self.kmip.store(kmip);
        self.admin.store(admin);
        Ok(())
    }
}

/// For the KMIP port: a client certificate is asked for, none is refused here, and no session outlives its connection.
pub fn kmip_config(identity: &ServerIdentity) -> Result<Arc<ServerConfig>, Error> {
    let provider = provider();
    let verifier = Arc::new(AnyClient::new(provider.signature_verification_algorithms));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(identity.resolver()?);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// For the administration port: ordinary HTTPS, where the API key says who asks.
pub fn admin_config(identity: &ServerIdentity) -> Result<Arc<ServerConfig>, Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(identity.resolver()?);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
