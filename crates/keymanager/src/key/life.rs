//! What administrators do with keys: rotate, enable, disable, move. The end of a key's life is in `deletion`.
//!
//! The invariant: **each is decided on the record that it changes**, by the table of states first, then by what else must be true.
//! A change in a key's life is told to who is registered on it, so it counts as a sync.

use crate::change::Decision;
use crate::instance::Making;
use crate::key::{DEFAULT_RING, Payload};
use crate::timers::left;
use crate::{Call, Error, Event, Extent, Key, KeyManager, State};
use store::Expect;
use uuid::Uuid;

impl KeyManager {
    /// Gives a root key a new version, under which it wraps from now on. Older ones go on unwrapping; what the KMIP service wrapped
    /// is wrapped again by a job that is stored together with the version ([`KeyManager::work_on_rotations`]).
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::RootKeyRequired`], [`Error::State`], [`Error::Deleted`], [`Error::PayloadRequired`],
    /// [`Error::PayloadForbidden`], [`Error::RotatedRecently`], [`Error::CreateImportAccess`], [`Error::Field`], [`Error::Busy`]; for
    /// an import token as [`KeyManager::create_key`].
    pub async fn rotate(&self, call: &Call, id_or_alias: &str, payload: Option<Payload>) -> Result<Key, Error> {
        // A rotation that a policy asks for by itself is none that anybody makes: it is not asked this.
        self.find(call, id_or_alias, None).await?.root()?;
        self.check_making(call.instance, Making::of(false, payload.as_ref())).await?;
        self.rotate_if(call, id_or_alias, payload, |_| Ok(())).await
    }

    /// [`KeyManager::rotate`], if one more thing is true of the very record that is changed.
    pub(crate) async fn rotate_if(
        &self,
        call: &Call,
        id_or_alias: &str,
        payload: Option<Payload>,
        is_wanted: impl Fn(&Key) -> Result<(), Error> + Send + Sync,
    ) -> Result<Key, Error> {
        let key = self.find(call, id_or_alias, None).await?.root()?;
        self.check_rotation(call, &key, payload.is_some())?;
        let making = Making::of(false, payload.as_ref());
        self.check_remaking(call.instance, making).await?;
        let material = self.material(call, payload, false).await?;
        let sealing = self.sealing().await;
        let rotated = self
            .change(call, key.id, |key| {
                self.check_rotation(call, key, making.imported)?;
                is_wanted(key)?;
                let after = Key {
                    state: key.after(Event::Rotate)?,
                    version: self.new_id()?,
                    version_created: Some(call.now),
                    versions: key.versions.saturating_add(1),
                    rotated: Some(call.now),
                    synced: Some(call.now),
                    ..key.clone()
                };
                let version = self.new_version(&after, &material, &sealing)?;
                let job = self.job(call, key, &after);
                let extra = vec![self.ledger.put(Expect::Absent, &version), self.ledger.put(Expect::Absent, &job)];
                Ok(Decision { extra, after })
            })
            .await?;
        // Older versions go on unwrapping, so what is under them need not be wrapped again before this is answered.
        self.rotations.wake();
        Ok(rotated)
    }

    /// Makes a disabled root key usable again, 30 seconds after it was disabled or later.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::TooEarly`], [`Error::RootKeyRequired`], [`Error::State`], [`Error::Deleted`].
    pub async fn enable(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        let key = self.find(call, id_or_alias, None).await?.root()?;
        let enabled = self.try_enable(call, key.id).await?;
        // A rotation that waited for it goes on.
        self.rotations.wake();
        Ok(enabled)
    }

    async fn try_enable(&self, call: &Call, key: Uuid) -> Result<Key, Error> {
        self.change(call, key, |key| {
            let state = key.after(Event::Enable)?;
            // A record of version 0.1 does not say when.
            let wait = key.suspended.and_then(|since| left(since, self.timers.enable_after, call.now));
            if let Some(seconds) = wait {
                return Err(Error::TooEarly { what: "enabling the key", seconds });
            }
            Ok(Decision::to(Key { state, suspended: None, synced: Some(call.now), ..key.clone() }))
        })
        .await
    }

    /// Makes a root key unusable until it is enabled.
    ///
    /// # Errors
    /// As [`KeyManager::enable`].
    pub async fn disable(&self, call: &Call, id_or_alias: &str) -> Result<Key, Error> {
        let key = self.find(call, id_or_alias, None).await?.root()?;
        self.change(call, key.id, |key| {
            let state = key.after(Event::Disable)?;
            Ok(Decision::to(Key { state, suspended: Some(call.now), synced: Some(call.now), ..key.clone() }))
        })
        .await
    }

    /// Moves a key into another key ring.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::NotFound`] for the ring, [`Error::Unauthorized`] for either ring; [`Error::KmipKey`],
    /// [`Error::Deleted`], [`Error::Busy`].
    pub async fn move_key(&self, call: &Call, id_or_alias: &str, ring: &str) -> Result<Key, Error> {
        let key = self.find(call, id_or_alias, None).await?.own()?;
        if key.ring() != ring && !call.reaches(Extent::Ring(ring)) {
            return Err(Error::Unauthorized);
        }
        let stands = self.ring_stands(call.instance, ring).await?;
        let moved = self.change(call, key.id, |key| match key.state {
            State::Destroyed => Err(Error::Deleted(key.id)),
            State::PreActive | State::Active | State::Suspended | State::Deactivated => {
                let after = Key { ring: named(ring), ..key.clone() };
                Ok(Decision { after, extra: stands.iter().cloned().collect() })
            }
        });
        match moved.await {
            // It may have been the ring that changed under it.
            Err(Error::Busy) => Err(self.ring_stands(call.instance, ring).await.err().unwrap_or(Error::Busy)),
            other => other,
        }
    }

    /// Whether a root key may be rotated now, with material that is brought along or without.
    fn check_rotation(&self, call: &Call, key: &Key, with_payload: bool) -> Result<(), Error> {
        key.after(Event::Rotate)?;
        match (key.imported, with_payload) {
            (true, false) => return Err(Error::PayloadRequired(key.id)),
            (false, true) => return Err(Error::PayloadForbidden(key.id)),
            (true, true) | (false, false) => {}
        }
        match key.rotated.and_then(|since| left(since, self.timers.rotate_every, call.now)) {
            Some(seconds) => Err(Error::RotatedRecently { key: key.id, seconds }),
            None => Ok(()),
        }
    }
}

/// A key ring as records have it.
pub(super) fn named(ring: &str) -> Option<String> {
    (ring != DEFAULT_RING).then(|| ring.to_owned())
}
