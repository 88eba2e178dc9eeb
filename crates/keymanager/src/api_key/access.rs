//! API keys made, asked and revoked.

use super::{ApiKey, ApiKeySecret, Denied, Principal, Role, of_id, of_instance, place_id, secret_digest};
use crate::audit::{Occasion, event};
use crate::ledger::Stored;
use crate::{Actor, Error, KeyManager, text};
use kmip::Timestamp;
use store::{Batch, Expect, Space};
use uuid::Uuid;
use wrap::primitive::equal;

impl KeyManager {
    /// Makes an API key for an instance, with the secret that is never shown again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such instance, [`Error::Field`] when the name can't be one, [`Error::Store`].
    pub async fn create_api_key(
        &self,
        instance: Uuid,
        name: &str,
        role: Role,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(ApiKey, ApiKeySecret), Error> {
        self.create_expiring_api_key(instance, name, role, None, Occasion { by, now }).await
    }

    /// As [`KeyManager::create_api_key`], for a key that ends at `expires`.
    ///
    /// # Errors
    /// As there; [`Error::Field`] also when `expires` is not after `now`.
    pub async fn create_api_key_until(
        &self,
        instance: Uuid,
        name: &str,
        role: Role,
        expires: Timestamp,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(ApiKey, ApiKeySecret), Error> {
        if expires <= now {
            return Err(Error::Field { field: "expiry date", reason: "is past: give one in the future".into() });
        }
        self.create_expiring_api_key(instance, name, role, Some(expires), Occasion { by, now }).await
    }

    async fn create_expiring_api_key(
        &self,
        instance: Uuid,
        name: &str,
        role: Role,
        expires: Option<Timestamp>,
        on: Occasion<'_>,
    ) -> Result<(ApiKey, ApiKeySecret), Error> {
        self.instance(instance).await?;
        let secret = ApiKeySecret::new(self.random.as_ref())?;
        let key = ApiKey {
            id: self.new_id()?,
            instance,
            name: text::name(name)?,
            role,
            created: on.now,
            created_by: on.by.id.clone(),
            expires,
            revoked: None,
            digest: secret_digest(secret.expose()),
        };
        let events = vec![event("kms.apikeys.create", &key.target(), on)];
        let changes = vec![self.ledger.put(Expect::Absent, &key)];
        self.ledger.commit(Batch { changes, events }).await?;
        Ok((key, secret))
    }

    /// Who stands behind a secret.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn authenticate(&self, secret: &str, now: Timestamp) -> Result<Principal, Denied> {
        if !ApiKeySecret::is_well_formed(secret) {
            return Err(Denied::Unknown);
        }
        let digest = secret_digest(secret);
        let stored = self.ledger.get::<ApiKey>(Space::INSTALLATION, place_id(&digest)).await?;
        let key = stored.map(|stored| stored.entry).filter(|key| equal(&key.digest, &digest)).ok_or(Denied::Unknown)?;
        key.principal(now)
    }

    /// The API keys of an instance, also revoked and expired ones.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn api_keys(&self, instance: Uuid) -> Result<Vec<ApiKey>, Error> {
        let stored = self.ledger.all::<ApiKey>(Space::INSTALLATION, vec![of_instance(instance)]).await?;
        Ok(stored.into_iter().map(|stored| stored.entry).filter(|key| key.instance == instance).collect())
    }

    /// Revokes an API key: from the return on, it is good for nothing. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Busy`], [`Error::Store`].
    pub async fn revoke_api_key(&self, instance: Uuid, id: Uuid, by: &Actor, now: Timestamp) -> Result<ApiKey, Error> {
        let Stored { mut entry, version } = self.stored_api_key(instance, id).await?;
        if entry.revoked.is_some() {
            return Ok(entry);
        }
        entry.revoked = Some(now);
        let events = vec![event("kms.apikeys.revoke", &entry.target(), Occasion { by, now })];
        let changes = vec![self.ledger.put(Expect::Version(version), &entry)];
        match self.ledger.commit(Batch { changes, events }).await {
            // The only change that an API key ever sees is this one: somebody else made it.
            Err(store::Error::Conflict(_)) => Ok(self.stored_api_key(instance, id).await?.entry),
            other => Ok(other.map(|()| entry)?),
        }
    }

    async fn stored_api_key(&self, instance: Uuid, id: Uuid) -> Result<Stored<ApiKey>, Error> {
        let found = self.ledger.all::<ApiKey>(Space::INSTALLATION, vec![of_id(id)]).await?;
        found
            .into_iter()
            .find(|stored| stored.entry.id == id && stored.entry.instance == instance)
            .ok_or_else(|| Error::NotFound { what: "API key", name: id.to_string() })
    }
}
