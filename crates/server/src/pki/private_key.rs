//! [`PrivateKey`]: a private key of the server or its authority, which wipes itself.

use super::Error;
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize, SignatureAlgorithm, SigningKey,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::{Zeroize, Zeroizing};

/// vCenter's rules for servers: RSA of 2048 bits or more, SHA-256 with PKCS#1 v1.5, no PSS. The authority, which lives longest and
/// signs seldom, takes 3072.
#[derive(Clone, Copy)]
pub(super) enum Sort {
    Usual,
    Authority,
    /// For the certificate beside it: handshakes with it cost a third.
    P256,
}

/// A private key, and the label of its form in PEM.
pub(super) struct PrivateKey(KeyPair, &'static str);

const PKCS8: &str = "PRIVATE KEY";

impl PrivateKey {
    pub(super) fn generate(sort: Sort) -> Result<Self, Error> {
        let key = match sort {
            Sort::Usual => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
            Sort::Authority => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072)?,
            Sort::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
        };
        Ok(PrivateKey(key, PKCS8))
    }

    /// PEM of whatever form: PKCS#8, PKCS#1, SEC 1, without a passphrase.
    pub(super) fn from_pem(pem: &[u8]) -> Option<Self> {
        let der = PrivateKeyDer::from_pem_slice(pem).ok()?;
        let label = match &der {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            _ => PKCS8,
        };
        KeyPair::try_from(&der).ok().map(|key| PrivateKey(key, label))
    }

    /// The DER of the public key, as certificates hold it (RFC 5280, 4.1: `SubjectPublicKeyInfo`).
    pub(super) fn public(&self) -> Vec<u8> {
        self.0.subject_public_key_info()
    }

    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let der = PrivatePkcs8KeyDer::from(der);
        Ok(PrivateKey(KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256)?, PKCS8))
    }

    /// The PKCS#8 DER.
    pub(super) fn pkcs8(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.serialized_der().to_vec())
    }

    /// The PEM, PKCS#8 for a key of our making.
    pub(super) fn pem(&self) -> Zeroizing<String> {
        super::to_pem(self.1, self.0.serialized_der())
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
