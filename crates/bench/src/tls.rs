//! TLS as both sides of the measurement use it: rustls over aws-lc-rs, no resumption, no tickets, client certificates
//! required.
//!
//! Invariant: the echo costs what a bare mutual handshake costs. It verifies the handshake's signature and looks
//! nothing up.

use crate::error::{Doing, Error};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name that both servers' certificates are made for.
pub(crate) const HOST: &str = "localhost";

/// A certificate chain, leaf first, and the private key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads two PEM files.
    pub(crate) fn read(chain: &Path, key: &Path) -> Result<Self, Error> {
        let read_key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other);
        Ok(Self { chain: read_certificates(chain)?, key: read_key.doing(|| format!("reading {}", key.display()))? })
    }

    /// Writes DER files for another process to read: the key first, then the chain.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let all = std::iter::once(self.key.secret_der()).chain(self.chain.iter().map(AsRef::as_ref));
        let write = |(index, der): (usize, &[u8])| {
            let path = folder.join(format!("{index}.der"));
            std::fs::write(&path, der).map(|()| path)
        };
        all.enumerate().map(write).collect()
    }

    /// Reads what `write` wrote.
    pub(crate) fn read_der(files: &[PathBuf]) -> io::Result<Self> {
        let mut all = files.iter().map(std::fs::read).collect::<io::Result<Vec<_>>>()?.into_iter();
        let key = all.next().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { chain: all.map(CertificateDer::from).collect(), key: PrivatePkcs8KeyDer::from(key).into() })
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// Reads the certificates of a PEM file.
pub(crate) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<_, _>>);
    read.map_err(io::Error::other).doing(|| format!("reading {}", path.display()))
}

/// A client that trusts these roots alone and shows this certificate.
pub(crate) fn client(roots: &[CertificateDer<'static>], identity: Identity) -> Result<Arc<ClientConfig>, Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).map_err(io::Error::other).doing(|| "trusting the server's certificate".into())?;
    }
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config =
        config.and_then(|b| b.with_root_certificates(store).with_client_auth_cert(identity.chain, identity.key));
    finish(config)
}

/// The certificates in a PEM text.
pub(crate) fn certificates(pem: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(io::Error::other)
}

/// A client that trusts these roots alone and shows no certificate.
pub(crate) fn anonymous(roots: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).map_err(io::Error::other).doing(|| "trusting the server's certificate".into())?;
    }
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    finish(config.map(|builder| builder.with_root_certificates(store).with_no_client_auth()))
}

/// A client without a certificate that trusts anyone: it only asks whether a server is there.
pub(crate) fn probe() -> Result<Arc<ClientConfig>, Error> {
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    finish(config.map(|builder| {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider()))).with_no_client_auth()
    }))
}

fn finish(config: Result<ClientConfig, rustls::Error>) -> Result<Arc<ClientConfig>, Error> {
    let mut config = config.map_err(io::Error::other).doing(|| "setting up the TLS client".into())?;
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// The echo's side: any client certificate will do, but there must be one.
pub(crate) fn server(identity: Identity) -> Result<Arc<ServerConfig>, Error> {
    let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config = config.and_then(|builder| {
        let builder = builder.with_client_cert_verifier(Arc::new(Anyone(provider())));
        builder.with_single_cert(identity.chain, identity.key)
    });
    let mut config = config.map_err(io::Error::other).doing(|| "setting up the TLS server".into())?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// The HTTPS echo's side: nobody shows a certificate.
pub(crate) fn open_server(identity: Identity) -> Result<Arc<ServerConfig>, Error> {
    let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config =
        config.and_then(|builder| builder.with_no_client_auth().with_single_cert(identity.chain, identity.key));
    let config = config.map_err(io::Error::other).doing(|| "setting up the TLS server".into())?;
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Takes any certificate whose holder signed the handshake.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl Anyone {
    fn schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }

    fn tls12(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn tls13(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }
}

impl ClientCertVerifier for Anyone {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}
