//! The echo's certificate: a twin of the server's.
//!
//! Invariant: same key algorithm, same key size, same rest of the chain, since these set the handshake's cost. The
//! server's own private key stays where it is.

use crate::error::Error;
use crate::tls::{HOST, Identity};
use rcgen::{CertificateParams, KeyPair, RsaKeySize, SignatureAlgorithm};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};

/// What a certificate's key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
    Ed25519,
}

impl KeyKind {
    /// The kind of key in this certificate.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        let (_, parsed) = X509Certificate::from_der(certificate)
            .map_err(|error| Error::Certificate(format!("the server's certificate can't be read: {error}")))?;
        let key = parsed.public_key();
        let bits = key.parsed().map_or(0, |key| key.key_size());
        match (key.algorithm.algorithm.to_id_string().as_str(), bits) {
            ("1.2.840.113549.1.1.1", 2048) => Ok(Self::Rsa2048),
            ("1.2.840.113549.1.1.1", 3072) => Ok(Self::Rsa3072),
            ("1.2.840.113549.1.1.1", 4096) => Ok(Self::Rsa4096),
            ("1.2.840.10045.2.1", 256) => Ok(Self::P256),
            ("1.2.840.10045.2.1", 384) => Ok(Self::P384),
            ("1.3.101.112", _) => Ok(Self::Ed25519),
            (other, bits) => Err(Error::Certificate(format!("no twin for a key of algorithm {other} and {bits} bits"))),
        }
    }

    fn generate(self) -> Result<KeyPair, rcgen::Error> {
        let rsa: &SignatureAlgorithm = &rcgen::PKCS_RSA_SHA256;
        match self {
            Self::Rsa2048 => KeyPair::generate_rsa_for(rsa, RsaKeySize::_2048),
            Self::Rsa3072 => KeyPair::generate_rsa_for(rsa, RsaKeySize::_3072),
            Self::Rsa4096 => KeyPair::generate_rsa_for(rsa, RsaKeySize::_4096),
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
        }
    }
}

/// A fresh self-signed certificate for `localhost` with a key of this kind.
pub(crate) fn self_signed(kind: KeyKind) -> Result<Identity, Error> {
    let make = || {
        let key = kind.generate()?;
        let certificate = CertificateParams::new(vec![HOST.to_owned()])?.self_signed(&key)?;
        Ok((certificate.der().clone(), key))
    };
    let (leaf, key) = make().map_err(|error: rcgen::Error| Error::Certificate(format!("making a twin: {error}")))?;
    let der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    Ok(Identity { chain: vec![leaf], key: der })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_has_the_same_kind_of_key() {
        for kind in [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384, KeyKind::Ed25519] {
            let identity = self_signed(kind).unwrap();
            assert_eq!(KeyKind::of(&identity.chain[0]).unwrap(), kind);
        }
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let error = KeyKind::of(&CertificateDer::from(vec![1, 2, 3])).unwrap_err();
        assert!(error.to_string().contains("can't be read"), "{error}");
    }
}
