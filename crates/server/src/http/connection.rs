//! The accept loop: TCP, a TLS handshake under a time limit, then HTTP/1.1 or HTTP/2.
//!
//! The invariant of this room: **what has not yet shown an API key can hold little for a short time**: so many connections, so
//! many seconds, so many header bytes.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::attend::Peer;
use super::leftover::{self, Kept};
use super::{Administration, Api};
use crate::crowd::{Quiet, Shares, block};
use crate::tls::Live;
use crate::workers::Workers;

const CONNECTIONS: usize = 1024;
/// From one address: it takes several to keep everybody else out.
const CONNECTIONS_PER_ADDRESS: usize = 384;
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(15);
const HEADER_BYTES: u32 = 32 * 1024;
const CONCURRENT_STREAMS: u32 = 32;
/// After an error of accept (no descriptors left), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long open requests may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves the administration API on `listener` until `stop` is done; then takes no more connections, and lets requests in progress
/// finish for 10 seconds.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<Live>,
    administration: Arc<Administration>,
    stop: impl Future<Output = ()>,
) {
    let (draining, drain) = watch::channel(());
    let workers = match Workers::start("http") {
        Ok(workers) => workers,
        Err(error) => return tracing::error!(%error, "the administration port can't be served"),
    };
    let house = House::new(tls, super::api(administration), workers);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => house.receive(stream, peer, drain.clone()),
                Err(error) => {
                    tracing::warn!(%error, "the administration port can't accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop((listener, drain));
    let _ = draining.send(());
    // Closed once the last connection has dropped its receiver.
    let _ = timeout(DRAIN, draining.closed()).await;
    // Waits for threads to end, which an event loop must not.
    let _ = tokio::task::spawn_blocking(move || drop(house)).await;
}

/// What all connections of the port share.
struct House {
    seats: Arc<Semaphore>,
    shares: Arc<Shares<IpAddr>>,
    quiet: Quiet,
    tls: Arc<Live>,
    service: Api<Kept>,
    workers: Workers,
}

impl House {
    fn new(tls: Arc<Live>, service: Api<Kept>, workers: Workers) -> Self {
        let (seats, shares) = (Arc::new(Semaphore::new(CONNECTIONS)), Shares::new(CONNECTIONS_PER_ADDRESS));
        House { seats, shares, quiet: Quiet::default(), tls, service, workers }
    }

    fn receive(&self, stream: TcpStream, peer: SocketAddr, drain: watch::Receiver<()>) {
        let Ok(share) = self.shares.take(block(peer.ip())) else {
            return self.turn_away(peer, "its address has 384 already");
        };
        let Ok(seat) = self.seats.clone().try_acquire_owned() else {
            return self.turn_away(peer, "there are 1024 already");
        };
        let (acceptor, service) = (TlsAcceptor::from(self.tls.admin()), self.service.clone());
        let given = self.workers.give(stream, move |stream| async move {
            converse(stream, peer, acceptor, service, drain).await;
            drop((seat, share));
        });
        if let Err(error) = given {
            self.quiet
                .line(|| tracing::warn!(%peer, %error, "a connection to the administration port can't be served"));
        }
    }

    fn turn_away(&self, peer: SocketAddr, why: &'static str) {
        let write = || tracing::warn!(%peer, "a connection to the administration port was turned away: {why}");
        self.quiet.line(write);
    }
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: TlsAcceptor,
    service: Api<Kept>,
    mut drain: watch::Receiver<()>,
) {
    let _ = stream.set_nodelay(true);
    let stream = match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%peer, %error, "no TLS handshake on the administration port"),
        Err(_) => return tracing::debug!(%peer, "the TLS handshake on the administration port took too long"),
    };
    let builder = builder();
    let service = TowerToHyperService::new(service);
    let peer_of_all = Peer { address: peer.ip().to_canonical(), token: Arc::default() };
    let answer = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer_of_all.clone());
        let (request, leftover) = leftover::keep(request);
        let answering = service.call(request);
        async move {
            let mut answer = answering.await?;
            if let Some(leftover) = leftover {
                leftover.clear(&mut answer).await;
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answer));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = drain.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error = error.to_string(), "a connection to the administration port ended badly");
    }
}

pub(super) fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(HEADER_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(CONCURRENT_STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .keep_alive_interval(HEADERS)
        .keep_alive_timeout(HEADERS);
    builder
}
