//! [`Health`]: whether the server can do its work, found out by doing a bit of each part of it.
//!
//! The invariant: **what is asked costs the same whoever asks, and at most once a second**, so that a flood of questions is no load;
//! and an answer names no tenant. That a tenant's own root key is disabled is no failure of the server: its owner wants it so, and a
//! load balancer must not take the others' keys away for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::kmip::Timestamp;
use engine::Engine;
use engine::error::Failure;
use keymanager::KeyManager;
use nix::sys::statvfs::statvfs;
use store::journal::Journal;
use store::{Batch, Store};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::metrics::Metrics;

/// How long an answer is good for.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How long a part may take for its bit of work.
const LONGEST: Duration = Duration::from_secs(2);
/// Of how many instances a root key is tried at a time; the next ones the next time.
const SAMPLE: usize = 16;
/// Less free room than this is told of: 256 MiB.
const LITTLE_ROOM: u64 = 256 << 20;

/// The part that unwraps keys.
pub const ROOT_KEYS: &str = "root_keys";

/// How a part does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// As it should.
    Well,
    /// It serves, and somebody has to look after it.
    Degraded,
    /// It can't do its work.
    Failing,
}

/// A part of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name: also a label.
    pub name: &'static str,
    /// How it does.
    pub condition: Condition,
    /// Why, where it doesn't do well, and what to do.
    pub reason: &'static str,
}

/// See the module.
pub struct Health {
    engine: Arc<Engine>,
    keys: Arc<KeyManager>,
    store: Arc<dyn Store>,
    journal: Arc<Journal>,
    data: PathBuf,
    metrics: Arc<Metrics>,
    next: AtomicUsize,
    last: Mutex<Option<(Instant, Arc<[Part]>)>>,
}

/// How a part does, and why.
type Verdict = (Condition, &'static str);

const WELL: Verdict = (Condition::Well, "");

impl Health {
    /// Of a server made of these parts, with its data in that folder.
    pub fn new(
        (engine, keys): (Arc<Engine>, Arc<KeyManager>),
        (store, journal): (Arc<dyn Store>, Arc<Journal>),
        data: PathBuf,
        metrics: Arc<Metrics>,
    ) -> Self {
        Health { engine, keys, store, journal, data, metrics, next: AtomicUsize::new(0), last: Mutex::new(None) }
    }

    /// How each part does at this moment, or did within the last second.
    pub async fn parts(&self, now: Timestamp) -> Arc<[Part]> {
        let mut last = self.last.lock().await;
        if let Some((_, parts)) = last.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            return parts.clone();
        }
        let (root_keys, store, journal) = tokio::join!(
            in_time(
                self.root_keys(now),
                "root keys can't be opened in time: see the log, and the load of this machine"
            ),
            in_time(self.store(), "the store takes no change in time: look at the disk"),
            in_time(self.journal(), "the journal can't be flushed in time: look at the disk"),
        );
        let all = [(ROOT_KEYS, root_keys), ("store", store), ("journal", journal), ("disk", self.disk())];
        let parts: Arc<[Part]> = all.map(|(name, (condition, reason))| Part { name, condition, reason }).into();
        parts.iter().for_each(|part| self.metrics.parts.set_ready(part.name, part.condition != Condition::Failing));
        *last = Some((Instant::now(), parts.clone()));
        parts
    }

    /// A root key of each instance with adapters unwraps an adapter's key.
    async fn root_keys(&self, now: Timestamp) -> Verdict {
        self.try_keys(now).await.map_or_else(
            |error| {
                tracing::error!(%error, "the health check failed: a root key can't be used");
                (Condition::Failing, "a root key can't be used: the log says why")
            },
            |()| WELL,
        )
    }

    async fn try_keys(&self, now: Timestamp) -> Result<(), String> {
        let mut adapters = self.engine.registry().all();
        adapters.dedup_by_key(|adapter| adapter.instance);
        if adapters.is_empty() {
            return self.keys.try_out(now).await.map_err(|error| error.to_string());
        }
        let begin = self.next.fetch_add(SAMPLE.min(adapters.len()), Ordering::Relaxed) % adapters.len();
        for adapter in adapters.iter().cycle().skip(begin).take(SAMPLE.min(adapters.len())) {
            match self.engine.try_key(adapter).await {
                Ok(()) | Err(Failure::Refused(_)) => {}
                Err(Failure::Failed(fault)) => return Err(format!("adapter {}: {fault}", adapter.id)),
            }
        }
        Ok(())
    }

    /// The store takes a change: one that is empty goes all the way but onto the disk.
    async fn store(&self) -> Verdict {
        match self.store.commit(Batch { changes: Vec::new(), events: Vec::new() }).await {
            Ok(()) => WELL,
            Err(store::Error::Full(_)) => (
                Condition::Degraded,
                "the storage is full: keys are given out, and nothing can be changed. Free space on the disk",
            ),
            Err(_) => (Condition::Failing, "the store takes no change: the log says why"),
        }
    }

    async fn journal(&self) -> Verdict {
        let journal = self.journal.clone();
        match tokio::task::spawn_blocking(move || journal.flush()).await {
            Ok(Ok(())) => WELL,
            Ok(Err(_)) | Err(_) => {
                (Condition::Failing, "the journal takes no events, so no key is given out: look at the disk")
            }
        }
    }

    fn disk(&self) -> Verdict {
        match room(&self.data) {
            Some((free, _)) if free < LITTLE_ROOM => {
                (Condition::Degraded, "less than 256 MiB are free for the data folder: make room")
            }
            Some(_) | None => WELL,
        }
    }
}

/// What is free on the disk of a folder for this server, and the disk's size, in bytes.
pub(crate) fn room(folder: &Path) -> Option<(u64, u64)> {
    let disk = statvfs(folder).ok()?;
    let block = disk.fragment_size();
    Some((disk.blocks_available().saturating_mul(block), disk.blocks().saturating_mul(block)))
}

async fn in_time(work: impl Future<Output = Verdict>, late: &'static str) -> Verdict {
    timeout(LONGEST, work).await.unwrap_or((Condition::Failing, late))
}
