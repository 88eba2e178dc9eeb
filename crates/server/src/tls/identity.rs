//! [`ServerIdentity`]: the server's certificate chain and private key.

use super::{Error, provider};
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A certificate chain (the server's own first) and its private key, as PEM files hold them.
pub struct ServerIdentity {
    chain: Vec<CertificateDer<'static>>,
    key_pem: Zeroizing<Vec<u8>>,
}

impl ServerIdentity {
    /// Reads PEM, and checks that the key is the certificate's.
    pub fn from_pem(chain_pem: &[u8], key_pem: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        let chain = CertificateDer::pem_slice_iter(chain_pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::Identity(format!("its file is not PEM: {error}")))?;
        if chain.is_empty() {
            return Err(Error::Identity("its file has no certificate in it".into()));
        }
        let identity = ServerIdentity { chain, key_pem };
        identity.resolver()?;
        Ok(identity)
    }

    /// The DER of the server's own certificate.
    pub fn certificate(&self) -> &[u8] {
        self.chain.first().map_or(&[], |certificate| certificate.as_ref())
    }

    pub(super) fn resolver(&self) -> Result<Arc<dyn ResolvesServerCert>, Error> {
        let key = PrivateKeyDer::from_pem_slice(&self.key_pem)
            .map_err(|error| Error::Identity(format!("its private key is not PEM: {error}")))?;
        let certified = CertifiedKey::from_der(self.chain.clone(), key, &provider())
            .map_err(|error| Error::Identity(format!("its private key does not fit: {error}")))?;
        Ok(Arc::new(SingleCertAndKey::from(certified)))
    }
}
