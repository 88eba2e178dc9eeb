//! Quarantine: a key that nothing seems to use is deactivated for a while before it is destroyed.
//!
//! It stays where it is and is handed out to whoever asks, since a wrong guess must not cost a VM. The invariant: **a key that a client
//! asked for in its quarantine is not destroyed by it.** The first time that happens is committed before the answer leaves, in the very
//! record whose version the destruction expects; and before a key is destroyed its use is looked at too.

mod end;
mod list;
mod record;
mod rules;

use kmip::enums::{Operation, State};
use kmip::{DateTime, Timestamp, attribute};
use uuid::Uuid;

pub use end::Ended;
pub(crate) use list::Quarantines;
pub use rules::Refusal;

use crate::Engine;
use crate::beside;
use crate::error::{Failure, Fault};
use crate::manage::{Error, until_decided};
use crate::object::Before;
use crate::origin::{Change, Origin};
use crate::record::Stored;
use crate::registry::{Actor, Adapter};
use crate::scope::Scope;
use crate::usage::Use;
pub(crate) use record::QUARANTINE;

/// The actions of its events; IBM has none.
const ENTER: &str = "keystead.kmip-object.quarantine";
const RELEASE: &str = "keystead.kmip-object.release";
const ASKED: &str = "keystead.kmip-object.asked-in-quarantine";
/// What they are done to.
const KMIP: &str = "kms/kmip";

/// A key in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// The key's Unique Identifier.
    pub object: Uuid,
    /// The adapter that it belongs to.
    pub adapter: Uuid,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What then.
    pub then: Then,
    /// Who put it there.
    pub by: String,
    /// What it was before, to be put back by its release.
    pub before: Before,
    /// The first time that a client asked for it since. Its end is an operator's to decide then.
    pub asked: Option<Use>,
    pub(crate) version: u64,
}

/// What becomes of a key at the end of its quarantine, if nobody asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is destroyed, as by KMIP's Destroy.
    Destroy,
    /// It stays as it is, until an operator decides.
    Keep,
}

/// How a quarantine shall be.
#[derive(Clone, Copy, Debug)]
pub struct NewQuarantine {
    /// Until when.
    pub until: Timestamp,
    /// What then.
    pub then: Then,
}

