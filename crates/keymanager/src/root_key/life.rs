//! What administrators do with root keys: make, rotate, enable, disable, delete, restore.

use super::{NewRootKey, RootKey};
use crate::audit::{Occasion, event};
use crate::change::Decision;
use crate::record::SealedVersion;
use crate::{Actor, Error, Event, KeyManager, State, text};
use kmip::Timestamp;
use store::{Batch, Expect};
use uuid::Uuid;
use wrap::Secret;
use wrap::primitive::random_secret;

/// The length of generated material.
const GENERATED: usize = 32;
/// The lengths that imported material may have: AES-128, AES-192 and AES-256 keys.
const IMPORTED: [usize; 3] = [16, 24, 32];

impl KeyManager {
    /// Makes a root key, which is active at once.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such instance, [`Error::Field`] when something given can't be taken, [`Error::Store`].
    pub async fn create_root_key(
        &self,
        instance: Uuid,
        new: NewRootKey,
        by: &Actor,
        now: Timestamp,
    ) -> Result<RootKey, Error> {
        self.instance(instance).await?;
        let (id, imported) = (self.new_id()?, new.payload.is_some());
        let version = self.new_version((instance, id), 1, new.payload, now)?;
        let key = RootKey {
            id,
            instance,
            name: text::name(&new.name)?,
            description: text::description(new.description)?,
            state: State::Active,
            imported,
            version: version.id,
            versions: 1,
            created: now,
            created_by: by.id.clone(),
            rotated: None,
            updated: None,
            deleted: None,
            deleted_by: None,
        };
        let events = vec![event("kms.secrets.create", &key.target(), Occasion { by, now })];
        let changes = vec![self.ledger.put(Expect::Absent, &key), self.ledger.put(Expect::Absent, &version)];
        self.ledger.commit(Batch { changes, events }).await?;
        Ok(key)
    }

    /// Gives a root key a new version, under which it wraps from now on. Older ones go on unwrapping what they wrapped.
    ///
    /// # Errors
    /// [`Error::PayloadRequired`], [`Error::PayloadForbidden`], [`Error::Field`]; [`Error::State`]; and as [`KeyManager::enable`].
    pub async fn rotate(
        &self,
        instance: Uuid,
        key: Uuid,
        payload: Option<Secret>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<RootKey, Error> {
        self.change(instance, key, "kms.secrets.rotate", Occasion { by, now }, |key| {
            let state = key.after(Event::Rotate)?;
            match (key.imported, &payload) {
                (true, None) => return Err(Error::PayloadRequired(key.id)),
                (false, Some(_)) => return Err(Error::PayloadForbidden(key.id)),
                (true, Some(_)) | (false, None) => {}
            }
            let versions = key.versions.saturating_add(1);
            let version = self.new_version((instance, key.id), versions, payload.clone(), now)?;
            let extra = vec![self.ledger.put(Expect::Absent, &version)];
            let after = RootKey { state, version: version.id, versions, rotated: Some(now), ..key.clone() };
            Ok(Decision { after, extra })
        })
        .await
    }

    /// Makes a disabled root key usable again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::State`], [`Error::Busy`], [`Error::Damaged`], [`Error::Store`], [`Error::Unknown`].
    pub async fn enable(&self, instance: Uuid, key: Uuid, by: &Actor, now: Timestamp) -> Result<RootKey, Error> {
        self.change(instance, key, "kms.secrets.enable", Occasion { by, now }, |key| {
            Ok(Decision::to(RootKey { state: key.after(Event::Enable)?, ..key.clone() }))
        })
        .await
    }

    /// Makes a root key unusable until it is enabled.
    ///
    /// # Errors
    /// As [`KeyManager::enable`].
    pub async fn disable(&self, instance: Uuid, key: Uuid, by: &Actor, now: Timestamp) -> Result<RootKey, Error> {
        self.change(instance, key, "kms.secrets.disable", Occasion { by, now }, |key| {
            Ok(Decision::to(RootKey { state: key.after(Event::Disable)?, ..key.clone() }))
        })
        .await
    }

    /// Deletes a root key: what is sealed under it is unreadable from now on. `users` are the adapters that seal under it, as the
    /// caller knows them: while there are any, only a forced deletion goes through.
    ///
    /// # Errors
    /// [`Error::InUse`], and as [`KeyManager::enable`].
    pub async fn delete(
        &self,
        instance: Uuid,
        key: Uuid,
        users: &[String],
        force: bool,
        by: &Actor,
        now: Timestamp,
    ) -> Result<RootKey, Error> {
        self.change(instance, key, "kms.secrets.delete", Occasion { by, now }, |key| {
            let state = key.after(Event::Delete)?;
            if !users.is_empty() && !force {
                return Err(Error::InUse { key: key.id, users: users.join(", ") });
            }
            let deleted_by = Some(by.id.clone());
            Ok(Decision::to(RootKey { state, deleted: Some(now), deleted_by, ..key.clone() }))
        })
        .await
    }

    /// Takes back a deletion of the last 30 days: the key is active again, whatever it was before.
    ///
    /// # Errors
    /// [`Error::RestoreExpired`], and as [`KeyManager::enable`].
    pub async fn restore(&self, instance: Uuid, key: Uuid, by: &Actor, now: Timestamp) -> Result<RootKey, Error> {
        self.change(instance, key, "kms.secrets.restore", Occasion { by, now }, |key| {
            let state = key.after(Event::Restore)?;
            if key.restorable_until().is_none_or(|until| until < now) {
                return Err(Error::RestoreExpired(key.id));
            }
            Ok(Decision::to(RootKey { state, deleted: None, deleted_by: None, ..key.clone() }))
        })
        .await
    }

    fn new_version(
        &self,
        (instance, key): (Uuid, Uuid),
        number: u32,
        payload: Option<Secret>,
        created: Timestamp,
    ) -> Result<SealedVersion, Error> {
        let material = match payload {
            Some(payload) => imported(payload)?,
            None => random_secret(self.random.as_ref(), GENERATED)?,
        };
        let mut version = SealedVersion { id: self.new_id()?, instance, key, number, created, sealed: Vec::new() };
        version.sealed = self.seal_version(&version, &material)?;
        Ok(version)
    }
}

fn imported(payload: Secret) -> Result<Secret, Error> {
    let length = payload.expose().len();
    if !IMPORTED.contains(&length) {
        let reason = format!("has {length} bytes: give 16, 24 or 32 random bytes");
        return Err(Error::Field { field: "key material", reason });
    }
    Ok(payload)
}
