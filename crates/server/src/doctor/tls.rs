//! TCP and TLS as vCenter opens them, and what can be learned on the way: addresses, protocol, cipher suite, certificate, times.
//!
//! The invariant of this room: **a handshake is judged by what was seen in it, never by whether we would have liked it**: any server
//! certificate is let through, and [`super::certificate`] judges it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::report::{Report, Stopped};
use super::witness::Witness;
use crate::cli::{Failure, read_file};

/// The server under examination.
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) roots: Option<Arc<RootCertStore>>,
    pub(super) timeout: Duration,
}

/// Who vCenter is: a certificate and its private key.
pub(super) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// What a handshake showed.
pub(super) struct Shown {
    /// The server's certificate and what it sent along.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Whether the chain leads to the given CA: none where none was given.
    pub(super) trusted: Option<Result<(), String>>,
    pub(super) protocol: String,
    pub(super) cipher: String,
    pub(super) took: Duration,
}

/// An open connection.
pub(super) struct Opened {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) shown: Shown,
    /// When the TCP connection was begun.
    pub(super) begun: Instant,
}

/// Where a connection came to grief.
#[derive(Debug)]
pub(super) enum Error {
    Tcp(String),
    Tls(String),
}

/// The trust probe: a connection without a client certificate, as vCenter opens it to show the server's certificate.
pub(super) async fn probe(target: &Target, report: &mut Report) -> Result<Shown, Stopped> {
    let begun = Instant::now();
    let stream = report.step(
        "TCP connection",
        connect(target).await,
        |_| format!("to {target} in {:.1} ms", begun.elapsed().as_secs_f64() * 1e3),
        "the key server's connection status is \"Not connected\"; check address, port and firewall between them",
    )?;
    let shown = shake(target, stream, None).await.map(|(_, shown)| shown);
    report.step(
        "TLS without a client certificate",
        shown,
        |shown| format!("{}, {}, {:.1} ms", shown.protocol, shown.cipher, shown.took.as_secs_f64() * 1e3),
        "\"Make vCenter Trust KMS\" can't fetch the server's certificate",
    )
}

/// Opens a connection as vCenter does for every task.
pub(super) async fn open(target: &Target, identity: &Identity) -> Result<Opened, Error> {
    let begun = Instant::now();
    let stream = connect(target).await?;
    let (stream, shown) = shake(target, stream, Some(identity)).await?;
    let stream = stream.ok_or_else(|| Error::Tls("the server ended the connection in the handshake".to_owned()))?;
    Ok(Opened { stream, shown, begun })
}

async fn connect(target: &Target) -> Result<TcpStream, Error> {
    let stream = timeout(target.timeout, TcpStream::connect((target.host.as_str(), target.port)))
        .await
        .map_err(|_| Error::Tcp("no answer".to_owned()))?
        .map_err(|error| Error::Tcp(error.to_string()))?;
    stream.set_nodelay(true).map_err(|error| Error::Tcp(error.to_string()))?;
    Ok(stream)
}

/// The handshake. Without a client certificate it is enough that the server has shown its own and signed with it.
async fn shake(
    target: &Target,
    stream: TcpStream,
    identity: Option<&Identity>,
) -> Result<(Option<TlsStream<TcpStream>>, Shown), Error> {
    let tls = |error: &dyn fmt::Display| Error::Tls(error.to_string());
    let witness = Arc::new(Witness::new(target.roots.clone()).map_err(|error| tls(&error))?);
    let config = config(witness.clone(), identity).map_err(|error| tls(&error))?;
    let name = ServerName::try_from(target.host.clone()).map_err(|error| tls(&error))?;
    let begun = Instant::now();
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let outcome = timeout(target.timeout, connecting).await.map_err(|_| tls(&"no answer to the client's hello"))?;
    let took = begun.elapsed();
    let (chain, trusted) = witness.testimony();
    match outcome {
        Ok(stream) => {
            let (protocol, cipher) = negotiated(&stream);
            Ok((Some(stream), Shown { chain, trusted, protocol, cipher, took }))
        }
        Err(_) if identity.is_none() && !chain.is_empty() => {
            let (protocol, cipher) = ("TLS".to_owned(), "ended by the server after its certificate".to_owned());
            Ok((None, Shown { chain, trusted, protocol, cipher, took }))
        }
        Err(error) => Err(tls(&error)),
    }
}

fn negotiated(stream: &TlsStream<TcpStream>) -> (String, String) {
    let (_, connection) = stream.get_ref();
    let protocol = connection.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS");
    let cipher =
        connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("no cipher suite");
    (protocol.replace("TLSv", "TLS ").replace('_', "."), cipher.to_owned())
}

fn config(witness: Arc<Witness>, identity: Option<&Identity>) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(witness);
    let mut config = match identity {
        Some(identity) => builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())?,
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    Ok(config)
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { host, port, .. } = self;
        if host.contains(':') { write!(formatter, "[{host}]:{port}") } else { write!(formatter, "{host}:{port}") }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Tcp(what) => write!(formatter, "no TCP connection: {what}"),
            Error::Tls(what) => write!(formatter, "no TLS connection: {what}"),
        }
    }
}

impl Identity {
    /// Reads certificate and private key.
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, Failure> {
        let chain = certificates(certificate)?;
        let pem = read_file(key)?;
        let key_der = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
            Failure::new(
                format!("{} holds no private key: {error}", key.display()),
                "give the private key as unencrypted PEM",
            )
        })?;
        Ok(Identity { chain, key: key_der })
    }
}

/// Reads the CA's certificates.
pub(super) fn read_roots(path: &Path) -> Result<Arc<RootCertStore>, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| {
            Failure::new(
                format!("{} can't serve as a CA certificate: {error}", path.display()),
                "give the CA's certificate as PEM",
            )
        })?;
    }
    Ok(Arc::new(roots))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let wrong = |why: String| Failure::new(format!("{}: {why}", path.display()), "give a certificate as PEM");
    let pem = read_file(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates.map_err(|error| wrong(error.to_string()))? {
        none if none.is_empty() => Err(wrong("it holds no certificate".to_owned())),
        certificates => Ok(certificates),
    }
}
