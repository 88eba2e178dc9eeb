//! Crypto-shredding: what was purged can't be opened any more, whatever was copied before and whoever has the master key.
//!
//! Root key versions are sealed under the epoch key. After a purge, or when a retired version was erased, a new epoch is begun, every
//! version that remains is sealed anew under it, and the older epoch is ended: its key is overwritten in the keys file. The invariant: **an epoch is ended only when no
//! record is sealed under it, and when none that somebody is about to write can be**: who seals holds [`Sealing`] until the
//! record is committed, and the round waits for those that began before it.

use crate::change::ATTEMPTS;
use crate::key::owing;
use crate::ledger::{Stored, place, space};
use crate::record::{Entry, SealedVersion};
use crate::{Error, Instance, Key, KeyManager};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Batch, Expect, Query, Space};
use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard};
use uuid::Uuid;
use wrap::keys::{Epoch, Keys};

/// Versions that are looked at and sealed anew in one go.
const PAGE: usize = 256;

/// One round at a time, and who seals meanwhile.
pub(crate) struct Shredder {
    pub(crate) round: Mutex<()>,
    sealing: RwLock<()>,
    /// Something was erased that has no record of destruction.
    scrub: AtomicBool,
}

impl Default for Shredder {
    /// What was erased before a start may not have been scrubbed.
    fn default() -> Self {
        Shredder { round: Mutex::default(), sealing: RwLock::default(), scrub: AtomicBool::new(true) }
    }
}

impl Shredder {
    /// Has the store scrubbed in the next round. To be called once what was erased is committed.
    pub(crate) fn want_scrub(&self) {
        self.scrub.store(true, Ordering::Release);
    }

    /// Whether that was wanted. The scrub that begins now fulfils it; what is wanted meanwhile waits for another one.
    pub(crate) fn take_wish(&self) -> bool {
        self.scrub.swap(false, Ordering::AcqRel)
    }
}

/// The right to seal root keys under the newest epoch, until what was sealed is committed.
pub(crate) struct Sealing<'a> {
    pub(crate) epoch: Epoch,
    _held: RwLockReadGuard<'a, ()>,
}

/// An epoch that was replaced by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// The one that was destroyed.
    pub(crate) old: u64,
    /// The one in force.
    pub(crate) new: u64,
}

/// While this is held, no epoch begins or ends: see [`KeyManager::hold_epochs`].
pub struct EpochsHeld<'a>(#[allow(dead_code, reason = "it is held, not read")] MutexGuard<'a, ()>);

