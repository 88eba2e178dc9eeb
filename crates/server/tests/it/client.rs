//! A TLS client and a server that talk in memory, and certificates of every kind to talk with.

use rcgen::{CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SignatureAlgorithm};
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind, NamedGroup,
    ServerConfig, ServerConnection, SignatureScheme, SupportedProtocolVersion,
};
use std::sync::Arc;

/// What came of a handshake.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether the session was a new one.
    pub(crate) kind: Option<HandshakeKind>,
    /// The certificate that the server saw.
    pub(crate) certificate: Option<CertificateDer<'static>>,
    /// The certificate that the client saw.
    pub(crate) server_certificate: Vec<u8>,
    /// How they came to their keys.
    pub(crate) group: Option<NamedGroup>,
}

/// Shakes hands in memory; an error is the server's, or else the client's.
pub(crate) fn handshake(server: Arc<ServerConfig>, client: Arc<ClientConfig>, name: &str) -> Result<Outcome, Error> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(client, name).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    for _round in 0..8 {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        feed(&bytes, |input| server.read_tls(input));
        server.process_new_packets()?;
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        feed(&bytes, |input| client.read_tls(input));
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking(), "the handshake came to no end");
    let certificate = server.peer_certificates().and_then(|chain| chain.first()).map(|der| der.clone().into_owned());
    let server_certificate = client.peer_certificates().unwrap()[0].to_vec();
    let group = client.negotiated_key_exchange_group().map(|group| group.name());
    Ok(Outcome { kind: client.handshake_kind(), certificate, server_certificate, group })
}

fn feed(mut bytes: &[u8], mut read: impl FnMut(&mut dyn std::io::Read) -> std::io::Result<usize>) {
    while !bytes.is_empty() {
        read(&mut bytes).unwrap();
    }
}

/// A client that trusts every server and shows what `key` says, or nothing.
pub(crate) fn client(version: &'static SupportedProtocolVersion, key: Option<CertifiedKey>) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(server::tls::provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer { verdict: Ok(()), schemes: all_schemes() }));
    Arc::new(match key {
        Some(key) => builder.with_client_cert_resolver(Arc::new(Shows(Arc::new(key)))),
        None => builder.with_no_client_auth(),
    })
}

/// A client without a certificate that takes only signatures of these schemes.
pub(crate) fn showing_schemes(
    version: &'static SupportedProtocolVersion,
    provider: Arc<CryptoProvider>,
    schemes: &[SignatureScheme],
) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let verifier = Arc::new(AnyServer { verdict: Ok(()), schemes: schemes.to_vec() });
    Arc::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// A client without a certificate that finds this wrong with every server's.
pub(crate) fn finding(error: CertificateError) -> Arc<ClientConfig> {
    let builder =
        ClientConfig::builder_with_provider(server::tls::provider()).with_protocol_versions(&[&TLS13]).unwrap();
    let verifier = Arc::new(AnyServer { verdict: Err(error.into()), schemes: all_schemes() });
    Arc::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn all_schemes() -> Vec<SignatureScheme> {
    server::tls::provider().signature_verification_algorithms.supported_schemes()
}

/// A certificate and its private key.
pub(crate) struct Pair {
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: KeyPair,
}

impl Pair {
    /// A self-signed certificate.
    pub(crate) fn new(algorithm: &'static SignatureAlgorithm, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "kmipClient20260101000000");
        change(&mut params);
        Pair { certificate: params.self_signed(&key).unwrap().der().to_vec(), key }
    }

    /// What rustls signs with, without its check that the two belong together.
    pub(crate) fn certified(&self) -> CertifiedKey {
        CertifiedKey::new(vec![self.certificate.clone().into()], self.signing_key())
    }

    pub(crate) fn signing_key(&self) -> Arc<dyn SigningKey> {
        let der = PrivateKeyDer::try_from(self.key.serialized_der().to_vec()).unwrap();
        server::tls::provider().key_provider.load_private_key(der).unwrap()
    }
}

pub(crate) fn authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
}

pub(crate) fn for_servers_only(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
}

pub(crate) fn unknown_critical_extension(params: &mut CertificateParams) {
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
}

pub(crate) fn expired(params: &mut CertificateParams) {
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
}

/// The same certificate as version 1: without version and extensions. Its own signature no longer fits, which nobody looks at.
pub(crate) fn version_1(certificate: &[u8]) -> Vec<u8> {
    let parts = elements(content(certificate));
    let fields = elements(content(parts[0]));
    let kept: Vec<u8> =
        fields.into_iter().filter(|field| ![0xa0, 0xa3].contains(&field[0])).flatten().copied().collect();
    let rest: Vec<u8> =
        [sequence(&kept)].into_iter().chain(parts[1..].iter().map(|part| part.to_vec())).flatten().collect();
    sequence(&rest)
}

fn sequence(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82][..], &length, content].concat()
}

fn content(element: &[u8]) -> &[u8] {
    &element[header(element)..]
}

fn header(element: &[u8]) -> usize {
    2 + if element[1] < 0x80 { 0 } else { usize::from(element[1] & 0x7f) }
}

fn elements(mut input: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !input.is_empty() {
        let header = header(input);
        let length = match input[1] {
            short if short < 0x80 => usize::from(short),
            _ => input[2..header].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        let (element, rest) = input.split_at(header + length);
        found.push(element);
        input = rest;
    }
    found
}

#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        assert!(hints.is_empty(), "the server names no authorities, so that clients send what they have");
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Judges every server's certificate alike.
#[derive(Debug)]
struct AnyServer {
    verdict: Result<(), Error>,
    schemes: Vec<SignatureScheme>,
}

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verdict.clone().map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
