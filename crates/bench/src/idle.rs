//! What an idle connection costs in memory.
//!
//! Invariant: the memory is read after the server has seen the last of the connections, and while all are open.

use crate::client::{Peer, Session};
use crate::error::Error;
use crate::vcenter::Step;
use std::time::Duration;

const SETTLE: Duration = Duration::from_millis(500);

/// Resident bytes for each connection.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Idle {
    /// After the handshake, before any request.
    pub(crate) silent: u64,
    /// After one request on each.
    pub(crate) spoken: u64,
}

/// Opens so many connections and leaves them idle.
pub(crate) async fn measure(peer: &Peer, count: u32) -> Result<Idle, Error> {
    // One before the count, so that what the first connection brings along for all isn't put down to each.
    let first = crate::drive::greeted(peer).await?;
    let before = peer.process.resident()?;
    let mut sessions = Vec::new();
    for _ in 0..count {
        sessions.push(Session::open(peer).await?);
    }
    let silent = grown(peer, before, count).await?;
    for session in &mut sessions {
        session.ask(peer, Step::Greet, "").await?;
    }
    let spoken = grown(peer, before, count).await?;
    for session in sessions {
        session.close().await;
    }
    first.close().await;
    Ok(Idle { silent, spoken })
}

async fn grown(peer: &Peer, before: u64, count: u32) -> Result<u64, Error> {
    tokio::time::sleep(SETTLE).await;
    Ok(peer.process.resident()?.saturating_sub(before) / u64::from(count.max(1)))
}
