//! The deletion of a key ring, in steps that can be taken up again: close it, move what is in it, have it gone.
//!
//! The invariant: **whoever has a ring gone has seen it empty after it was closed**, and it was closed all the while: else its
//! record would have another version.

use super::KeyRing;
use crate::audit::success;
use crate::change::ATTEMPTS;
use crate::key::{Standing, class};
use crate::ledger::{Stored, space};
use crate::{Action, Call, DEFAULT_RING, Error, Extent, Key, KeyManager, State};
use store::{Batch, Expect};
use uuid::Uuid;

/// Keys that are moved in one batch.
const MOVED_AT_ONCE: usize = 128;

impl KeyManager {
    /// Deletes a key ring that no key is in; with `force` also one that has deleted keys only, which move to `default`.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::NotFound`], [`Error::RingInUse`], [`Error::Field`] for `default`, [`Error::Busy`].
    pub async fn delete_key_ring(&self, call: &Call, name: &str, force: bool) -> Result<(), Error> {
        if !call.reaches(Extent::Ring(name)) {
            return Err(Error::Unauthorized);
        }
        if name == DEFAULT_RING {
            return Err(Error::Field { field: "id", reason: "is `default`, which every instance keeps".to_owned() });
        }
        for _ in 0..ATTEMPTS {
            let found = self.standing_ring(call.instance, name).await?;
            let Some(closed) = self.closed(found, force).await? else { continue };
            self.move_out(call, name, force).await?;
            let gone = KeyRing { closing: false, gone: true, ..closed.entry };
            let changes = vec![self.ledger.put(Expect::Version(closed.version), &gone)];
            let events = vec![success(call, &gone.target())];
            match self.commit(call, Batch { changes, events }, false).await {
                Err(Error::Store(store::Error::Conflict(_))) => {}
                other => return other,
            }
        }
        Err(Error::Busy)
    }

    /// The ring, closed; none when somebody else changed it.
    async fn closed(&self, ring: Stored<KeyRing>, force: bool) -> Result<Option<Stored<KeyRing>>, Error> {
        if ring.entry.closing {
            return Ok(Some(ring));
        }
        // Most refusals need no change. This one is looked for again once the ring is closed.
        let (instance, name) = (ring.entry.instance, &ring.entry.name);
        let in_the_way = if force { Standing::Live } else { Standing::Any };
        refuse(name, force, &self.in_ring(instance, name, in_the_way, 1).await?)?;
        self.marked(ring, true).await
    }

    /// Moves what is in a closed ring to `default`, if it may be moved.
    async fn move_out(&self, call: &Call, ring: &str, force: bool) -> Result<(), Error> {
        let mut conflicts = 0;
        while conflicts < ATTEMPTS {
            let keys = self.in_ring(call.instance, ring, Standing::Any, MOVED_AT_ONCE).await?;
            if keys.is_empty() {
                return Ok(());
            }
            refuse(ring, force, &keys)?;
            match self.ledger.commit(self.to_default(call, keys)).await {
                Ok(()) => conflicts = 0,
                Err(store::Error::Conflict(_)) => conflicts += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    fn to_default(&self, call: &Call, keys: Vec<Stored<Key>>) -> Batch {
        let mut patch = Call::internal(call.instance, Action::PatchKey, &call.actor, call.now);
        patch.origin = call.origin.clone();
        let mut batch = Batch::default();
        for Stored { mut entry, version } in keys {
            entry.ring = None;
            entry.updated = Some(call.now);
            batch.changes.push(self.ledger.put(Expect::Version(version), &entry));
            batch.events.push(success(&patch, &entry.target()));
        }
        batch
    }

    async fn in_ring(
        &self,
        instance: Uuid,
        ring: &str,
        standing: Standing,
        limit: usize,
    ) -> Result<Vec<Stored<Key>>, Error> {
        let terms = class(standing, None, Some(ring)).into_iter().collect();
        let found = self.ledger.some::<Key>(space(instance), terms, limit).await?;
        Ok(found.into_iter().filter(|stored| stored.entry.ring() == ring).collect())
    }
}

fn refuse(ring: &str, force: bool, keys: &[Stored<Key>]) -> Result<(), Error> {
    let may_move = |stored: &Stored<Key>| force && stored.entry.state == State::Destroyed;
    if keys.iter().all(may_move) { Ok(()) } else { Err(Error::RingInUse { ring: ring.to_owned() }) }
}
