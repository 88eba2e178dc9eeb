//! What a backup's verification and its restoration ask of the key manager.
//!
//! The invariant: **what is counted was opened**, and what was destroyed after a backup was made does not come back with it.

use crate::ledger::{Stored, space};
use crate::record::{Entry, SealedVersion};
use crate::{Call, DestroyedSort, Destruction, Error, Instance, Key, KeyManager, State};
use kmip::Timestamp;
use store::{Batch, Expect, Space};
use uuid::Uuid;

/// What was found, and opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Instances.
    pub instances: usize,
    /// Root keys that are not deleted.
    pub root_keys: usize,
    /// Versions of root keys, of deleted ones too.
    pub versions: usize,
    /// Standard keys of the key manager's own that are not deleted.
    pub standard_keys: usize,
    /// Keys of both sorts that are deleted, and may be restored.
    pub deleted: usize,
    /// When the newest of them was made.
    pub newest: Option<Timestamp>,
}

impl KeyManager {
    /// Opens everything that is here: each record under its tag, each version of each key.
    ///
    /// # Errors
    /// The first thing that can't be opened.
    pub async fn examine(&self) -> Result<Examined, Error> {
        let mut found = Examined::default();
        for instance in self.ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await? {
            found.instances += 1;
            for Stored { entry, .. } in self.ledger.all::<Key>(space(instance.entry.id), Vec::new()).await? {
                self.examine_key(&entry, &mut found).await?;
            }
        }
        Ok(found)
    }

    async fn examine_key(&self, key: &Key, found: &mut Examined) -> Result<(), Error> {
        match (key.state == State::Destroyed, key.extractable) {
            (true, _) => found.deleted += 1,
            (false, true) => found.standard_keys += 1,
            (false, false) => found.root_keys += 1,
        }
        found.newest = found.newest.max(Some(key.created));
        // Of a version that was retired long ago there is no material any more.
        for Stored { entry: version, .. } in
            self.sealed_versions(key).await?.iter().filter(|it| it.entry.erased.is_none())
        {
            if key.extractable {
                self.open_payload_of(version)?;
            } else {
                self.open_version(version)
                    .unwrap_or(Err(Error::Damaged { what: SealedVersion::WHAT, id: version.id }))?;
                found.versions += 1;
            }
        }
        Ok(())
    }

    /// Destroys again what a record of destruction tells of, where it is here: in a store that was restored from a backup which is older
    /// than the destruction. The record stands here afterwards. Says whether there was anything to destroy.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`], and what the KMIP service says.
    pub async fn bury(&self, record: &Destruction, now: Timestamp) -> Result<bool, Error> {
        let call = Call::internal(record.instance, crate::Action::PurgeKey, "restore", now);
        let found = match record.sort {
            DestroyedSort::Kmip => self.bury_kmip(&call, record.key).await?,
            DestroyedSort::Root | DestroyedSort::Standard => self.bury_own(record).await?,
        };
        if self.ledger.get::<Destruction>(Space::INSTALLATION, record.id).await?.is_none() {
            let changes = vec![self.ledger.put(Expect::Absent, record)];
            self.ledger.commit(Batch { changes, events: Vec::new() }).await?;
        }
        Ok(found)
    }

    async fn bury_kmip(&self, call: &Call, key: Uuid) -> Result<bool, Error> {
        let Some(found) = self.kmip().get(call.instance, key).await? else { return Ok(false) };
        if found.deleted.is_none() {
            self.kmip().delete(call, key).await?;
        }
        self.kmip().purge(call, key).await?;
        Ok(true)
    }

    async fn bury_own(&self, record: &Destruction) -> Result<bool, Error> {
        let stored = self.ledger.shared::<Key>(space(record.instance), record.key).await?;
        let Some(stored) = stored else { return Ok(false) };
        let versions = self.sealed_versions(&stored.entry).await?;
        let changes = self.taken_away(&stored, &versions).await?;
        self.ledger.commit(Batch { changes, events: Vec::new() }).await?;
        Ok(true)
    }
}
