//! The KMIP port: TCP, TLS, frames. What a frame means is the engine's.
//!
//! The invariant of this room: **every request is handled for a client that is on a list at that moment, and no peer can hold more than
//! its share**: connections, seconds, bytes. A connection is a task of its own, which allocates nothing between requests and whose end,
//! however bad, is the end of nothing else.

mod admission;
mod connection;
mod handshake;
mod listen;
mod quiet;
mod seats;
mod workers;

pub use listen::listen;

use crate::config::Limits;
use crate::tls::Live;
use ::kmip::Timestamp;
use engine::Engine;
use quiet::Quiet;
use seats::Seats;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use workers::Workers;

/// After an error of accept (no descriptors left), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long requests in progress may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// What the connections work with.
pub struct Port {
    /// Answers requests and knows who is on a list.
    pub engine: Arc<Engine>,
    /// The TLS configuration.
    pub tls: Arc<Live>,
    /// How much of what a peer may have.
    pub limits: Limits,
    /// Where connections have the time from.
    pub now: fn() -> Timestamp,
}

/// Serves KMIP on `listener` until `stop` is done; then takes no more connections, and lets requests in progress finish for
/// 10 seconds.
pub async fn serve(listener: TcpListener, port: Port, stop: impl Future<Output = ()>) {
    let workers = match Workers::start() {
        Ok(workers) => workers,
        Err(error) => return tracing::error!(%error, "the threads of the KMIP port can't be started"),
    };
    let (news, hears) = watch::channel(false);
    let mut changes = port.engine.registry().news();
    let house = Arc::new(House { seats: Seats::new(&port.limits), quiet: Quiet::default(), port });
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = changes.changed() => news.send_modify(|_| ()),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => receive(stream, peer, &workers, &house, &hears),
                Err(error) => {
                    tracing::warn!(%error, "the KMIP port can't accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop((listener, hears));
    news.send_replace(true);
    // Closed once the last connection has dropped its receiver.
    if tokio::time::timeout(DRAIN, news.closed()).await.is_err() {
        tracing::warn!(connections = news.receiver_count(), "requests were still in progress and are cut off");
    }
    // Waits for threads to end, which an event loop must not.
    let _ = tokio::task::spawn_blocking(move || drop(workers)).await;
}

/// What all connections of the port share.
struct House {
    port: Port,
    seats: Arc<Seats>,
    quiet: Quiet,
}

fn receive(stream: TcpStream, peer: SocketAddr, workers: &Workers, house: &Arc<House>, news: &watch::Receiver<bool>) {
    match house.seats.take(peer.ip()) {
        Ok(seat) => {
            // From this event loop to the worker's.
            let Ok(stream) = stream.into_std() else { return };
            let (house, news) = (house.clone(), news.clone());
            workers.give(move || async move {
                if let Ok(stream) = TcpStream::from_std(stream) {
                    connection::converse(stream, peer, house, news).await;
                }
                drop(seat);
            });
        }
        Err(full) => house.quiet.line(|| tracing::warn!(%peer, "a connection was turned away: {full}")),
    }
}
