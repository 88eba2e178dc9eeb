//! [`Witness`]: lets every server certificate through, and remembers it.
//!
//! That the certificate's owner signed the handshake is verified always.

use std::sync::{Arc, Mutex};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};

/// The chain that was shown, and whether it leads to the given CA.
pub(super) type Testimony = (Vec<CertificateDer<'static>>, Option<Result<(), String>>);

/// Lets every certificate through and keeps it, with the verdict of a strict verifier where there is a CA to judge by.
#[derive(Debug)]
pub(super) struct Witness {
    provider: Arc<CryptoProvider>,
    strict: Option<Arc<WebPkiServerVerifier>>,
    rsa_only: bool,
    seen: Mutex<Testimony>,
}

impl Witness {
    /// `rsa_only` says to the server that no other certificate will do.
    pub(super) fn new(
        roots: Option<Arc<RootCertStore>>,
        rsa_only: bool,
    ) -> Result<Self, rustls::client::VerifierBuilderError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let build = |roots| WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
        let strict = roots.map(build).transpose()?;
        Ok(Witness { provider, strict, rsa_only, seen: Mutex::default() })
    }

    pub(super) fn testimony(&self) -> Testimony {
        self.seen.lock().map(|seen| seen.clone()).unwrap_or_default()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain =
            std::iter::once(end_entity).chain(intermediates).map(|certificate| certificate.clone().into_owned());
        let verdict = self.strict.as_ref().map(|strict| {
            let verified = strict.verify_server_cert(end_entity, intermediates, name, ocsp, now);
            verified.map(|_| ()).map_err(|error| error.to_string())
        });
        if let Ok(mut seen) = self.seen.lock() {
            *seen = (chain.collect(), verdict);
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let schemes = self.provider.signature_verification_algorithms.supported_schemes();
        let wanted = |scheme: &SignatureScheme| !self.rsa_only || format!("{scheme:?}").starts_with("RSA");
        schemes.into_iter().filter(wanted).collect()
    }
}
