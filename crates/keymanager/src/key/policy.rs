//! Policies of a key: rotation, and two people for its deletion.
//!
//! The invariant: **a policy is decided on the key as it is when it is set**: only what can rotate by itself has a rotation policy,
//! and a key that needs two people for its deletion never needs fewer again.

use crate::change::Decision;
use crate::{Call, Error, Event, Key, KeyManager, State};
use kmip::Timestamp;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// The intervals of a rotation policy, in months (Key Protect API: `interval_month`).
pub(crate) const MONTHS: RangeInclusive<u32> = 1..=12;

/// Who set a policy, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyStamp {
    /// The policy's identifier.
    pub id: Uuid,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Who changed it.
    pub updated_by: String,
}

impl PolicyStamp {
    /// The stamp of a policy that a call makes.
    pub(crate) fn new(id: Uuid, call: &Call) -> Self {
        let (created, updated) = (call.now, call.now);
        PolicyStamp { id, created, created_by: call.actor.clone(), updated, updated_by: call.actor.clone() }
    }

    /// The same policy's, changed by a call.
    fn changed(&self, call: &Call) -> Self {
        PolicyStamp { updated: call.now, updated_by: call.actor.clone(), ..self.clone() }
    }
}

/// A rotation policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Whether it is carried out.
    pub enabled: bool,
    /// Every so many months of 30 days: 1 to 12.
    pub interval_month: u32,
    /// Who set it.
    pub stamp: PolicyStamp,
}

/// A rotation policy as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationSetting {
    /// Whether it is carried out.
    pub enabled: bool,
    /// 1 to 12; may be left out to keep what is there.
    pub interval_month: Option<u32>,
}

impl RotationSetting {
    /// The months that are meant, where `kept` are those of the policy that is there. One that is made disabled and says none has the
    /// shortest interval: nothing is done by it.
    ///
    /// # Errors
    /// [`Error::Field`] when there are fewer than 1 or more than 12, and when there are none to go by.
    pub(crate) fn months(self, kept: Option<u32>) -> Result<u32, Error> {
        let wrong = |reason: &str| Error::Field { field: "interval_month", reason: reason.to_owned() };
        let months = self.interval_month.or(kept).or((!self.enabled).then_some(*MONTHS.start()));
        let months = months.ok_or_else(|| wrong("is missing: give 1 to 12 months"))?;
        if MONTHS.contains(&months) { Ok(months) } else { Err(wrong("is out of range: give 1 to 12 months")) }
    }
}

/// A dual authorization policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DualAuth {
    /// Whether two people are needed. Once true for a key, always.
    pub enabled: bool,
    /// Who set it.
    pub stamp: PolicyStamp,
}

/// The first of two people's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetForDeletion {
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl KeyManager {
    /// Sets a key's rotation policy.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::Field`]; [`Error::RootKeyRequired`] for a standard key, [`Error::RotationOfImported`] for an
    /// imported one; [`Error::Deleted`].
    pub async fn set_rotation(&self, call: &Call, id_or_alias: &str, setting: RotationSetting) -> Result<Key, Error> {
        let id = self.new_id()?;
        self.change_named(call, id_or_alias, |key| {
            key.rotates_by_itself()?;
            let there = key.rotation.as_ref();
            let interval_month = setting.months(there.map(|policy| policy.interval_month))?;
            let stamp = there.map_or_else(|| PolicyStamp::new(id, call), |policy| policy.stamp.changed(call));
            let rotation = Some(Rotation { enabled: setting.enabled, interval_month, stamp });
            Ok(Decision::to(Key { rotation, ..key.clone() }))
        })
        .await
    }

    /// Sets a key's dual authorization policy, which can't be turned off again.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::DualAuthStays`]; [`Error::Deleted`].
    pub async fn set_dual_auth(&self, call: &Call, id_or_alias: &str, enabled: bool) -> Result<Key, Error> {
        let id = self.new_id()?;
        self.change_named(call, id_or_alias, |key| {
            key.is_there()?;
            if key.needs_two() && !enabled {
                return Err(Error::DualAuthStays(key.id));
            }
            let there = key.dual_auth.as_ref();
            let stamp = there.map_or_else(|| PolicyStamp::new(id, call), |policy| policy.stamp.changed(call));
            Ok(Decision::to(Key { dual_auth: Some(DualAuth { enabled, stamp }), ..key.clone() }))
        })
        .await
    }

    /// Gives the first of two people's word for a key's deletion, good for 7 days. Given again, it is the latest that counts.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::NotDualAuth`] when the key has no such policy; [`Error::State`], [`Error::Deleted`].
    pub async fn set_for_deletion(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        let word = || Some(SetForDeletion { by: call.actor.clone(), at: call.now });
        self.change_word(call, id_or_alias, word).await
    }

    /// Takes that word back.
    ///
    /// # Errors
    /// As [`KeyManager::set_for_deletion`].
    pub async fn unset_for_deletion(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        self.change_word(call, id_or_alias, || None).await
    }

    async fn change_word(
        &self,
        call: &Call,
        id_or_alias: &str,
        word: impl Fn() -> Option<SetForDeletion> + Send + Sync,
    ) -> Result<Key, Error> {
        self.change_named(call, id_or_alias, |key| {
            key.is_there()?;
            if !key.needs_two() {
                return Err(Error::NotDualAuth(key.id));
            }
            key.after(Event::Delete)?;
            Ok(Decision::to(Key { set_for_deletion: word(), ..key.clone() }))
        })
        .await
    }
}

impl Key {
    /// Whether two people are needed for its deletion.
    pub(crate) fn needs_two(&self) -> bool {
        self.dual_auth.as_ref().is_some_and(|policy| policy.enabled)
    }

    pub(super) fn rotates_by_itself(&self) -> Result<(), Error> {
        self.is_there()?;
        match (self.extractable, self.imported) {
            (true, _) => Err(Error::RootKeyRequired(self.id)),
            (false, true) => Err(Error::RotationOfImported(self.id)),
            (false, false) => Ok(()),
        }
    }

    fn is_there(&self) -> Result<(), Error> {
        match self.state {
            State::Destroyed => Err(Error::Deleted(self.id)),
            State::PreActive | State::Active | State::Suspended | State::Deactivated => Ok(()),
        }
    }
}
