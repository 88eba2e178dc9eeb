//! The honest client: a new connection, a handshake, one Get, goodbye; again and again.
//!
//! Invariant: it runs on a thread of its own, so that what it waits for is the server and not the attackers beside it.

use crate::client::{Peer, Session};
use crate::error::{Doing, Error};
use crate::stats::percentile;
use crate::vcenter::Step;
use std::time::{Duration, Instant};

/// An answer that takes longer than this is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// After a failure, so as not to spin.
const PAUSE: Duration = Duration::from_millis(20);

/// What one window showed.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Window {
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// What the first failure was.
    pub(crate) failure: Option<String>,
}

/// Asks for `key` for one window of this length.
pub(crate) fn measure(peer: &Peer, key: &str, window: Duration) -> Result<Window, Error> {
    let (peer, key) = (peer.clone(), key.to_owned());
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.doing(|| "starting the honest client".into()).map(|runtime| runtime.block_on(ask(&peer, &key, window)))
    });
    thread.join().map_err(|_| Error::Panicked)?
}

async fn ask(peer: &Peer, key: &str, window: Duration) -> Window {
    let mut latencies = Vec::new();
    let (mut failed, mut failure) = (0, None);
    let end = Instant::now() + window;
    while Instant::now() < end {
        let begin = Instant::now();
        match tokio::time::timeout(PATIENCE, once(peer, key)).await {
            Ok(Ok(())) => latencies.push(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX)),
            other => {
                failed += 1;
                failure.get_or_insert_with(|| match other {
                    Ok(Err(error)) => error.to_string(),
                    Ok(Ok(())) | Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
                });
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Window {
        answered: latencies.len() as u64,
        failed,
        p50_us: percentile(&mut latencies, 50),
        p99_us: percentile(&mut latencies, 99),
        failure,
    }
}

async fn once(peer: &Peer, key: &str) -> Result<(), Error> {
    let mut session = Session::open(peer).await?;
    session.ask(peer, Step::Get, key).await?;
    session.close().await;
    Ok(())
}
