//! Makes keys, many at once: batches of Creates over many connections.
//!
//! Invariant: every key asked for was acknowledged, or the run ends.

use crate::client::{Peer, Session};
use crate::drive::greeted;
use crate::error::Error;
use crate::ttlv::{Walk, tag};
use crate::vcenter::{Step, create_batch};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The most items that the server takes in one message.
const BATCH: u64 = 128;
const CONNECTIONS: usize = 64;
const PROGRESS: Duration = Duration::from_secs(5);

/// Makes so many keys without a name; their unique identifiers.
pub(crate) async fn unnamed(peer: &Peer, count: u64) -> Result<Vec<String>, Error> {
    let mut session = greeted(peer).await?;
    let mut ids = Vec::new();
    for (_, size) in batches(count) {
        let answer = session.batch(peer, size, |w| create_batch(w, None, size)).await?;
        let found = Walk::over(answer).filter(|field| field.tag == tag::UNIQUE_IDENTIFIER);
        ids.extend(found.filter_map(|field| field.text().map(str::to_owned)));
    }
    session.close().await;
    Ok(ids)
}

/// Makes so many keys named `key_name(0)` and on; the time it took.
pub(crate) async fn named(peer: &Peer, count: u64) -> Result<Duration, Error> {
    let begin = Instant::now();
    let work = Arc::new(Work { batches: batches(count).collect(), next: AtomicU64::new(0) });
    let mut workers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        workers.spawn(fill(peer.clone(), work.clone()));
    }
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + PROGRESS, PROGRESS);
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                Some(ended) => ended.map_err(|_| Error::Panicked)??,
                None => return Ok(begin.elapsed()),
            },
            _ = ticks.tick() => crate::report::say(&format!("  made {} of {count} keys", work.done(count))),
        }
    }
}

/// An error unless a name finds its key, and only that one.
pub(crate) async fn find(peer: &Peer, name: &str) -> Result<(), Error> {
    let mut session = greeted(peer).await?;
    session.ask(peer, Step::Locate, name).await?;
    session.close().await;
    Ok(())
}

struct Work {
    /// First key and size of each.
    batches: Vec<(u64, u32)>,
    next: AtomicU64,
}

impl Work {
    fn take(&self) -> Option<(u64, u32)> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        usize::try_from(index).ok().and_then(|index| self.batches.get(index)).copied()
    }

    /// Keys in batches that were begun.
    fn done(&self, count: u64) -> u64 {
        (self.next.load(Ordering::Relaxed) * BATCH).min(count)
    }
}

async fn fill(peer: Peer, work: Arc<Work>) -> Result<(), Error> {
    let mut session: Session = greeted(&peer).await?;
    while let Some((first, size)) = work.take() {
        session.batch(&peer, size, |w| create_batch(w, Some(first), size)).await?;
    }
    session.close().await;
    Ok(())
}

fn batches(count: u64) -> impl Iterator<Item = (u64, u32)> {
    let whole = (0..count / BATCH).map(|index| (index * BATCH, BATCH));
    let rest = std::iter::once((count / BATCH * BATCH, count % BATCH));
    whole.chain(rest).filter_map(|(first, size)| Some((first, u32::try_from(size).ok().filter(|&size| size > 0)?)))
}

#[cfg(test)]
mod tests {
    use super::batches;

    #[test]
    fn batches_cover_every_key_once() {
        for count in [0, 1, 127, 128, 129, 1_000] {
            let keys: Vec<u64> = batches(count).flat_map(|(first, size)| first..first + u64::from(size)).collect();
            assert_eq!(keys, (0..count).collect::<Vec<_>>(), "{count} keys");
            assert!(batches(count).all(|(_, size)| (1..=128).contains(&size)));
        }
    }
}
