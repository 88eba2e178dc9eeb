//! The end of quarantines.
//!
//! The invariant: what destroys a key is one batch: the material, the quarantine's record at the version that was looked at, the event.
//! Whoever asks for the key at that moment comes before it, and the key stays; or after it.

use kmip::Timestamp;
use kmip::enums::State;
use uuid::Uuid;

use super::{ASKED, Quarantine, Then, change, record};
use crate::Engine;
use crate::error::Refusal;
use crate::lifecycle;
use crate::manage::Error;
use crate::origin::{self, Origin};
use crate::record::Stored;
use crate::registry::{Actor, Adapter, DELETE, MANAGEMENT};
use crate::scope::Scope;
use crate::usage::{Usage, Use};

/// Who it is, in events and records, that ends quarantines.
const ACTOR: &str = "quarantine";

/// What came of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Keys that were destroyed.
    pub destroyed: usize,
    /// Keys whose use was found, so that they stay.
    pub held: usize,
    /// Keys that could not be dealt with, and are tried again in the next round.
    pub failed: usize,
}

/// The use that a key had since a moment; where it was not handed out but asked about, what is known of that.
fn used_since(usage: Usage, since: Timestamp) -> Option<Use> {
    let last = usage.last.filter(|last| last.at >= since);
    last.or_else(|| usage.other.filter(|(at, _)| *at >= since).map(|(at, _)| Use::unknown(at)))
}

impl Quarantine {
    /// Whether the key is to be destroyed now, unless it was asked for.
    fn has_run_out(&self, now: Timestamp) -> bool {
        self.then == Then::Destroy && self.until <= now
    }
}

enum Step {
    Destroyed,
    Held,
    Nothing,
}

impl Engine {
    /// Destroys the keys whose quarantine has ended without anybody asking for them, and forgets that of keys that are gone.
    pub async fn end_quarantines(&self, now: Timestamp) -> Ended {
        let mut ended = Ended::default();
        for quarantine in self.quarantines.of(|_| true) {
            match self.end(&quarantine, now).await {
                Ok(Step::Destroyed) => ended.destroyed += 1,
                Ok(Step::Held) => ended.held += 1,
                Ok(Step::Nothing) => {}
                Err(error) if error.is_conflict() => {}
                // Its owner disabled or deleted the root key: what is due waits for it.
                Err(Error::Refused(Refusal::RootKey)) => {}
                Err(error) => {
                    tracing::error!(key = %quarantine.object, %error, "a quarantine could not be ended, and is tried again");
                    ended.failed += 1;
                }
            }
        }
        ended
    }

    async fn end(&self, known: &Quarantine, now: Timestamp) -> Result<Step, Error> {
        let Ok(adapter) = self.registry.current(known.adapter) else {
            self.quarantines.forget(known.adapter, known.object);
            return Ok(Step::Nothing);
        };
        let Some(stored) = self.stored(&adapter, known.object, now).await? else {
            return self.forget_quarantine(&adapter, known.object).await;
        };
        // One that is deleted as a standard key can still come back, and to its quarantine.
        if stored.object.is_deleted() {
            return Ok(Step::Nothing);
        }
        // Whoever gave it another state in the meantime, or destroyed it, decided.
        if stored.object.state() != Some(State::Deactivated) {
            return self.forget_quarantine(&adapter, known.object).await;
        }
        if !known.has_run_out(now) {
            return Ok(Step::Nothing);
        }
        let Some(kept) = self.kept_quarantine(&adapter, known.object).await? else {
            return self.forget_quarantine(&adapter, known.object).await;
        };
        if !kept.has_run_out(now) || kept.asked.is_some() {
            return Ok(Step::Nothing);
        }
        self.destroy_or_hold(&adapter, (kept, known.asked.clone()), stored, now).await
    }

    async fn destroy_or_hold(
        &self,
        adapter: &Adapter,
        (kept, asked): (Quarantine, Option<Use>),
        stored: Stored,
        now: Timestamp,
    ) -> Result<Step, Error> {
        let asked = match asked {
            Some(asked) => Some(asked),
            None => used_since(self.usage(adapter, kept.object).await?, kept.since),
        };
        match asked {
            None => self.destroy_quarantined(adapter, &kept, stored, now).await,
            asked => {
                let held = Quarantine { asked, version: kept.version + 1, ..kept };
                self.hold_quarantined(adapter, held, now).await
            }
        }
    }

    async fn destroy_quarantined(
        &self,
        adapter: &Adapter,
        kept: &Quarantine,
        mut stored: Stored,
        now: Timestamp,
    ) -> Result<Step, Error> {
        let by = Actor::new(ACTOR);
        let origin = Origin::Administrator { adapter, by: &by };
        let mut scope = Scope::administrative(self, &origin, now);
        kept.before.put_back(stored.change());
        lifecycle::destroy_by_force(stored.change(), ACTOR, now).map_err(Error::Refused)?;
        scope.release_names(&stored.object).await?;
        scope.update(&mut stored).await?;
        scope.also(record::remove(adapter, kept));
        let message = Some("its quarantine has ended, and nobody asked for it");
        let id = kept.object;
        let change =
            origin::Change { action: DELETE, type_uri: MANAGEMENT, kind: "kmip-object", id, name: None, message };
        scope.commit(origin.changed(&change, now)).await?;
        self.quarantines.end(adapter.id, id);
        tracing::info!(key = %id, "a key was destroyed at the end of its quarantine: nobody had asked for it");
        Ok(Step::Destroyed)
    }

    /// Writes that somebody asked, where that is known from the key's use alone: a crash came before the quarantine's own record.
    async fn hold_quarantined(&self, adapter: &Adapter, asked: Quarantine, now: Timestamp) -> Result<Step, Error> {
        let by = Actor::new(ACTOR);
        let origin = Origin::Administrator { adapter, by: &by };
        let mut scope = Scope::administrative(self, &origin, now);
        scope.also(record::put(&*scope.key().await?, adapter, &asked));
        scope.commit(origin.changed(&change(ASKED, asked.object, None), now)).await?;
        self.quarantines.set(asked);
        Ok(Step::Held)
    }

    /// Takes away the record of a key that is gone.
    async fn forget_quarantine(&self, adapter: &Adapter, object: Uuid) -> Result<Step, Error> {
        if let Some(kept) = self.kept_quarantine(adapter, object).await? {
            let Some(_held) = self.registry.hold(adapter.id).await else { return Ok(Step::Nothing) };
            let changes = vec![record::remove(adapter, &kept)];
            self.store
                .commit(store::Batch { changes, events: Vec::new() })
                .await
                .map_err(crate::error::Failure::from)?;
        }
        self.quarantines.forget(adapter.id, object);
        Ok(Step::Nothing)
    }
}
