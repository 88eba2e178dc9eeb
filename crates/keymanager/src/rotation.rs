//! Rotations: what a new version of a root key leaves to be done, and how far it has come.
//!
//! A rotation is done when its version is stored. What adapters have under older versions is then wrapped under the newest by a job, whose
//! record rides in the very batch of the version. The invariant: **nothing is forgotten and nobody waits**: what is left is seen on the
//! adapters themselves, so a job goes on after a crash, an error or a key that was disabled; and until it has come to an adapter, the
//! older version goes on unwrapping for it.

mod work;

use crate::key::of_key;
use crate::ledger::{place, space, term};
use crate::record::Entry;
use crate::{Call, Error, Key, KeyManager};
use kmip::Timestamp;
use std::sync::Arc;
use store::{Change, Order, Scan, Term};
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

/// Rotations in a list, at most: the newest ones.
const LISTED: usize = 1000;
/// News that a slow listener may fall behind by; it misses older ones.
const NEWS: usize = 256;

/// Who may listen at a time.
const LISTENERS: usize = 64;

/// A rotation of a root key: its adapters' keys are wrapped anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationJob {
    /// The root key.
    pub key: Uuid,
    /// The instance that it belongs to.
    pub instance: Uuid,
    /// The version that was the newest before.
    pub from: Uuid,
    /// The version that this rotation made.
    pub to: Uuid,
    /// How many adapters there were to do.
    pub total: u32,
    /// How many of them are done.
    pub done: u32,
    /// When the version was made.
    pub started: Timestamp,
    /// By whom.
    pub by: String,
    /// When the last adapter was done, or a newer rotation took over.
    pub finished: Option<Timestamp>,
    /// How many adapters could not be done at the last attempt; they are tried again.
    pub failed: u32,
    /// Why not, or what it waits for.
    pub reason: Option<String>,
    /// What ties it to the request that asked for it.
    pub correlation: Option<String>,
}

impl RotationJob {
    pub(crate) fn place(&self) -> store::Key {
        place::<RotationJob>(space(self.instance), self.to)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        [of_key(self.key)].into_iter().chain(self.finished.is_none().then(unfinished)).collect()
    }
}

fn unfinished() -> Term {
    term("rotation", b"unfinished")
}

/// What is told of rotations, inside this process.
pub(crate) struct Rotations {
    wanted: Notify,
    /// None: nothing more will come.
    news: broadcast::Sender<Option<Arc<RotationJob>>>,
}

impl Default for Rotations {
    fn default() -> Self {
        Rotations { wanted: Notify::new(), news: broadcast::Sender::new(NEWS) }
    }
}

impl Rotations {
    /// There may be something to do.
    pub(crate) fn wake(&self) {
        self.wanted.notify_one();
    }

    fn tell(&self, job: RotationJob) {
        // Nobody need listen.
        let _ = self.news.send(Some(Arc::new(job)));
    }
}

impl KeyManager {
    /// The newest rotation of a root key, as far as it has come.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::RootKeyRequired`]; [`Error::NotFound`] for a key that was never rotated.
    pub async fn rotation(&self, call: &Call, id_or_alias: &str) -> Result<(Arc<Key>, RotationJob), Error> {
        let key = self.find(call, id_or_alias, None).await?.root()?;
        let job = self.ledger.kept::<RotationJob>(space(key.instance), key.version).await?;
        let job = job.ok_or_else(|| Error::NotFound { what: "rotation of key", name: id_or_alias.to_owned() })?;
        let job = self.as_far(&key, &job);
        Ok((key, job))
    }

    /// The newest rotations in an instance, of the keys that the call may see, the newest first; at most 1,000 are looked at.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn rotations(&self, call: &Call) -> Result<Vec<(Arc<Key>, RotationJob)>, Error> {
        let (space, kind, order) = (space(call.instance), RotationJob::KIND, Order::Made { after: None });
        let scan = Scan { space, kind, term: None, order, descending: true, limit: LISTED };
        let (jobs, _) = self.ledger.scan::<RotationJob>(&scan).await?;
        let mut seen = Vec::new();
        for (_, job) in jobs {
            if let Some(key) = self.visible(call, job.key).await? {
                let job = self.as_far(&key, &job);
                seen.push((key, job));
            }
        }
        Ok(seen)
    }

    /// Hears of each step of each rotation in this process, until there is none: this process stops. What of it a call may see is asked of
    /// [`KeyManager::visible`].
    ///
    /// # Errors
    /// [`Error::Limit`] where 64 listen already.
    pub fn rotation_news(&self) -> Result<broadcast::Receiver<Option<Arc<RotationJob>>>, Error> {
        if self.rotations.news.receiver_count() >= LISTENERS {
            return Err(Error::Limit { what: "listeners to rotations", most: LISTENERS });
        }
        Ok(self.rotations.news.subscribe())
    }

    /// Sends the listeners away: this process stops.
    pub fn end_rotation_news(&self) {
        let _ = self.rotations.news.send(None);
    }

    /// The key with this identifier, if it is there and the call may see it.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn visible(&self, call: &Call, key: Uuid) -> Result<Option<Arc<Key>>, Error> {
        let key = self.ledger.kept::<Key>(space(call.instance), key).await?;
        Ok(key.filter(|key| call.reaches(key.extent())))
    }

    /// The job of a rotation that takes a key from what it was to what it is.
    pub(crate) fn job(&self, call: &Call, before: &Key, after: &Key) -> RotationJob {
        let adapters = self.kmip().registrations(after.instance, Some(after.id)).len();
        RotationJob {
            key: after.id,
            instance: after.instance,
            from: before.version,
            to: after.version,
            total: u32::try_from(adapters).unwrap_or(u32::MAX),
            done: 0,
            started: call.now,
            by: call.actor.clone(),
            finished: None,
            failed: 0,
            reason: None,
            correlation: call.origin.correlation.clone(),
        }
    }

    /// The changes that remove what is left of a key's rotations.
    pub(crate) async fn forgotten_jobs(&self, key: &Key) -> Result<Vec<Change>, Error> {
        let jobs = self.ledger.all::<RotationJob>(space(key.instance), vec![of_key(key.id)]).await?;
        let jobs = jobs.into_iter().filter(|job| job.entry.key == key.id);
        Ok(jobs.map(|job| Change::Delete { key: job.entry.place(), version: job.version }).collect())
    }

    /// A job as far as it has come. While it goes on, the adapters themselves say so.
    fn as_far(&self, key: &Key, job: &RotationJob) -> RotationJob {
        if job.finished.is_some() {
            return job.clone();
        }
        let left = self.left(key);
        RotationJob { done: job.total.saturating_sub(left), ..job.clone() }
    }

    /// How many adapters are not under a key's newest version.
    fn left(&self, key: &Key) -> u32 {
        let adapters = self.kmip().registrations(key.instance, Some(key.id));
        let left = adapters.iter().filter(|adapter| adapter.key_version != key.version).count();
        u32::try_from(left).unwrap_or(u32::MAX)
    }
}
