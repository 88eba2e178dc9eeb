//! [`PrivateKey`]: an RSA private key of our making, which wipes itself.

use super::Error;
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize, SignatureAlgorithm, SigningKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use zeroize::{Zeroize, Zeroizing};

/// vCenter's rules for servers: RSA of 2048 bits or more, SHA-256 with PKCS#1 v1.5, no PSS. The authority, which lives longest and
/// signs seldom, takes 3072.
#[derive(Clone, Copy)]
pub(super) enum Size {
    Usual,
    Authority,
}

/// An RSA private key.
pub(super) struct PrivateKey(KeyPair);

impl PrivateKey {
    pub(super) fn generate(size: Size) -> Result<Self, Error> {
        let size = match size {
            Size::Usual => RsaKeySize::_2048,
            Size::Authority => RsaKeySize::_3072,
        };
        Ok(PrivateKey(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)?))
    }

    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let der = PrivatePkcs8KeyDer::from(der);
        Ok(PrivateKey(KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256)?))
    }

    /// The PKCS#8 DER.
    pub(super) fn pkcs8(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.serialized_der().to_vec())
    }

    /// The PKCS#8 PEM.
    pub(super) fn pem(&self) -> Zeroizing<String> {
        super::to_pem("PRIVATE KEY", self.0.serialized_der())
    }
}

impl PublicKeyData for PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        PublicKeyData::algorithm(&self.0)
    }
}

impl SigningKey for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        SigningKey::sign(&self.0, message)
    }
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
