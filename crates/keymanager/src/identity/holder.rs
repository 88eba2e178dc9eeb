//! Who stands behind an API key.
//!
//! The invariant: **revocation is read with the key, expiry is asked on every use, and grants count as they are in the present access
//! epoch.** See [`Known`](super::known::Known).

use super::access::Reach;
use super::api_key::{ApiKeySecret, place_id, secret_digest};
use super::api_keys::administrator_id;
use super::known::Holder;
use crate::identity::{Access, ApiKey, ApiKeyKind, Principal, Role, ServiceId};
use crate::{Denied, KeyManager};
use kmip::Timestamp;
use std::sync::Arc;
use store::Space;
use uuid::Uuid;
use wrap::primitive::equal;

impl KeyManager {
    /// Who stands behind an API key's secret.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn authenticate(&self, secret: &str, now: Timestamp) -> Result<Principal, Denied> {
        if !ApiKeySecret::is_well_formed(secret) {
            return Err(Denied::Unknown);
        }
        let epoch = self.known.epoch();
        let digest = secret_digest(secret);
        let stored = self.ledger.get::<ApiKey>(Space::INSTALLATION, place_id(&digest)).await?;
        let key = stored.map(|stored| stored.entry).filter(|key| equal(&key.digest, &digest)).ok_or(Denied::Unknown)?;
        self.holder(epoch, &key).await?.at(now)
    }

    /// Who stands behind an API key's identifier: for the bearer of a token that was made for it. Cheap enough for every request.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn principal(&self, api_key: Uuid, now: Timestamp) -> Result<Principal, Denied> {
        let epoch = self.known.epoch();
        if let Some(holder) = self.known.holder(api_key) {
            return holder.at(now);
        }
        let key = self.api_key_by_id(api_key).await?.ok_or(Denied::Unknown)?.entry;
        self.holder(epoch, &key).await?.at(now)
    }

    /// The holder of a key that was read in `epoch` or later.
    async fn holder(&self, epoch: u64, key: &ApiKey) -> Result<Arc<Holder>, Denied> {
        if key.revoked.is_some() {
            return Err(Denied::Revoked(key.id));
        }
        if let Some(holder) = self.known.holder(key.id) {
            return Ok(holder);
        }
        let principal = match (key.kind, key.service_id) {
            (ApiKeyKind::Administrator, _) => administrator(key),
            (ApiKeyKind::ServiceId, Some(service_id)) => self.of_service_id(key, service_id).await?,
            (ApiKeyKind::ServiceId, None) => return Err(Denied::Unknown),
        };
        let holder = Arc::new(Holder { principal, expires: key.expires });
        self.known.keep(epoch, &holder);
        Ok(holder)
    }

    async fn of_service_id(&self, key: &ApiKey, service_id: Uuid) -> Result<Principal, Denied> {
        let stored = self.ledger.get::<ServiceId>(Space::INSTALLATION, service_id).await?;
        let service_id = stored.ok_or(Denied::Unknown)?.entry;
        let reaches = self.reaches_of(service_id.id).await?;
        Ok(Principal {
            iam_id: service_id.iam_id(),
            service_id: Some(service_id.id),
            api_key: key.id,
            name: service_id.name,
            home: home(key, &reaches),
            access: Access::Reaches(reaches.into()),
        })
    }

    /// What a service ID was granted, and what follows from authorizations for those who manage their sources.
    async fn reaches_of(&self, service_id: Uuid) -> Result<Vec<Reach>, Denied> {
        let grants = self.grants_of(service_id).await?;
        let granted: Vec<Reach> = grants.iter().flat_map(|stored| stored.entry.reaches()).collect();
        let mut reaches = granted.clone();
        for authorization in self.authorizations_from(&granted).await? {
            let on_target = |&role: &Role| Reach::on(role, Some(authorization.target));
            reaches.extend(authorization.roles.iter().map(on_target));
        }
        Ok(reaches)
    }
}

impl Holder {
    fn at(&self, now: Timestamp) -> Result<Principal, Denied> {
        match self.expires {
            Some(expires) if expires <= now => Err(Denied::Expired(self.principal.api_key)),
            _ => Ok(self.principal.clone()),
        }
    }
}

/// An administrator of version 0.1: everything, everywhere, but what only KeyPurge may.
fn administrator(key: &ApiKey) -> Principal {
    let reaches = [Role::Administrator, Role::Manager].map(|role| Reach::on(role, None));
    Principal {
        iam_id: administrator_id(key.id),
        service_id: None,
        api_key: key.id,
        name: key.name.clone(),
        home: Some(key.instance),
        access: Access::Reaches(reaches.into()),
    }
}

/// The key's own instance, or the only one that there is anything to do in.
fn home(key: &ApiKey, reaches: &[Reach]) -> Option<Uuid> {
    if !key.instance.is_nil() {
        return Some(key.instance);
    }
    let first = reaches.first()?.instance;
    first.filter(|_| reaches.iter().all(|reach| reach.instance == first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timers;
    use store::{Batch, Expect};
    use wrap::Secret;
    use wrap::keys::Keys;
    use wrap::master::MasterKey;
    use wrap::primitive::SystemRandom;
    use zeroize::Zeroizing;

    const NOW: Timestamp = Timestamp::from_seconds(0);

    async fn manager() -> KeyManager {
        let master = MasterKey::new(&Secret::new(Zeroizing::new(vec![1; 32]))).unwrap();
        let store = store::open("memory:").await.unwrap();
        let keys = Arc::new(Keys::unfiled(&master, Arc::new(SystemRandom)).unwrap());
        KeyManager::open(store, keys, Arc::new(SystemRandom), Timers::default()).await.unwrap()
    }

    fn key(number: u128, kind: ApiKeyKind, digest: [u8; 32]) -> ApiKey {
        ApiKey {
            id: Uuid::from_u128(number),
            instance: Uuid::nil(),
            name: "key".into(),
            kind,
            service_id: None,
            description: None,
            created: NOW,
            created_by: "somebody".into(),
            expires: None,
            revoked: None,
            digest,
        }
    }

    async fn put(manager: &KeyManager, key: &ApiKey) {
        let changes = vec![manager.ledger.put(Expect::Absent, key)];
        manager.ledger.commit(Batch { changes, events: Vec::new() }).await.unwrap();
    }

    /// A record's place is half of its key's digest. The other half is no less asked for.
    #[tokio::test]
    async fn half_a_digest_lets_nobody_in() {
        let manager = manager().await;
        for (whole, number) in [(true, 1), (false, 2)] {
            let secret = ApiKeySecret::new(&SystemRandom).unwrap();
            let mut digest = secret.digest();
            digest[31] ^= u8::from(!whole);
            put(&manager, &key(number, ApiKeyKind::Administrator, digest)).await;
            assert_eq!(manager.authenticate(secret.expose(), NOW).await.is_ok(), whole);
        }
    }

    /// A key of a service ID that is not there is nobody's, however it came to be left.
    #[tokio::test]
    async fn a_key_without_its_service_id_is_nobodys() {
        let manager = manager().await;
        for (number, service_id) in [(1, None), (2, Some(Uuid::from_u128(9)))] {
            let secret = ApiKeySecret::new(&SystemRandom).unwrap();
            let orphan = ApiKey { service_id, ..key(number, ApiKeyKind::ServiceId, secret.digest()) };
            put(&manager, &orphan).await;
            assert!(matches!(manager.authenticate(secret.expose(), NOW).await, Err(Denied::Unknown)));
            assert!(matches!(manager.principal(orphan.id, NOW).await, Err(Denied::Unknown)));
        }
    }
}