impl KeyManager {
    /// Keeps epochs as they are while the answer is held. For a backup, whose keys and records must belong together: what is purged
    /// meanwhile is destroyed afterwards.
    pub async fn hold_epochs(&self) -> EpochsHeld<'_> {
        EpochsHeld(self.shredder.round.lock().await)
    }

    /// Taken before anything is sealed under an epoch, and held until it is committed.
    pub(crate) async fn sealing(&self) -> Sealing<'_> {
        let held = self.shredder.sealing.read().await;
        Sealing { epoch: self.keys.newest(), _held: held }
    }

    /// Begins an epoch, moves everything to it, and ends the older one. To be called by one at a time.
    pub(crate) async fn replace_epoch(&self) -> Result<Replaced, Error> {
        // What an earlier round left is not enough: its epoch may have begun before the purge that this one is for.
        self.finish_epoch().await?;
        let old = self.keys.newest().number;
        self.change_keys(|keys| keys.begin_epoch().map(drop)).await?;
        self.finish_epoch().await?;
        Ok(Replaced { old, new: self.keys.newest().number })
    }

    /// Whether a version was erased whose epoch is in force still.
    pub(crate) async fn owes_epoch(&self) -> Result<bool, Error> {
        for instance in self.ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await? {
            if self.ledger.count::<SealedVersion>(space(instance.entry.id), vec![owing()]).await? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Brings what the master key itself sealed, before there were epochs, under one. To be called by one at a time.
    pub(crate) async fn leave_epoch_zero(&self) -> Result<(), Error> {
        if self.keys.newest().number == 0 {
            self.change_keys(|keys| keys.begin_epoch().map(drop)).await?;
        }
        self.finish_epoch().await?;
        self.ledger.store().scrub().await?;
        tracing::info!("root keys are sealed under an epoch of their own now, which a purge destroys");
        Ok(())
    }

    /// Moves everything to the newest epoch and ends the older one, if there is one.
    pub(crate) async fn finish_epoch(&self) -> Result<(), Error> {
        let Some(older) = self.keys.replaced() else { return Ok(()) };
        self.wait_for_sealing().await?;
        for _ in 0..ATTEMPTS {
            if self.reseal(older).await? == 0 {
                self.change_keys(Keys::end_epoch).await?;
                self.opened.clear();
                return Ok(());
            }
        }
        Err(Error::Busy)
    }

    /// Who seals from now on uses the newest epoch; who began before is waited for. A commit whose caller went away may still be in
    /// the store's queue: one more is put behind it.
    async fn wait_for_sealing(&self) -> Result<(), Error> {
        drop(self.shredder.sealing.write().await);
        Ok(self.ledger.commit(Batch::default()).await?)
    }

    /// Seals anew what is under an older epoch, and says how many versions were.
    async fn reseal(&self, older: u64) -> Result<usize, Error> {
        let (newest, mut count) = (self.keys.newest(), 0);
        for instance in self.ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await? {
            count += self.reseal_all_of(instance.entry.id, older, &newest).await?;
        }
        Ok(count)
    }

    async fn reseal_all_of(&self, instance: Uuid, older: u64, newest: &Epoch) -> Result<usize, Error> {
        let kind = SealedVersion::KIND;
        let mut query = Query { space: space(instance), kind, terms: Vec::new(), after: 0, limit: PAGE };
        let mut count = 0;
        loop {
            let page = self.ledger.store().find(&query).await?;
            let mut stale = Vec::new();
            for (cursor, record) in &page.records {
                let place = store::Key { id: record.key.id, ..place::<SealedVersion>(query.space, Uuid::nil()) };
                let stored = self.ledger.verified::<SealedVersion>(&place, record)?;
                if self.is_under(&stored.entry, older).await? {
                    stale.push(stored);
                }
                query.after = *cursor;
            }
            count += stale.len();
            self.reseal_these(stale, newest).await?;
            if !page.more || page.records.is_empty() {
                return Ok(count);
            }
        }
    }

    /// Whether it is a root key's version under that epoch. Before there were epochs, only its key tells.
    async fn is_under(&self, version: &SealedVersion, epoch: u64) -> Result<bool, Error> {
        match version.epoch {
            Some(number) => Ok(number == epoch),
            // A version that was erased has no material any more.
            None if epoch > 0 || version.erased.is_some() => Ok(false),
            None => {
                let key = self.ledger.kept::<Key>(space(version.instance), version.key).await?;
                Ok(key.is_some_and(|key| !key.extractable))
            }
        }
    }

    /// In one batch; should one of them have been changed or removed meanwhile, the next look sees to the rest.
    async fn reseal_these(&self, stale: Vec<Stored<Arc<SealedVersion>>>, newest: &Epoch) -> Result<(), Error> {
        if stale.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for Stored { entry, version } in stale {
            let mut resealed = SealedVersion::clone(&entry);
            if self.reseal_version(&mut resealed, newest)?.is_some() {
                batch.changes.push(self.ledger.put(Expect::Version(version), &resealed));
            }
        }
        match self.ledger.commit(batch).await {
            Ok(()) | Err(store::Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the keys file, which blocks until it is flushed.
    async fn change_keys(
        &self,
        change: impl FnOnce(&Keys) -> Result<(), wrap::keys::Error> + Send + 'static,
    ) -> Result<(), Error> {
        let keys = Arc::clone(&self.keys);
        let changed = tokio::task::spawn_blocking(move || change(&keys)).await;
        Ok(changed.map_err(|_| Error::Unknown)??)
    }
}
