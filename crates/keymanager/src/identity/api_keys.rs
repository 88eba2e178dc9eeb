//! API keys made, listed and revoked.
//!
//! The invariant: **a revoked API key stays revoked, and its record stays**: it says who held what, and until when.

use super::api_key::{of_id, of_service_id};
use super::change::again;
use super::realm::Realm;
use crate::audit::success;
use crate::identity::{ApiKey, ApiKeyKind, ApiKeySecret, NewApiKey};
use crate::ledger::Stored;
use crate::{Call, Error, KeyManager, text};
use store::{Batch, Expect, Space};
use uuid::Uuid;

impl KeyManager {
    /// Makes an API key for a service ID, with the secret that is never shown again.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] also for a home that the caller does not administer, [`Error::NotFound`] when there is no such service ID
    /// or home, [`Error::Field`], [`Error::Store`].
    pub async fn create_api_key(&self, call: &Call, new: NewApiKey) -> Result<(ApiKey, ApiKeySecret), Error> {
        if new.expires.is_some_and(|expires| expires <= call.now) {
            return Err(Error::Field { field: "expires", reason: "is past: give a time in the future".into() });
        }
        let realm = Realm::of(call)?;
        let service_id = self.stored_service_id(realm, &new.service_id).await?.entry;
        if new.home.is_some() && !realm.has(new.home) {
            return Err(Error::Unauthorized);
        }
        let secret = ApiKeySecret::new(self.random.as_ref())?;
        let key = ApiKey {
            id: self.new_id()?,
            instance: new.home.or(service_id.owner).unwrap_or_default(),
            name: text::name(&new.name)?,
            kind: ApiKeyKind::ServiceId,
            service_id: Some(service_id.id),
            description: text::description(new.description)?,
            created: call.now,
            created_by: call.actor.clone(),
            expires: new.expires,
            revoked: None,
            digest: secret.digest(),
        };
        again(|| self.try_create_api_key(call, realm, &key, service_id.id)).await?;
        Ok((key, secret))
    }

    async fn try_create_api_key(&self, call: &Call, realm: Realm, key: &ApiKey, service_id: Uuid) -> Result<(), Error> {
        let service_id = self.stored_service_id(realm, &service_id.to_string()).await?;
        let mut changes = vec![self.ledger.put(Expect::Absent, key), self.touch_service_id(&service_id)];
        changes.extend(self.touch_instance(Some(key.instance).filter(|home| !home.is_nil())).await?);
        self.commit_access(call, Batch { changes, events: vec![success(call, &key.event_target())] }).await
    }

    /// The API keys of a service ID, also revoked and expired ones.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`].
    pub async fn api_keys(&self, call: &Call, service_id: &str) -> Result<Vec<ApiKey>, Error> {
        let service_id = self.stored_service_id(Realm::of(call)?, service_id).await?.entry;
        Ok(self.api_keys_of(service_id.id).await?.into_iter().map(|stored| stored.entry).collect())
    }

    /// The API keys of the installation's administrators that version 0.1 made, also revoked and expired ones.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] in an instance; [`Error::Damaged`], [`Error::Store`].
    pub async fn administrators(&self, call: &Call) -> Result<Vec<ApiKey>, Error> {
        match Realm::of(call)? {
            Realm::Instance(_) => Err(Error::Unauthorized),
            Realm::Installation => {
                let stored = self.ledger.all::<ApiKey>(Space::INSTALLATION, Vec::new()).await?;
                let keys = stored.into_iter().map(|stored| stored.entry);
                Ok(keys.filter(|key| key.kind == ApiKeyKind::Administrator).collect())
            }
        }
    }

    /// Revokes an API key: from the return on, it and the tokens made for it are good for nothing. Again changes nothing.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`].
    pub async fn revoke_api_key(&self, call: &Call, service_id: &str, id: Uuid) -> Result<ApiKey, Error> {
        let service_id = self.stored_service_id(Realm::of(call)?, service_id).await?.entry;
        again(|| self.try_revoke(call, id, |key| key.service_id == Some(service_id.id))).await
    }

    /// As [`KeyManager::revoke_api_key`], for one of [`KeyManager::administrators`].
    ///
    /// # Errors
    /// As there; [`Error::NotFound`], [`Error::Field`] when it is the caller's own.
    pub async fn revoke_administrator(&self, call: &Call, id: Uuid) -> Result<ApiKey, Error> {
        if Realm::of(call)? != Realm::Installation {
            return Err(Error::Unauthorized);
        }
        if call.actor == administrator_id(id) {
            let reason = "is the caller's own: let another administrator revoke it".into();
            return Err(Error::Field { field: "id", reason });
        }
        again(|| self.try_revoke(call, id, |key| key.kind == ApiKeyKind::Administrator)).await
    }

    async fn try_revoke(&self, call: &Call, id: Uuid, is_one: impl Fn(&ApiKey) -> bool) -> Result<ApiKey, Error> {
        let stored = self.api_key_by_id(id).await?.filter(|stored| is_one(&stored.entry));
        let missing = || Error::NotFound { what: "API key", name: id.to_string() };
        let Stored { entry: mut key, version } = stored.ok_or_else(missing)?;
        if key.revoked.is_some() {
            return Ok(key);
        }
        key.revoked = Some(call.now);
        let changes = vec![self.ledger.put(Expect::Version(version), &key)];
        self.commit_access(call, Batch { changes, events: vec![success(call, &key.event_target())] }).await?;
        Ok(key)
    }

    pub(super) async fn api_keys_of(&self, service_id: Uuid) -> Result<Vec<Stored<ApiKey>>, Error> {
        let mut stored = self.ledger.all::<ApiKey>(Space::INSTALLATION, vec![of_service_id(service_id)]).await?;
        stored.retain(|stored| stored.entry.service_id == Some(service_id));
        Ok(stored)
    }

    pub(super) async fn api_key_by_id(&self, id: Uuid) -> Result<Option<Stored<ApiKey>>, Error> {
        let stored = self.ledger.all::<ApiKey>(Space::INSTALLATION, vec![of_id(id)]).await?;
        Ok(stored.into_iter().find(|stored| stored.entry.id == id))
    }
}

/// The IAM id of an administrator of version 0.1.
pub(super) fn administrator_id(api_key: Uuid) -> String {
    format!("ApiKey-{api_key}")
}
