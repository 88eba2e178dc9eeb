//! The handshake: who is there, and if nobody is, why.
//!
//! The invariant: **all of it has one deadline, and gives way to newcomers**; nobody is served before it is over.

use super::House;
use super::opening::{hello, message};
use super::proxy;
use super::refusals::{Refusal, cause};
use super::seats::{Cut, Full, Seat, Waiting};
use super::visitor::{Came, Visitor};
use crate::tls::{self, Offer};
use rustls::ServerConfig;
use rustls::server::{AcceptedAlert, Acceptor};
use socket2::SockRef;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::StartHandshake;
use tokio_rustls::server::TlsStream;

/// How long, and for how many bytes, a client that is turned away may go on talking before it is cut off: an end in the middle of its
/// message would reach it as a reset connection, and it would not see what went before.
const FAREWELL: Duration = Duration::from_secs(1);
const FAREWELL_BYTES: u64 = 16 * 1024;

/// TLS over TCP. In a box, so that a connection that is not that far holds no memory for it.
pub(super) type Stream = Box<TlsStream<TcpStream>>;

/// A client whose key signed the handshake.
pub(super) struct Peer {
    pub(super) stream: Stream,
    pub(super) fingerprint: [u8; 32],
    /// How it came in: by its own address, where a load balancer told of it.
    pub(super) came: Came,
}

/// Shakes hands. None: there is no client to serve, and it was counted and logged.
pub(super) async fn shake(stream: TcpStream, came: Came, waiting: &mut Waiting, house: &House) -> Option<Peer> {
    let mut attempt = Attempt { came, records: Vec::new(), house };
    let stream = match attempt.shake(stream, waiting).await {
        Ok(stream) => stream,
        Err((refusal, error)) => {
            attempt.tell(refusal, error.as_ref());
            return None;
        }
    };
    let came = attempt.came;
    acknowledge(stream.get_ref().0);
    Visitor { session: stream.get_ref().1, came }.shook_hands(house);
    let end_entity = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    match end_entity.map(|certificate| tls::fingerprint(certificate)) {
        Some(fingerprint) => Some(Peer { stream, fingerprint, came }),
        None => {
            attempt.tell(Refusal::NoCertificate, None);
            dismiss(stream, waiting).await;
            None
        }
    }
}

/// A seat for a client that is let in. None: there is none, which was counted and logged.
pub(super) fn seat(waiting: Waiting, came: Came, house: &House) -> Option<Seat> {
    let told = |full: Full| {
        house.port.refusals.count(Refusal::Full);
        house.quiet.line(|| {
            let (peer, refusal) = (came.from, Refusal::Full.label());
            tracing::warn!(%peer, refusal, "a client was turned away: {full}");
        });
    };
    waiting.sit().map_err(told).ok()
}

/// Closes the connection of a client that is not let in, at once where its room is wanted.
pub(super) async fn dismiss(stream: Stream, waiting: &mut Waiting) {
    let _ = waiting.until(Instant::now() + FAREWELL, farewell(stream)).await;
}

/// What is known of a connection before there is a client.
struct Attempt<'a> {
    came: Came,
    /// Those of its ClientHello, as far as they came.
    records: Vec<u8>,
    house: &'a House,
}

/// Why there is no client, and what the TLS library or the system says of it.
type Failure = (Refusal, Option<io::Error>);

impl Attempt<'_> {
    async fn shake(&mut self, mut stream: TcpStream, waiting: &mut Waiting) -> Result<Stream, Failure> {
        let port = &self.house.port;
        let deadline = Instant::now() + port.limits.handshake;
        if proxy::is_listed(&port.proxies, self.came.from.ip()) {
            let told = waiting.until(deadline, proxy::read(&mut stream)).await;
            if let Some(source) = told.map_err(|cut| (self.cut(cut), None))?.map_err(|refusal| (refusal, None))? {
                waiting.is_from(source.ip());
                self.came.from = source;
            }
        }
        let came = waiting.until(deadline, hello(&mut stream, &mut self.records)).await;
        came.map_err(|cut| (self.cut(cut), None))?.map_err(|refusal| (refusal, None))?;
        let shaken = Box::pin(waiting.until(deadline, finish(stream, &self.records, port.tls.kmip()))).await;
        shaken.map_err(|cut| (self.cut(cut), None))?.map_err(|error| (cause(&error, &self.offer()), Some(error)))
    }

    fn offer(&self) -> Offer {
        Offer::read(&message(&self.records))
    }

    fn cut(&self, cut: Cut) -> Refusal {
        match cut {
            Cut::Crowded => Refusal::Crowded,
            Cut::Time if self.records.is_empty() => Refusal::Silent,
            Cut::Time => Refusal::Slow,
        }
    }

    fn tell(&self, refusal: Refusal, error: Option<&io::Error>) {
        self.house.port.refusals.count(refusal);
        self.house.quiet.line(|| {
            let words = refusal.words(&self.offer());
            let (peer, refusal) = (self.came.from, refusal.label());
            let cause = error.map(tracing::field::display);
            tracing::info!(%peer, refusal, cause, "{words}");
        });
    }
}

/// The handshake from its ClientHello on.
async fn finish(stream: TcpStream, mut records: &[u8], config: Arc<ServerConfig>) -> io::Result<Stream> {
    let mut acceptor = Acceptor::default();
    while acceptor.read_tls(&mut records)? > 0 {
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                return StartHandshake::from_parts(accepted, stream).into_stream(config).await.map(Box::new);
            }
            Ok(None) => {}
            Err((error, alert)) => return Err(refuse(stream, error, alert).await),
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// Tells the client, as TLS has it.
async fn refuse(mut stream: TcpStream, error: rustls::Error, mut alert: AcceptedAlert) -> io::Error {
    let mut bytes = Vec::new();
    if alert.write_all(&mut bytes).is_ok() {
        let _ = stream.write_all(&bytes).await; // it may be gone
    }
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Acknowledges the end of the handshake at once. In TLS 1.3 it is the client's turn twice, and there is nothing of ours that the
/// acknowledgement could ride on: a client that leaves Nagle's algorithm on would hold its request back for the 40 ms by which an
/// acknowledgement may be delayed, and vCenter opens a connection for nearly every request.
fn acknowledge(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_tcp_quickack(true);
}

/// Closes a connection so that the peer can read what was sent before.
pub(super) async fn farewell(mut stream: Stream) {
    let close = async {
        stream.shutdown().await?;
        let (tcp, _) = stream.get_mut();
        tokio::io::copy(&mut tcp.take(FAREWELL_BYTES), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(FAREWELL, close).await;
}
