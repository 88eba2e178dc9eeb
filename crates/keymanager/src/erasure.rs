//! Erasure at once: a deleted key is purged before its time, when two people want it.
//!
//! The invariant: **nobody is both of the two**, and a request counts for the deletion that it was made for and no other: a key that
//! was restored and deleted again needs two people again.

use crate::audit::{Target, success};
use crate::ledger::{Stored, place, space};
use crate::{Call, Error, Key, KeyManager};
use kmip::Timestamp;
use store::{Batch, Change, Expect, Term};
use uuid::Uuid;

/// What the first of two people asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The key.
    pub key: Uuid,
    /// The instance that it is of.
    pub instance: Uuid,
    /// When it was asked for.
    pub asked: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// When the key had been deleted.
    pub deleted: Timestamp,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    /// It waits for another person.
    Asked(Erasure),
    /// The key is gone.
    Done(Box<Key>),
}

impl Erasure {
    pub(crate) fn place(&self) -> store::Key {
        place::<Erasure>(space(self.instance), self.key)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        Vec::new()
    }

    /// The word of the first person, as the record of destruction has it.
    pub(crate) fn word(&self) -> (Timestamp, String) {
        (self.asked, self.asked_by.clone())
    }
}

impl KeyManager {
    /// Asks for a deleted key to be purged at once, as the first of two people; as the second one, does it.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::NotDeleted`]; [`Error::SecondPerson`] for the first person again; as
    /// [`KeyManager::purge`].
    pub async fn erase(&self, call: &Call, id: &str) -> Result<Erased, Error> {
        let key = self.find(call, id, None).await?.key(call);
        let deleted = key.deleted.ok_or(Error::NotDeleted(key.id))?;
        match self.standing_erasure(call, &key).await? {
            Some(first) if first.entry.asked_by == call.actor => Err(Error::SecondPerson {
                key: key.id,
                by: first.entry.asked_by.clone(),
                until: self.until(&first.entry),
            }),
            Some(first) => Ok(Erased::Done(Box::new(self.purge_and_destroy(call, id, Some(&first)).await?))),
            None => self.ask_for_erasure(call, &key, deleted).await.map(Erased::Asked),
        }
    }

    /// What stands of a request for a key's erasure, with when it ends.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::NotFound`] where there is none.
    pub async fn erasure(&self, call: &Call, id: &str) -> Result<(Erasure, Timestamp), Error> {
        let key = self.find(call, id, None).await?.key(call);
        let standing = self.standing_erasure(call, &key).await?.ok_or_else(|| none(&key))?;
        let until = self.until(&standing.entry);
        Ok((standing.entry, until))
    }

    /// Takes a request for a key's erasure back.
    ///
    /// # Errors
    /// As [`KeyManager::erasure`]; [`Error::Busy`].
    pub async fn forgo_erasure(&self, call: &Call, id: &str) -> Result<(), Error> {
        let key = self.find(call, id, None).await?.key(call);
        let standing = self.standing_erasure(call, &key).await?.ok_or_else(|| none(&key))?;
        let changes = vec![Change::Delete { key: standing.entry.place(), version: standing.version }];
        let target = Target { id: key.id.to_string(), name: &key.name };
        self.commit(call, Batch { changes, events: vec![success(call, &target)] }, false).await.map_err(busy)
    }

    /// When a request ends.
    pub fn until(&self, erasure: &Erasure) -> Timestamp {
        Timestamp::from_millis(erasure.asked.millis().saturating_add(self.timers.deletion_authorized))
    }

    async fn ask_for_erasure(&self, call: &Call, key: &Key, deleted: Timestamp) -> Result<Erasure, Error> {
        let erasure =
            Erasure { key: key.id, instance: call.instance, asked: call.now, asked_by: call.actor.clone(), deleted };
        let there = self.ledger.get::<Erasure>(space(call.instance), key.id).await?;
        let expect = there.map_or(Expect::Absent, |stored| Expect::Version(stored.version));
        let changes = vec![self.ledger.put(expect, &erasure)];
        let events = vec![success(call, &key.target())];
        self.commit(call, Batch { changes, events }, false).await.map_err(busy)?;
        Ok(erasure)
    }

    /// The request that counts: for this deletion of the key, and not too long ago.
    async fn standing_erasure(&self, call: &Call, key: &Key) -> Result<Option<Stored<Erasure>>, Error> {
        let stored = self.ledger.get::<Erasure>(space(call.instance), key.id).await?;
        Ok(stored.filter(|stored| Some(stored.entry.deleted) == key.deleted && call.now <= self.until(&stored.entry)))
    }

    /// The change that removes what was asked for of a key's erasure, standing or lapsed, since the key goes. What the key goes for
    /// must be there still: whoever takes it back at the same moment comes first, or too late.
    pub(crate) async fn forgotten_erasure(
        &self,
        instance: Uuid,
        key: Uuid,
        asked: Option<&Stored<Erasure>>,
    ) -> Result<Option<Change>, Error> {
        match asked {
            Some(first) => Ok(Some(first.removal().1)),
            None => Ok(self.ledger.get::<Erasure>(space(instance), key).await?.map(|stored| stored.removal().1)),
        }
    }
}

fn none(key: &Key) -> Error {
    Error::NotFound { what: "request for the erasure of key", name: key.id.to_string() }
}

fn busy(error: Error) -> Error {
    match error {
        Error::Store(store::Error::Conflict(_)) => Error::Busy,
        other => other,
    }
}