impl Engine {
    /// Puts a key into quarantine.
    ///
    /// # Errors
    /// No such key, one that is there already, one whose state does not allow it, a root key that can't be used, failures of the store.
    pub async fn quarantine(
        &self,
        adapter: &Adapter,
        object: Uuid,
        new: NewQuarantine,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Quarantine, Error> {
        until_decided(|| self.try_quarantine(adapter, object, new, by, now)).await
    }

    async fn try_quarantine(
        &self,
        adapter: &Adapter,
        id: Uuid,
        NewQuarantine { until, then }: NewQuarantine,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Quarantine, Error> {
        let mut stored = self.there(adapter, id, now).await?;
        let refused = |refusal| Error::Quarantine(id, refusal);
        if self.kept_quarantine(adapter, id).await?.is_some() {
            return Err(refused(Refusal::There));
        }
        rules::may_enter(&stored.object).map_err(refused)?;
        let before = Before::of(&stored.object);
        let origin = Origin::Administrator { adapter, by };
        let mut scope = Scope::administrative(self, &origin, now);
        stored.change().set_state(State::Deactivated);
        stored.change().set_date(&attribute::DEACTIVATION_DATE, deactivation(before, now));
        scope.update(&mut stored).await?;
        let by_id = by.id.clone();
        let (object, adapter_id, asked) = (id, adapter.id, None);
        let new =
            Quarantine { object, adapter: adapter_id, since: now, until, then, by: by_id, before, asked, version: 1 };
        scope.also(record::put(&*scope.key().await?, adapter, &new));
        scope.commit(origin.changed(&change(ENTER, id, None), now)).await?;
        self.quarantines.set(new.clone());
        Ok(new)
    }

    /// Ends a key's quarantine: its state is what it was before, unless its life went on in the meantime.
    ///
    /// # Errors
    /// No such key, one that is not in quarantine, a root key that can't be used, failures of the store.
    pub async fn release(&self, adapter: &Adapter, object: Uuid, by: &Actor, now: Timestamp) -> Result<(), Error> {
        until_decided(|| self.try_release(adapter, object, by, now)).await
    }

    async fn try_release(&self, adapter: &Adapter, id: Uuid, by: &Actor, now: Timestamp) -> Result<(), Error> {
        let mut stored = self.there(adapter, id, now).await?;
        let kept = self.kept_quarantine(adapter, id).await?;
        let kept = kept.ok_or(Error::Quarantine(id, Refusal::NotThere))?;
        let origin = Origin::Administrator { adapter, by };
        let mut scope = Scope::administrative(self, &origin, now);
        put_back(&kept, &mut stored, &mut scope).await?;
        scope.also(record::remove(adapter, &kept));
        scope.commit(origin.changed(&change(RELEASE, id, None), now)).await?;
        self.quarantines.forget(adapter.id, id);
        Ok(())
    }

    /// The quarantine as its record has it, whose tag is right.
    pub(crate) async fn kept_quarantine(&self, adapter: &Adapter, object: Uuid) -> Result<Option<Quarantine>, Failure> {
        let key = self.keyring.key(&adapter.key).await?;
        let record = self.store.get(&beside::place(adapter, QUARANTINE, object)).await?;
        Ok(record.map(|record| record::read(Some(&key), adapter.id, &record)).transpose()?)
    }

    /// An instance's keys in quarantine, the oldest first.
    pub fn quarantined(&self, instance: Uuid) -> Vec<Quarantine> {
        let adapters: Vec<Uuid> = self.registry.adapters(instance).iter().map(|adapter| adapter.id).collect();
        self.quarantines.of(|quarantine| adapters.contains(&quarantine.adapter))
    }

    /// All keys in quarantine that clients asked for: alarms, until an operator decides.
    pub fn asked_in_quarantine(&self) -> Vec<(std::sync::Arc<Adapter>, Quarantine)> {
        let asked = self.quarantines.of(|quarantine| quarantine.asked.is_some());
        let with_adapter = |each: Quarantine| Some((self.registry.current(each.adapter).ok()?, each));
        asked.into_iter().filter_map(with_adapter).collect()
    }

    /// Has it committed with an operation that a client asks for it, if the key is in quarantine and none did before. A store that takes
    /// no changes, or a record that is damaged, keeps nobody from a key.
    pub(crate) async fn ask_for_quarantined(
        &self,
        scope: &mut Scope<'_>,
        origin: &Origin<'_>,
        operation: Operation,
        now: Timestamp,
    ) -> Result<Option<Quarantine>, Failure> {
        let (Origin::Client { client, address }, Some(object)) = (origin, scope.target()) else { return Ok(None) };
        let adapter = client.adapter();
        // Who takes the key away does not need it.
        let takes_away = matches!(operation, Operation::Destroy | Operation::Revoke);
        if takes_away {
            return Ok(None);
        }
        let Some(known) = self.quarantines.get(adapter.id, object) else {
            return match self.quarantines.has_ended(adapter.id, object) {
                true => self.is_still_there(adapter, object, now).await.map(|()| None),
                false => Ok(None),
            };
        };
        let one = Use::of(client, *address, now);
        self.quarantines.say(&known, &one);
        if known.asked.is_some() {
            return Ok(None);
        }
        match self.kept_quarantine(adapter, object).await {
            Ok(Some(kept)) => {
                let asked = Quarantine { asked: Some(one), version: kept.version + 1, ..kept };
                let change = record::put(&*scope.key().await?, adapter, &asked);
                scope.also_if_possible(change);
                Ok(Some(asked))
            }
            Ok(None) => self.is_still_there(adapter, object, now).await.map(|()| None),
            Err(Failure::Failed(fault @ (Fault::Damaged(_) | Fault::Record(..)))) => {
                tracing::error!(%object, %fault, "the record of a key's quarantine is damaged; the key is handed out all the same");
                Ok(Some(Quarantine { asked: Some(one), ..known }))
            }
            Err(failure) => Err(failure),
        }
    }
}

impl Engine {
    /// Has an operation tried again that has read a key which was destroyed since, at the end of its quarantine: it must not be handed out
    /// and destroyed both.
    async fn is_still_there(&self, adapter: &Adapter, object: Uuid, now: Timestamp) -> Result<(), Failure> {
        let key = self.keyring.key(&adapter.key).await?;
        let place = crate::record::place(adapter, object);
        let record = self.store.get(&place).await?;
        let stored = record.map(|record| crate::record::read(&key, &place, &record, now)).transpose()?;
        match stored.is_some_and(|stored| !stored.object.is_destroyed()) {
            true => Ok(()),
            false => Err(Failure::Failed(Fault::Store(store::Error::Conflict(place)))),
        }
    }
}

/// An event's words.
fn change<'a>(action: &'a str, id: Uuid, message: Option<&'a str>) -> Change<'a> {
    Change { action, type_uri: KMIP, kind: "kmip-object", id, name: None, message }
}

/// The Deactivation Date in quarantine: of a key that was deactivated already, its own.
fn deactivation(before: Before, now: Timestamp) -> DateTime {
    match (before.state, before.deactivation) {
        (Some(State::Deactivated), Some(date)) => date,
        (_, _) => now.date_time(),
    }
}

/// Puts a key's state back. What was compromised or destroyed in the meantime stays so.
async fn put_back(kept: &Quarantine, stored: &mut Stored, scope: &mut Scope<'_>) -> Result<(), Failure> {
    if stored.object.state() != Some(State::Deactivated) {
        return Ok(());
    }
    kept.before.put_back(stored.change());
    scope.update(stored).await
}
