//! Records of destruction: what was purged, when, on whose word, and which epoch went with it; signed, so that it can be checked by
//! whoever has the installation's public key and nothing else.
//!
//! The invariant: **a record is made in the batch that purges, and signed only when what it says is done**: until then it says
//! `pending`, and whatever was cut off is taken up again because of it.

mod statement;

pub use statement::{CONTEXT, HOSTS};

use crate::ledger::{Stored, place, term};
use crate::shred::Replaced;
use crate::{Call, DEFAULT_RING, Error, Extent, Key, KeyManager};
use kmip::Timestamp;
use store::{Batch, Expect, Space, Term};
use uuid::Uuid;
use wrap::primitive::sign::PublicKey;

/// What sort of key was destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DestroyedSort {
    /// A root key: its material was under the epoch that was destroyed.
    Root,
    /// A standard key.
    Standard,
    /// A KMIP object, which is a standard key too.
    Kmip,
}

/// A record of destruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destruction {
    /// Its own identifier.
    pub id: Uuid,
    /// The instance that the key was of.
    pub instance: Uuid,
    /// The key.
    pub key: Uuid,
    /// The key's name.
    pub name: String,
    /// What sort of key it was.
    pub sort: DestroyedSort,
    /// The key ring that it was in; none: `default`.
    pub ring: Option<String>,
    /// Its versions.
    pub versions: Vec<Uuid>,
    /// The adapters that were under it: name and identifier.
    pub adapters: Vec<String>,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
    /// By whom.
    pub deleted_by: Option<String>,
    /// When it was purged.
    pub purged: Timestamp,
    /// By whom; for an erasure at once, the second of two people.
    pub purged_by: String,
    /// When the erasure at once was asked for, if it was one.
    pub asked: Option<Timestamp>,
    /// By whom: the first of two people.
    pub asked_by: Option<String>,
    /// The epoch that was destroyed.
    pub old_epoch: Option<u64>,
    /// The one in force after it.
    pub new_epoch: Option<u64>,
    /// What was signed, in JSON: none while the destruction is pending.
    pub statement: Option<Vec<u8>>,
    /// The signature.
    pub signature: Option<Vec<u8>>,
}

impl DestroyedSort {
    const ALL: [DestroyedSort; 3] = [DestroyedSort::Root, DestroyedSort::Standard, DestroyedSort::Kmip];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            DestroyedSort::Root => "root key",
            DestroyedSort::Standard => "standard key",
            DestroyedSort::Kmip => "KMIP key",
        }
    }

    /// Its number in records: part of the data format.
    pub(crate) fn number(self) -> u8 {
        match self {
            DestroyedSort::Root => 1,
            DestroyedSort::Standard => 2,
            DestroyedSort::Kmip => 3,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.number() == number)
    }
}

impl Destruction {
    /// Whether all that it says is done.
    pub fn is_done(&self) -> bool {
        self.signature.is_some()
    }

    pub(crate) fn place(&self) -> store::Key {
        place::<Destruction>(Space::INSTALLATION, self.id)
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        let pending = (!self.is_done()).then(pending);
        [of_instance(self.instance), of_key(self.key)].into_iter().chain(pending).collect()
    }

    fn extent(&self) -> Extent<'_> {
        Extent::Key { ring: self.ring.as_deref().unwrap_or(DEFAULT_RING), key: self.key }
    }
}

