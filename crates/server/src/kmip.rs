//! The KMIP port: TCP, TLS, frames. What a frame means is the engine's.
//!
//! The invariant of this room: **every request is handled for a client that is on a list at that moment, and no peer can hold more than
//! its share**: connections, seconds, bytes. A connection is a task of its own, which allocates nothing between requests and whose end,
//! however bad, is the end of nothing else.

mod admission;
mod book;
mod connection;
mod destroys;
mod doors;
mod handshake;
mod listen;
mod opening;
mod proxy;
mod refusals;
mod rules;
mod seats;
mod sightings;
mod trace;
mod visitor;

pub use book::{Book, Stranger};
pub(crate) use destroys::DESTROYS;
pub use destroys::Destroys;
pub use listen::listen;
pub use refusals::Refusals;
pub use sightings::{Seen, Sightings, Step};

use crate::config::Limits;
use crate::crowd::{Quiet, Shares};
use crate::metrics;
use crate::tls::Live;
use crate::workers::Workers;
use ::kmip::Timestamp;
use admission::Reminders;
use doors::{Doors, Reception};
use engine::Engine;
use keymanager::Network;
use rules::Rules;
use seats::Seats;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

/// How long requests in progress may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How often a port of an adapter's own is tried again that could not be opened.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// What the connections work with.
pub struct Port {
    /// Answers requests and knows who is on a list.
    pub engine: Arc<Engine>,
    /// The TLS configuration.
    pub tls: Arc<Live>,
    /// How much of what a peer may have.
    pub limits: Limits,
    /// Load balancers, which say whose connection they pass on.
    pub proxies: Vec<Network>,
    /// Where it is counted why connections came to nothing.
    pub refusals: Arc<Refusals>,
    /// Where strangers are noted.
    pub book: Arc<Book>,
    /// Where the steps of a pairing are noted.
    pub sightings: Arc<Sightings>,
    /// Where it is counted who destroys keys.
    pub destroys: Arc<Destroys>,
    /// Where what happens is counted.
    pub metrics: Arc<metrics::Kmip>,
    /// Where connections have the time from.
    pub now: fn() -> Timestamp,
}

/// Serves KMIP on `listener` and on the adapters' own ports until `stop` is done; then takes no more connections, and lets requests in
/// progress finish for 10 seconds.
pub async fn serve(listener: TcpListener, port: Port, stop: impl Future<Output = ()>) {
    let (workers, address) = match (Workers::start("kmip"), listener.local_addr()) {
        (Ok(workers), Ok(address)) => (Arc::new(workers), address.ip()),
        (Err(error), _) | (_, Err(error)) => return tracing::error!(%error, "the KMIP port can't be served"),
    };
    let (news, hears) = watch::channel(false);
    let house = Arc::new(House::new(port));
    let reception = Reception { house: house.clone(), workers: workers.clone(), news: hears };
    let mut shared = reception.open(listener, None);
    let mut doors = Doors::new(address, reception);
    let mut changes = house.port.engine.registry().news();
    let mut clock = tokio::time::interval(TRY_AGAIN);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = &mut shared => break,
            _ = changes.changed() => {
                news.send_modify(|_| ());
                doors.settle().await;
            }
            _ = clock.tick() => doors.settle().await,
        }
    }
    doors::end(shared).await;
    doors.close().await;
    drain(news, workers).await;
}

/// Lets requests in progress finish. All that take in connections are gone.
async fn drain(news: watch::Sender<bool>, workers: Arc<Workers>) {
    news.send_replace(true);
    // Closed once the last connection has dropped its receiver.
    if tokio::time::timeout(DRAIN, news.closed()).await.is_err() {
        tracing::warn!(connections = news.receiver_count(), "requests were still in progress and are cut off");
    }
    // Waits for threads to end, which an event loop must not.
    let _ = tokio::task::spawn_blocking(move || drop(workers)).await;
}

/// What all connections share.
struct House {
    port: Port,
    seats: Arc<Seats>,
    shares: Arc<Shares<Uuid>>,
    rules: Rules,
    quiet: Quiet,
    reminders: Reminders,
}

impl House {
    fn new(port: Port) -> Self {
        House {
            seats: Seats::new(&port.limits),
            shares: Shares::new(port.limits.connections_per_adapter),
            rules: Rules::default(),
            quiet: Quiet::default(),
            reminders: Reminders::default(),
            port,
        }
    }
}
