//! The handshake: who is there.

use super::House;
use crate::tls;
use socket2::SockRef;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long, and for how many bytes, a client that is turned away may go on talking before it is cut off: an end in the middle of its
/// message would reach it as a reset connection, and it would not see what went before.
const FAREWELL: Duration = Duration::from_secs(1);
const FAREWELL_BYTES: u64 = 16 * 1024;

/// A client whose key signed the handshake.
pub(super) struct Peer {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) fingerprint: [u8; 32],
}

/// Shakes hands. None: there is no client to serve, and it was logged.
pub(super) async fn shake(stream: TcpStream, address: SocketAddr, house: &House) -> Option<Peer> {
    let accept = TlsAcceptor::from(house.port.tls.kmip()).accept(stream);
    let stream = match tokio::time::timeout(house.port.limits.handshake, accept).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            house
                .quiet
                .line(|| tracing::info!(peer = %address, %error, "no TLS handshake: a trust probe, or no TLS client"));
            return None;
        }
        Err(_) => {
            house.quiet.line(|| tracing::info!(peer = %address, "the TLS handshake took too long"));
            return None;
        }
    };
    acknowledge(stream.get_ref().0);
    let end_entity = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    match end_entity.map(|certificate| tls::fingerprint(certificate)) {
        Some(fingerprint) => Some(Peer { stream, fingerprint }),
        None => {
            let line = "trust probe: a client without a certificate was shown the server's, and is not served";
            house.quiet.line(|| tracing::info!(peer = %address, "{line}"));
            farewell(stream).await;
            None
        }
    }
}

/// Acknowledges the end of the handshake at once. In TLS 1.3 it is the client's turn twice, and there is nothing of ours that the
/// acknowledgement could ride on: a client that leaves Nagle's algorithm on would hold its request back for the 40 ms by which an
/// acknowledgement may be delayed, and vCenter opens a connection for nearly every request.
fn acknowledge(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_tcp_quickack(true);
}

/// Closes a connection so that the peer can read what was sent before.
pub(super) async fn farewell(mut stream: TlsStream<TcpStream>) {
    let close = async {
        stream.shutdown().await?;
        let (tcp, _) = stream.get_mut();
        tokio::io::copy(&mut tcp.take(FAREWELL_BYTES), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(FAREWELL, close).await;
}