impl KeyManager {
    /// The records of destruction that the call reaches, the oldest first: of an instance, or with none named of all; of one key, if
    /// that is asked for.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn destructions(&self, call: &Call, key: Option<Uuid>) -> Result<Vec<Destruction>, Error> {
        let of = (!call.instance.is_nil()).then(|| of_instance(call.instance));
        let terms = of.into_iter().chain(key.map(of_key)).collect();
        let stored = self.ledger.all::<Destruction>(Space::INSTALLATION, terms).await?;
        let entries = stored.into_iter().map(|stored| stored.entry);
        let wanted = |record: &Destruction| reaches(call, record) && key.is_none_or(|key| record.key == key);
        Ok(entries.filter(wanted).collect())
    }

    /// A record of destruction.
    ///
    /// # Errors
    /// [`Error::NotFound`] also where the call does not reach it; [`Error::Damaged`], [`Error::Store`].
    pub async fn destruction(&self, call: &Call, id: Uuid) -> Result<Destruction, Error> {
        let stored = self.ledger.get::<Destruction>(Space::INSTALLATION, id).await?;
        let entry = stored.map(|stored| stored.entry).filter(|record| reaches(call, record));
        entry.ok_or_else(|| Error::NotFound { what: "record of destruction", name: id.to_string() })
    }

    /// The public half of the key that signs.
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        Ok(self.keys.signing_key()?.public_key())
    }

    /// Does what is pending: replaces the epoch where a root key was purged or a version of one erased, scrubs the store, signs the
    /// records. Several that are pending share one round, and whoever comes second finds nothing left. Says how many were done.
    ///
    /// # Errors
    /// What stood in the way: it is taken up again by the next call.
    pub async fn finish_destructions(&self, now: Timestamp) -> Result<usize, Error> {
        let _alone = self.shredder.round.lock().await;
        let pending = self.ledger.all::<Destruction>(Space::INSTALLATION, vec![pending()]).await?;
        let replaced = self.replace_epoch_if_owed(&pending).await?;
        self.scrub_if(!pending.is_empty() || replaced.is_some()).await?;
        let done = pending.len();
        for Stored { mut entry, version } in pending {
            if entry.sort == DestroyedSort::Root {
                entry.old_epoch = replaced.map(|replaced| replaced.old);
                entry.new_epoch = replaced.map(|replaced| replaced.new);
            }
            self.sign_destruction(&mut entry, now)?;
            let changes = vec![self.ledger.put(Expect::Version(version), &entry)];
            self.ledger.commit(Batch { changes, events: Vec::new() }).await?;
        }
        Ok(done)
    }

    async fn replace_epoch_if_owed(&self, pending: &[Stored<Destruction>]) -> Result<Option<Replaced>, Error> {
        let of_roots = pending.iter().any(|stored| stored.entry.sort == DestroyedSort::Root);
        if of_roots || self.owes_epoch().await? {
            return self.replace_epoch().await.map(Some);
        }
        self.finish_epoch().await.map(|()| None)
    }

    /// Scrubs where there is reason to, or where something was erased without a record of its own.
    async fn scrub_if(&self, needed: bool) -> Result<(), Error> {
        // Taken before: what is erased meanwhile may have come too late for this one.
        if !self.shredder.take_wish() && !needed {
            return Ok(());
        }
        let scrubbed = self.ledger.store().scrub().await;
        Ok(scrubbed.inspect_err(|_| self.shredder.want_scrub())?)
    }

    /// Brings an installation from before there were epochs under one, and takes up what was cut off. Called at the start and again and
    /// again after it, since it can fail for want of space.
    ///
    /// # Errors
    /// As [`KeyManager::finish_destructions`].
    pub async fn take_up_shredding(&self, now: Timestamp) -> Result<usize, Error> {
        if self.keys.newest().number == 0 || self.keys.replaced() == Some(0) {
            let _alone = self.shredder.round.lock().await;
            self.leave_epoch_zero().await?;
        }
        self.finish_destructions(now).await
    }

    /// The record of a key of the key manager's own that is being purged; `asked`: on whose word, before its time.
    pub(crate) fn destruction_of(
        &self,
        call: &Call,
        key: &Key,
        versions: Vec<Uuid>,
        asked: Option<(Timestamp, String)>,
    ) -> Result<Destruction, Error> {
        let sort = if key.extractable { DestroyedSort::Standard } else { DestroyedSort::Root };
        self.drafted_destruction(call, key, sort, versions, asked)
    }

    /// The record of a KMIP object that is being purged.
    pub(crate) fn destruction_of_kmip(
        &self,
        call: &Call,
        key: &Key,
        asked: Option<(Timestamp, String)>,
    ) -> Result<Destruction, Error> {
        self.drafted_destruction(call, key, DestroyedSort::Kmip, vec![key.id], asked)
    }

    fn drafted_destruction(
        &self,
        call: &Call,
        key: &Key,
        sort: DestroyedSort,
        versions: Vec<Uuid>,
        asked: Option<(Timestamp, String)>,
    ) -> Result<Destruction, Error> {
        let (asked, asked_by) = asked.unzip();
        let adapters = match sort {
            DestroyedSort::Root => self.kmip().registrations(key.instance, Some(key.id)),
            DestroyedSort::Standard | DestroyedSort::Kmip => Vec::new(),
        };
        Ok(Destruction {
            id: self.new_id()?,
            instance: key.instance,
            key: key.id,
            name: key.name.clone(),
            sort,
            ring: key.ring.clone(),
            versions,
            adapters: adapters.iter().map(|used| format!("{} ({})", used.name, used.adapter)).collect(),
            deleted: key.deleted,
            deleted_by: key.deleted_by.clone(),
            purged: call.now,
            purged_by: call.actor.clone(),
            asked,
            asked_by,
            old_epoch: None,
            new_epoch: None,
            statement: None,
            signature: None,
        })
    }

    fn sign_destruction(&self, record: &mut Destruction, now: Timestamp) -> Result<(), Error> {
        let statement = statement::of(record, now);
        record.signature = Some(self.keys.signing_key()?.sign(CONTEXT, &statement).to_vec());
        record.statement = Some(statement);
        Ok(())
    }
}

fn reaches(call: &Call, record: &Destruction) -> bool {
    match call.instance.is_nil() {
        true => call.reaches(Extent::Installation),
        false => record.instance == call.instance && call.reaches(record.extent()),
    }
}

fn pending() -> Term {
    term("destruction pending", &[])
}

fn of_instance(instance: Uuid) -> Term {
    term("destruction instance", instance.as_bytes())
}

fn of_key(key: Uuid) -> Term {
    term("destruction key", key.as_bytes())
}
