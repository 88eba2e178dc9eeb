//! The work of rotations: batch by batch, the keys of adapters are wrapped under the newest version of their root key.
//!
//! The invariant: **what is to be done is what the adapters say**, job or none: one that came to be under an older version at the very
//! moment of a rotation is found in the next round. A batch holds up no other change for longer than its own commit.

use super::{RotationJob, unfinished};
use crate::audit::success;
use crate::key::of_key;
use crate::ledger::{Stored, space};
use crate::{Action, Call, Error, Event, Instance, Key, KeyManager, RewrapPage};
use kmip::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::{Batch, Expect, Space};
use uuid::Uuid;

/// Who does it, in audit events of what no rotation asked for.
const ACTOR: &str = "key-manager";
/// Adapters that are done in one change. A batch of this size takes some milliseconds, most of them the disk's.
const BATCH: usize = 16;
/// Failures that are named.
const NAMED: usize = 5;

/// What wrapping anew came to.
#[derive(Default)]
struct Outcome {
    failed: u32,
    reason: Option<String>,
}

impl KeyManager {
    /// Waits until there may be something to do.
    pub async fn rotation_wanted(&self) {
        self.rotations.wanted.notified().await;
    }

    /// Does what rotations have left, in every instance. Called at the start, when a rotation wants it, and in each round. Gives how many
    /// keys could not be done, which is logged: they are tried again.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`] when not even the instances can be listed.
    pub async fn work_on_rotations(&self, now: impl Fn() -> Timestamp + Send + Sync) -> Result<usize, Error> {
        let mut failed = 0;
        for instance in self.ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await? {
            let instance = instance.entry.id;
            for key in self.keys_to_do(instance).await? {
                if let Err(error) = self.carry_on(instance, key, &now).await {
                    failed += 1;
                    tracing::warn!(%instance, %key, %error, "adapters are still under an older version of their root key, which goes on unwrapping: it is tried again");
                }
            }
        }
        Ok(failed)
    }

