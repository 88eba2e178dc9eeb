//! What a backup's verification and its restoration ask of the key manager.
//!
//! The invariant: **what is counted was opened**, and what was destroyed after a backup was made does not come back with it.

use crate::ledger::{Stored, space};
use crate::record::{Entry, SealedVersion};
use crate::{Call, DestroyedSort, Destruction, Error, Instance, Key, KeyManager, State};
use kmip::Timestamp;
use store::{Batch, Expect, Space};

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

    /// Destroys again what records of destruction tell of, in a store that was restored from a backup which is older than they are. They
    /// stand here afterwards. Says which of them were of keys that were here.
    ///
    /// The backup's epoch is in force again, and with it a copy of the data folder from before a root key's destruction would open:
    /// it is replaced once more, whether the key was in the backup or made after it.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`], [`Error::Keys`], and what the KMIP service says.
    pub async fn bury<'r>(&self, records: &'r [Destruction], now: Timestamp) -> Result<Vec<&'r Destruction>, Error> {
        let _alone = self.shredder.round.lock().await;
        let (mut buried, mut of_roots) = (Vec::new(), false);
        for record in records {
            if self.ledger.get::<Destruction>(Space::INSTALLATION, record.id).await?.is_some() {
                continue;
            }
            of_roots = of_roots || record.sort == DestroyedSort::Root;
            if self.bury_one(record, now).await? {
                buried.push(record);
            }
        }
        if of_roots {
            self.replace_epoch().await?;
        }
        if of_roots || !buried.is_empty() {
            self.ledger.store().scrub().await?;
        }
        Ok(buried)
    }

    /// Puts the record, and takes away what is here of its key, in one batch. Says whether anything was.
    async fn bury_one(&self, record: &Destruction, now: Timestamp) -> Result<bool, Error> {
        let (instance, key) = (record.instance, record.key);
        let mut changes = vec![self.ledger.put(Expect::Absent, record)];
        changes.extend(self.forgotten_erasure(instance, key, None).await?);
        if record.sort == DestroyedSort::Kmip && self.kmip().get(instance, key).await?.is_some() {
            let call = Call::internal(instance, crate::Action::PurgeKey, "restore", now);
            self.kmip().bury(&call, key, &changes).await?;
            return Ok(true);
        }
        let stored = self.ledger.shared::<Key>(space(instance), key).await?;
        if let Some(stored) = &stored {
            changes.extend(self.taken_away(stored, &self.sealed_versions(&stored.entry).await?).await?);
        }
        self.ledger.commit(Batch { changes, events: Vec::new() }).await?;
        Ok(stored.is_some())
    }
}
