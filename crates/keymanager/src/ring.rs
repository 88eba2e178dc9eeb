//! Key rings: groups of keys that access is granted on.
//!
//! The invariant: **no key is in a ring that is not there.** Who puts a key into a ring checks the ring's record in the same batch
//! ([`KeyManager::ring_stands`]). Who deletes a ring first marks it as closing, which is a new version of its record, so that none of
//! those batches holds any more, then looks through it, and then has it gone, if it is still in that version. Who wants to put a key
//! into a ring that is closing opens it again first: then the deletion does not hold, and looks anew. So a mark that was left behind
//! is in nobody's way. The record of a ring that is gone stays and says so: were it removed, the next ring of that name would begin
//! with the same versions, and a deletion that was slow could take it for the one that it saw empty.

mod delete;

use crate::audit::{Target, success};
use crate::change::ATTEMPTS;
use crate::ledger::{Stored, place, space, term};
use crate::{Call, DEFAULT_RING, Error, Extent, KeyManager};
use kmip::Timestamp;
use store::{Batch, Change, Expect, Term};
use uuid::Uuid;

/// Key rings of an instance (Key Protect: "Grouping keys together using key rings").
const MOST: usize = 50;
/// Characters of a name, at the least and at the most.
const LENGTH: std::ops::RangeInclusive<usize> = 2..=100;

/// A key ring. `default` is there without a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing {
    /// Its identifier: 2 to 100 of `A-Z a-z 0-9 -`.
    pub name: String,
    /// The instance that it belongs to.
    pub instance: Uuid,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Whether somebody has begun to delete it.
    pub(crate) closing: bool,
    /// Whether it was deleted.
    pub(crate) gone: bool,
}

impl KeyManager {
    /// A change for the batch that puts a key into a ring: it fails should the ring be deleted in the meantime. None for `default`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such ring; [`Error::Busy`].
    pub(crate) async fn ring_stands(&self, instance: Uuid, ring: &str) -> Result<Option<Change>, Error> {
        if ring == DEFAULT_RING {
            return Ok(None);
        }
        for _ in 0..ATTEMPTS {
            let stored = self.standing_ring(instance, ring).await?;
            let opened = if stored.entry.closing { self.marked(stored, false).await? } else { Some(stored) };
            if let Some(Stored { entry, version }) = opened {
                return Ok(Some(Change::Check { key: entry.place(), expect: Expect::Version(version) }));
            }
        }
        Err(Error::Busy)
    }

    /// The key rings that the call may see, `default` (none here) not among them.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Damaged`], [`Error::Store`].
    pub async fn key_rings(&self, call: &Call) -> Result<Vec<KeyRing>, Error> {
        let rings = self.rings_reached(call).await?;
        if rings.is_empty() && !call.reaches(Extent::Ring(DEFAULT_RING)) {
            return Err(Error::Unauthorized);
        }
        Ok(rings)
    }

    /// The key rings that the call reaches, if any.
    pub(crate) async fn rings_reached(&self, call: &Call) -> Result<Vec<KeyRing>, Error> {
        let stored = self.ledger.all::<KeyRing>(space(call.instance), vec![standing()]).await?;
        let rings = stored.into_iter().map(|stored| stored.entry).filter(|ring| !ring.gone);
        Ok(rings.filter(|ring| call.reaches(Extent::Ring(&ring.name))).collect())
    }

    /// Makes a key ring: 50 an instance at most.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] unless the call reaches the whole instance; [`Error::Field`], [`Error::Taken`], [`Error::Limit`].
    pub async fn create_key_ring(&self, call: &Call, name: &str) -> Result<KeyRing, Error> {
        if !call.reaches(Extent::Instance) {
            return Err(Error::Unauthorized);
        }
        check(name)?;
        let taken = || Error::Taken { what: "key ring", name: name.to_owned() };
        let expect = match self.ring(call.instance, name).await? {
            Some(stored) if stored.entry.gone => Expect::Version(stored.version),
            Some(_) => return Err(taken()),
            None => Expect::Absent,
        };
        if self.ledger.count::<KeyRing>(space(call.instance), vec![standing()]).await? >= MOST as u64 {
            return Err(Error::Limit { what: "key rings", most: MOST });
        }
        let ring = KeyRing {
            name: name.to_owned(),
            instance: call.instance,
            created: call.now,
            created_by: call.actor.clone(),
            closing: false,
            gone: false,
        };
        let (changes, events) = (vec![self.ledger.put(expect, &ring)], vec![success(call, &ring.target())]);
        match self.commit(call, Batch { changes, events }, false).await {
            Err(Error::Store(store::Error::Conflict(_))) => Err(taken()),
            other => other.map(|()| ring),
        }
    }

    /// A ring that is not gone.
    async fn standing_ring(&self, instance: Uuid, name: &str) -> Result<Stored<KeyRing>, Error> {
        let stored = self.ring(instance, name).await?.filter(|stored| !stored.entry.gone);
        stored.ok_or_else(|| Error::NotFound { what: "key ring", name: name.to_owned() })
    }

    /// The ring, marked as closing or open; none when somebody else changed it. Nothing that anybody sees is different, so this has no
    /// event.
    async fn marked(&self, mut ring: Stored<KeyRing>, closing: bool) -> Result<Option<Stored<KeyRing>>, Error> {
        ring.entry.closing = closing;
        let changes = vec![self.ledger.put(Expect::Version(ring.version), &ring.entry)];
        match self.ledger.commit(Batch { changes, events: Vec::new() }).await {
            Ok(()) => Ok(Some(Stored { version: ring.version + 1, entry: ring.entry })),
            Err(store::Error::Conflict(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn ring(&self, instance: Uuid, name: &str) -> Result<Option<Stored<KeyRing>>, Error> {
        self.ledger.get::<KeyRing>(space(instance), id(name)).await
    }
}

impl KeyRing {
    pub(crate) fn place(&self) -> store::Key {
        place::<KeyRing>(space(self.instance), id(&self.name))
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        if self.gone { Vec::new() } else { vec![standing()] }
    }

    fn target(&self) -> Target<'_> {
        Target { id: self.name.clone(), name: &self.name }
    }
}

/// Where a ring stands is made of its name, so that there can't be two of one name.
fn id(name: &str) -> Uuid {
    Uuid::from_bytes(term("key ring name", name.as_bytes()).0)
}

/// Rings that are not gone.
fn standing() -> Term {
    term("key ring", b"standing")
}

fn check(name: &str) -> Result<(), Error> {
    let wrong = |reason: &str| Err(Error::Field { field: "id", reason: reason.to_owned() });
    if name.eq_ignore_ascii_case(DEFAULT_RING) {
        return wrong("is `default`, which every instance has: choose another");
    }
    if !LENGTH.contains(&name.len()) || !name.chars().all(|one| one.is_ascii_alphanumeric() || one == '-') {
        return wrong("can't be a key ring's: use 2 to 100 of `A-Z`, `a-z`, `0-9` and `-`");
    }
    Ok(())
}
