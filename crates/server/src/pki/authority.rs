//! [`Authority`]: the installation's own certificate authority.

use super::params::{self, Making};
use super::private_key::{PrivateKey, Sort};
use super::{ClientCertificate, Error, check_client_certificate, facts, request, to_pem};
use crate::tls;
use kmip::Timestamp;
use rcgen::{Certificate, Issuer, PublicKeyData};
use rustls_pki_types::CertificateDer;
use std::sync::Arc;
use wrap::primitive::Random;
use zeroize::Zeroizing;

/// The longest name of a client certificate, in characters.
const CLIENT_NAME: usize = 64;

/// Issues certificates to clients and to the server itself.
pub struct Authority {
    issuer: Issuer<'static, PrivateKey>,
    certificate_pem: String,
    random: Arc<dyn Random>,
}

/// A client certificate with a private key of our making. The key is here and nowhere else.
pub struct IssuedClient {
    /// The certificate.
    pub certificate: ClientCertificate,
    /// The certificate as PEM.
    pub certificate_pem: String,
    /// The private key, PKCS#8 as PEM.
    pub private_key_pem: Zeroizing<String>,
}

/// A client certificate for a key that the client keeps.
pub struct SignedClient {
    /// The certificate.
    pub certificate: ClientCertificate,
    /// The certificate as PEM.
    pub certificate_pem: String,
}

impl Authority {
    /// The authority's certificate as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Makes a private key and a certificate for a client called `name`. It takes up to a second of CPU.
    ///
    /// # Errors
    /// [`Error::ClientName`], or [`Error::Library`].
    pub fn issue_client(&self, name: &str, now: Timestamp) -> Result<IssuedClient, Error> {
        if !(1..=CLIENT_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(Error::ClientName);
        }
        let key = PrivateKey::generate(Sort::Usual)?;
        let params = params::client(self.making(now), params::common_name(name))?;
        let (certificate, certificate_pem) = checked(&params.signed_by(&key, &self.issuer)?)?;
        Ok(IssuedClient { certificate, certificate_pem, private_key_pem: key.pem() })
    }

    /// Makes a certificate for the key and the subject of a request, PEM or DER. Extensions that it asks for are ignored.
    ///
    /// # Errors
    /// What is wrong with the request, in words for the administrator.
    pub fn sign_client(&self, request: &[u8], now: Timestamp) -> Result<SignedClient, Error> {
        let request = request::read(request)?;
        let params = params::client(self.making(now), request.subject)?;
        let (certificate, certificate_pem) = checked(&params.signed_by(&request.key, &self.issuer)?)?;
        Ok(SignedClient { certificate, certificate_pem })
    }

    /// A new authority with a new key; `key` is what to keep.
    pub(super) fn new(key: PrivateKey, random: Arc<dyn Random>, now: Timestamp) -> Result<Self, Error> {
        let params = params::authority(Making { random: &*random, now })?;
        let certificate = params.self_signed(&key)?;
        let certificate_pem = to_pem("CERTIFICATE", certificate.der()).to_string();
        Ok(Authority { issuer: Issuer::new(params, key), certificate_pem, random })
    }

    /// The authority whose certificate and key were kept.
    pub(super) fn load(certificate: &[u8], key: PrivateKey, random: Arc<dyn Random>) -> Result<Self, Error> {
        let issuer = Issuer::from_ca_cert_der(&CertificateDer::from(certificate), key)?;
        Ok(Authority { issuer, certificate_pem: to_pem("CERTIFICATE", certificate).to_string(), random })
    }

    /// A server certificate for `names` and the server's key, as PEM.
    pub(super) fn issue_server(&self, names: &[String], key: &PrivateKey, now: Timestamp) -> Result<String, Error> {
        let certificate = params::server(self.making(now), names)?.signed_by(key, &self.issuer)?;
        Ok(to_pem("CERTIFICATE", certificate.der()).to_string())
    }

    /// Whether this authority signed the certificate `der`.
    pub(super) fn signed(&self, der: &[u8]) -> bool {
        let Ok(certificate) = facts::parse(der) else { return false };
        let key = self.issuer.key().subject_public_key_info();
        let (message, signature) = (certificate.tbs_certificate.as_ref(), &certificate.signature_value.data);
        tls::verify_signature(&key, tls::provider().signature_verification_algorithms.all, message, signature)
    }

    fn making(&self, now: Timestamp) -> Making<'_> {
        Making { random: &*self.random, now }
    }
}

/// What leaves here would be taken back: it goes through the same check as a certificate that a client brings.
fn checked(certificate: &Certificate) -> Result<(ClientCertificate, String), Error> {
    let pem = to_pem("CERTIFICATE", certificate.der()).to_string();
    Ok((check_client_certificate(certificate.der())?, pem))
}
