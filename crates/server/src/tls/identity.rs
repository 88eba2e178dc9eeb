//! [`ServerIdentity`]: the server's certificate chains and private keys.

use super::resolver::ByHello;
use super::{Error, provider};
use rustls::SignatureAlgorithm;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The server's certificate with its private key, and an ECDSA certificate beside it where there is one.
pub struct ServerIdentity {
    first: Pair,
    ecdsa: Option<Pair>,
}

/// A certificate chain (the server's own first) and its private key, as PEM files hold them.
struct Pair {
    chain: Vec<CertificateDer<'static>>,
    key_pem: Zeroizing<Vec<u8>>,
}

impl ServerIdentity {
    /// Reads PEM, and checks that the key is the certificate's.
    ///
    /// # Errors
    /// What can't be read, or that the two don't fit.
    pub fn from_pem(chain_pem: &[u8], key_pem: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        let chain = CertificateDer::pem_slice_iter(chain_pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::Identity(format!("its file is not PEM: {error}")))?;
        if chain.is_empty() {
            return Err(Error::Identity("its file has no certificate in it".into()));
        }
        let first = Pair { chain, key_pem };
        first.certified()?;
        Ok(ServerIdentity { first, ecdsa: None })
    }

    /// Takes another identity beside this one, for clients that can't do with this one's sort of key.
    ///
    /// # Errors
    /// The other's key is no ECDSA key.
    pub fn with_ecdsa(self, ecdsa: ServerIdentity) -> Result<Self, Error> {
        match ecdsa.first.certified()?.key.algorithm() {
            SignatureAlgorithm::ECDSA => Ok(ServerIdentity { ecdsa: Some(ecdsa.first), ..self }),
            other => Err(Error::Identity(format!(
                "the key of the certificate that stands beside the usual one is of the sort {other:?}: an ECDSA key is wanted"
            ))),
        }
    }

    /// The DER of the server's own certificate: the one that clients get wherever they can take it.
    pub fn certificate(&self) -> &[u8] {
        self.first.own()
    }

    /// The DER of each certificate of the server's own, the usual one first.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        [Some(&self.first), self.ecdsa.as_ref()].into_iter().flatten().map(Pair::own)
    }

    pub(super) fn resolver(&self) -> Result<Arc<dyn ResolvesServerCert>, Error> {
        let first = Arc::new(self.first.certified()?);
        let other = self.ecdsa.as_ref().map(Pair::certified).transpose()?.map(Arc::new);
        Ok(Arc::new(ByHello::new(first, other)))
    }
}

impl Pair {
    fn own(&self) -> &[u8] {
        self.chain.first().map_or(&[], |certificate| certificate.as_ref())
    }

    fn certified(&self) -> Result<CertifiedKey, Error> {
        let key = PrivateKeyDer::from_pem_slice(&self.key_pem)
            .map_err(|error| Error::Identity(format!("its private key is not PEM: {error}")))?;
        CertifiedKey::from_der(self.chain.clone(), key, &provider())
            .map_err(|error| Error::Identity(format!("its private key does not fit: {error}")))
    }
}
