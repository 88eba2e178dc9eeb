//! TCP and TLS as vCenter opens them, and what can be learned on the way: addresses, protocol, cipher suite, certificate, times.
//!
//! The invariant of this room: **a handshake is judged by what was seen in it, never by whether we would have liked it**: any server
//! certificate is let through, and [`super::certificate`] judges it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::identity::{Card, Identity};
use super::message::Login;
use super::names;
use super::report::{Report, Stopped};
use super::witness::Witness;

/// The server under examination.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) roots: Option<Arc<RootCertStore>>,
    pub(super) timeout: Duration,
    /// What each message must bear, if the server demands it.
    pub(super) login: Option<Arc<Login>>,
}

/// What a client offers in its hello.
pub(super) struct Offer {
    pub(super) versions: &'static [&'static SupportedProtocolVersion],
    pub(super) provider: Arc<CryptoProvider>,
    /// Takes no certificate but an RSA one.
    pub(super) rsa_only: bool,
    /// Keeps sessions, and asks to take them up again.
    pub(super) resumes: bool,
}

/// A client that connects with one configuration, as often as it is told to.
pub(super) struct Client<'a> {
    target: &'a Target,
    identified: bool,
    witness: Arc<Witness>,
    card: Arc<Card>,
    config: Arc<ClientConfig>,
}

/// What a handshake showed.
pub(super) struct Shown {
    /// The server's certificate and what it sent along.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Whether the chain leads to the given CA: none where none was given.
    pub(super) trusted: Option<Result<(), String>>,
    pub(super) protocol: String,
    pub(super) cipher: String,
    /// The key exchange, where the handshake came to its end.
    pub(super) group: Option<String>,
    /// Whether the server asked for a client certificate.
    pub(super) asked: bool,
    /// Whether an earlier session was taken up.
    pub(super) resumed: bool,
    /// Whether the server is on this very machine.
    pub(super) local: bool,
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
        names::TCP,
        connect(target).await,
        |_| format!("to {target} in {:.1} ms", begun.elapsed().as_secs_f64() * 1e3),
        "the key server's connection status is \"Not connected\"; check address, port and firewall between them",
    )?;
    let shown = match Client::new(target, None, Offer::default()) {
        Ok(client) => client.shake(stream).await.map(|(_, shown)| shown),
        Err(error) => Err(error),
    };
    report.step(
        names::TLS_PROBE,
        shown,
        |shown| format!("{}, {}, {:.1} ms", shown.protocol, shown.cipher, shown.took.as_secs_f64() * 1e3),
        "\"Make vCenter Trust KMS\" can't fetch the server's certificate",
    )
}

/// Opens a connection as vCenter does for every task.
pub(super) async fn open(target: &Target, identity: &Identity) -> Result<Opened, Error> {
    Client::new(target, Some(identity), Offer::default())?.open().await
}

/// A TCP connection.
pub(super) async fn connect(target: &Target) -> Result<TcpStream, Error> {
    let stream = timeout(target.timeout, TcpStream::connect((target.host.as_str(), target.port)))
        .await
        .map_err(|_| Error::Tcp("no answer".to_owned()))?
        .map_err(|error| Error::Tcp(error.to_string()))?;
    stream.set_nodelay(true).map_err(|error| Error::Tcp(error.to_string()))?;
    Ok(stream)
}

impl Default for Offer {
    /// What vCenter can be taken to offer: TLS 1.2 and 1.3 with ECDHE, RSA and ECDSA, no resumption.
    fn default() -> Self {
        Offer {
            versions: rustls::ALL_VERSIONS,
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            rsa_only: false,
            resumes: false,
        }
    }
}

impl<'a> Client<'a> {
    pub(super) fn new(target: &'a Target, identity: Option<&Identity>, offer: Offer) -> Result<Self, Error> {
        let tls = |error: &dyn fmt::Display| Error::Tls(error.to_string());
        let witness = Witness::new(target.roots.clone(), offer.rsa_only).map_err(|error| tls(&error))?;
        let (witness, card) = (Arc::new(witness), Arc::new(Card::new(identity)));
        let mut config = ClientConfig::builder_with_provider(offer.provider)
            .with_protocol_versions(offer.versions)
            .map_err(|error| tls(&error))?
            .dangerous()
            .with_custom_certificate_verifier(witness.clone())
            .with_client_cert_resolver(card.clone());
        config.resumption = if offer.resumes { Resumption::in_memory_sessions(8) } else { Resumption::disabled() };
        Ok(Client { target, identified: identity.is_some(), witness, card, config: Arc::new(config) })
    }

    /// A connection whose handshake came to its end.
    pub(super) async fn open(&self) -> Result<Opened, Error> {
        let begun = Instant::now();
        let (stream, shown) = self.shake(connect(self.target).await?).await?;
        let stream = stream.ok_or_else(|| Error::Tls("the server ended the connection in the handshake".to_owned()))?;
        Ok(Opened { stream, shown, begun })
    }

    /// What a handshake on a new connection shows, also where the server ends it for want of a client certificate.
    pub(super) async fn look(&self) -> Result<Shown, Error> {
        Ok(self.shake(connect(self.target).await?).await?.1)
    }

    /// The handshake. Without a client certificate it is enough that the server has shown its own and signed with it.
    async fn shake(&self, stream: TcpStream) -> Result<(Option<TlsStream<TcpStream>>, Shown), Error> {
        let tls = |error: &dyn fmt::Display| Error::Tls(error.to_string());
        let local = is_local(&stream);
        let name = ServerName::try_from(self.target.host.clone()).map_err(|error| tls(&error))?;
        let begun = Instant::now();
        let connecting = TlsConnector::from(self.config.clone()).connect(name, stream);
        let outcome =
            timeout(self.target.timeout, connecting).await.map_err(|_| tls(&"no answer to the client's hello"))?;
        let took = begun.elapsed();
        let (chain, trusted) = self.witness.testimony();
        let shown = Shown { chain, trusted, asked: self.card.was_asked(), local, took, ..Shown::cut_short() };
        match outcome {
            Ok(stream) => {
                let shown = negotiated(&stream, shown);
                Ok((Some(stream), shown))
            }
            Err(_) if !self.identified && !shown.chain.is_empty() => Ok((None, shown)),
            Err(error) => Err(tls(&error)),
        }
    }
}

impl Shown {
    /// Of a handshake that the server ended after its certificate, before the suite could be read off.
    pub(super) fn cut_short() -> Self {
        Shown {
            chain: Vec::new(),
            trusted: None,
            protocol: "TLS".to_owned(),
            cipher: "ended by the server after its certificate".to_owned(),
            group: None,
            asked: false,
            resumed: false,
            local: false,
            took: Duration::ZERO,
        }
    }
}

fn negotiated(stream: &TlsStream<TcpStream>, shown: Shown) -> Shown {
    let (_, connection) = stream.get_ref();
    let protocol = connection.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS");
    let cipher =
        connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("no cipher suite");
    Shown {
        protocol: protocol.replace("TLSv", "TLS ").replace('_', "."),
        cipher: cipher.to_owned(),
        group: connection.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name())),
        resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        ..shown
    }
}

/// A machine that talks to itself does so from the address that it talks to, or from a loopback address.
fn is_local(stream: &TcpStream) -> bool {
    let address = |found: std::io::Result<SocketAddr>| found.ok().map(|found| found.ip().to_canonical());
    match (address(stream.local_addr()), address(stream.peer_addr())) {
        (Some(ours), Some(theirs)) => ours == theirs || IpAddr::is_loopback(&theirs),
        _ => false,
    }
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
