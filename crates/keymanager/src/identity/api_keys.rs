//! API keys made, asked and revoked.

use crate::identity::{ApiKey, ApiKeySecret, NewApiKey, Principal};
use crate::{Call, Denied, Error, KeyManager};
use kmip::Timestamp;
use uuid::Uuid;

impl KeyManager {
    /// Makes an API key for a service ID, with the secret that is never shown again.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::NotFound`] when there is no such service ID, [`Error::Field`], [`Error::Store`].
    pub async fn create_api_key(&self, call: &Call, new: NewApiKey) -> Result<(ApiKey, ApiKeySecret), Error> {
        let _ = (call, new);
        todo!("identity")
    }

    /// The API keys of a service ID, also revoked and expired ones.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`].
    pub async fn api_keys(&self, call: &Call, service_id: &str) -> Result<Vec<ApiKey>, Error> {
        let _ = (call, service_id);
        todo!("identity")
    }

    /// Revokes an API key: from the return on, it and the tokens made for it are good for nothing. Again changes nothing.
    ///
    /// # Errors
    /// As [`KeyManager::service_id`].
    pub async fn revoke_api_key(&self, call: &Call, service_id: &str, id: Uuid) -> Result<ApiKey, Error> {
        let _ = (call, service_id, id);
        todo!("identity")
    }

    /// Who stands behind an API key's secret.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn authenticate(&self, secret: &str, now: Timestamp) -> Result<Principal, Denied> {
        let _ = (secret, now);
        todo!("identity")
    }

    /// Who stands behind an API key's identifier: for the bearer of a token that was made for it. Cheap enough for every request.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn principal(&self, api_key: Uuid, now: Timestamp) -> Result<Principal, Denied> {
        let _ = (api_key, now);
        todo!("identity")
    }
}