    /// The jobs that are not finished, in every instance, as they were last written down.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn unfinished_rotations(&self) -> Result<Vec<RotationJob>, Error> {
        let mut unfinished_jobs = Vec::new();
        for instance in self.ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await? {
            let jobs = self.ledger.all::<RotationJob>(space(instance.entry.id), vec![unfinished()]).await?;
            unfinished_jobs.extend(jobs.into_iter().map(|job| job.entry));
        }
        Ok(unfinished_jobs)
    }

    /// The keys of an instance that have a job, or an adapter that is not under their newest version.
    async fn keys_to_do(&self, instance: Uuid) -> Result<BTreeSet<Uuid>, Error> {
        let jobs = self.ledger.all::<RotationJob>(space(instance), vec![unfinished()]).await?;
        let mut keys: BTreeSet<Uuid> = jobs.into_iter().map(|job| job.entry.key).collect();
        let mut newest: HashMap<Uuid, Option<Uuid>> = HashMap::new();
        for adapter in self.kmip().registrations(instance, None) {
            let newest = match newest.get(&adapter.key) {
                Some(known) => *known,
                None => {
                    let key = self.ledger.kept::<Key>(space(instance), adapter.key).await?;
                    *newest.entry(adapter.key).or_insert(key.map(|key| key.version))
                }
            };
            keys.extend(newest.filter(|newest| *newest != adapter.key_version).map(|_| adapter.key));
        }
        Ok(keys)
    }

    /// Wraps the keys of all adapters under a root key anew.
    ///
    /// # Errors
    /// [`Error::NotRewrapped`] where that failed for some; what else stands in the way of all.
    pub(crate) async fn rewrap_all(&self, call: &Call, key: Uuid) -> Result<(), Error> {
        match self.rewrap_in_batches(call, key, |_| ()).await?.reason {
            None => Ok(()),
            Some(reason) => Err(Error::NotRewrapped { key, reason }),
        }
    }

    async fn carry_on(
        &self,
        instance: Uuid,
        id: Uuid,
        now: &(impl Fn() -> Timestamp + Send + Sync),
    ) -> Result<(), Error> {
        let jobs = self.ledger.all::<RotationJob>(space(instance), vec![of_key(id), unfinished()]).await?;
        let jobs: Vec<_> = jobs.into_iter().filter(|job| job.entry.key == id).collect();
        let by = jobs.last().map_or(ACTOR, |job| job.entry.by.as_str());
        let mut call = Call::internal(instance, Action::FinishRotation, by, now());
        call.origin.correlation = jobs.last().and_then(|job| job.entry.correlation.clone());
        let Some(key) = self.ledger.kept::<Key>(space(instance), id).await? else {
            return self.forget(&call, jobs).await;
        };
        if let Err(refusal) = key.after(Event::Unwrap)
            && self.left(&key) > 0
        {
            let outcome = Outcome { failed: 0, reason: Some(format!("it waits: {refusal}")) };
            return self.write_down(&call, &jobs, &outcome, now).await;
        }
        let told = |key: &Key| jobs.iter().for_each(|job| self.rotations.tell(self.as_far(key, &job.entry)));
        let outcome = self.rewrap_in_batches(&call, id, told).await;
        let outcome = outcome.or_else(|error| match jobs.is_empty() {
            true => Err(error),
            false => Ok(Outcome { failed: self.left(&key), reason: Some(error.to_string()) }),
        })?;
        self.write_down(&call, &jobs, &outcome, now).await?;
        outcome.reason.map_or(Ok(()), |reason| Err(Error::NotRewrapped { key: id, reason }))
    }

    /// One batch after the other, each under the version that is the newest then.
    async fn rewrap_in_batches(
        &self,
        call: &Call,
        id: Uuid,
        told: impl Fn(&Key) + Send + Sync,
    ) -> Result<Outcome, Error> {
        let (kmip, mut after, mut failed) = (self.kmip(), None, Vec::new());
        loop {
            let key = self.ledger.kept::<Key>(space(call.instance), id).await?;
            let key = key.ok_or(Error::NotFound { what: "key", name: id.to_string() })?;
            let page = RewrapPage { key: id, newest: key.version, after, most: BATCH };
            let batch = kmip.rewrap(call, page).await?;
            failed.extend(batch.failed);
            told(&key);
            match batch.next {
                Some(next) => after = Some(next),
                None => return Ok(Outcome::of(&failed)),
            }
            tokio::task::yield_now().await;
        }
    }

    /// Writes down how far jobs have come, if that is news: finished where nothing failed, or where a newer rotation took over.
    async fn write_down(
        &self,
        call: &Call,
        jobs: &[Stored<RotationJob>],
        outcome: &Outcome,
        now: &(impl Fn() -> Timestamp + Send + Sync),
    ) -> Result<(), Error> {
        for stored in jobs {
            let Some(key) = self.ledger.kept::<Key>(space(call.instance), stored.entry.key).await? else {
                return Ok(());
            };
            let Outcome { failed, reason } = outcome;
            let mut job = RotationJob { failed: *failed, reason: reason.clone(), ..self.as_far(&key, &stored.entry) };
            let is_newest = key.version == job.to;
            let is_over = if is_newest { reason.is_none() && self.left(&key) == 0 } else { true };
            if is_over {
                job.finished = Some(now());
                (job.failed, job.reason) = (0, (!is_newest).then(|| "a newer rotation took over".to_owned()));
            }
            let is_news = is_over || (job.failed, &job.reason) != (stored.entry.failed, &stored.entry.reason);
            if is_news {
                self.write(call, &key, stored.version, &job).await?;
            }
            self.rotations.tell(job);
        }
        Ok(())
    }

    async fn write(&self, call: &Call, key: &Arc<Key>, version: u64, job: &RotationJob) -> Result<(), Error> {
        let changes = vec![self.ledger.put(Expect::Version(version), job)];
        // An event says that it is over; that it is not yet is the log's to say.
        let events = job.finished.iter().map(|_| success(call, &key.target())).collect();
        match self.ledger.commit(Batch { changes, events }).await {
            // Somebody else has just written the same.
            Err(store::Error::Conflict(_)) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Jobs of a key that is no more.
    async fn forget(&self, call: &Call, jobs: Vec<Stored<RotationJob>>) -> Result<(), Error> {
        let changes = jobs.iter().map(|job| store::Change::Delete { key: job.entry.place(), version: job.version });
        let batch = Batch { changes: changes.collect(), events: Vec::new() };
        if batch.changes.is_empty() { Ok(()) } else { self.commit(call, batch, false).await }
    }
}

impl Outcome {
    fn of(failed: &[(String, String)]) -> Self {
        let named: Vec<_> = failed.iter().take(NAMED).map(|(name, why)| format!("{name}: {why}")).collect();
        let more = failed.len().saturating_sub(NAMED);
        let mut reason = named.join("; ");
        if more > 0 {
            reason = format!("{reason}; and {more} more");
        }
        Outcome {
            failed: u32::try_from(failed.len()).unwrap_or(u32::MAX),
            reason: (!failed.is_empty()).then_some(reason),
        }
    }
}
