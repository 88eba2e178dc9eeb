//! [`House`]: a key manager with two instances, in which service IDs, grants and API keys are made in a line.

use crate::{NOW, call, memory, open};
use keymanager::{
    Action, ApiKey, ApiKeySecret, Denied, Grant, KeyManager, NewApiKey, NewAuthorization, NewGrant, NewServiceId,
    Origin, Principal, Role, ServiceId, Target,
};
use keymanager::{Authorization, Call};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::Store;
use uuid::Uuid;

pub(crate) struct House {
    pub(crate) manager: KeyManager,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tenant: Uuid,
    pub(crate) other: Uuid,
}

pub(crate) async fn house() -> House {
    house_over(memory().await).await
}

pub(crate) async fn house_over(store: Arc<dyn Store>) -> House {
    let manager = open(&store).await;
    let make = async |name| manager.create_instance(&call(Uuid::nil(), Action::CreateInstance), name).await.unwrap().id;
    let (tenant, other) = (make("tenant").await, make("other").await);
    House { manager, store, tenant, other }
}

/// The whole of an instance.
pub(crate) fn on(instance: Uuid) -> Target {
    Target { instance: Some(instance), ..Target::default() }
}

/// Every instance.
pub(crate) fn everywhere() -> Target {
    Target::default()
}

impl House {
    /// A service ID of an instance, or of the installation (nil).
    pub(crate) async fn service_id(&self, owner: Uuid, name: &str) -> ServiceId {
        let new = NewServiceId { name: name.into(), description: None };
        self.manager.create_service_id(&call(owner, Action::CreateServiceId), new).await.unwrap()
    }

    pub(crate) async fn grant(&self, of: &ServiceId, roles: &[Role], target: Target) -> Grant {
        let new = NewGrant { service_id: of.id.to_string(), roles: roles.to_vec(), target };
        self.manager.create_grant(&call(Uuid::nil(), Action::CreateGrant), new).await.unwrap()
    }

    pub(crate) async fn api_key(&self, of: &ServiceId) -> (ApiKey, ApiKeySecret) {
        let new = new_api_key(&of.id.to_string());
        self.manager.create_api_key(&call(Uuid::nil(), Action::CreateApiKey), new).await.unwrap()
    }

    pub(crate) async fn authorize(&self, source: Uuid, target: Uuid, roles: &[Role]) -> Authorization {
        let new = NewAuthorization { source, roles: roles.to_vec() };
        self.manager.create_authorization(&call(target, Action::CreateAuthorization), new).await.unwrap()
    }

    /// Somebody new with these roles on this.
    pub(crate) async fn somebody(&self, roles: &[Role], target: Target) -> Principal {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("somebody {}", COUNT.fetch_add(1, Ordering::Relaxed));
        let service_id = self.service_id(Uuid::nil(), &name).await;
        self.grant(&service_id, roles, target).await;
        let (key, _) = self.api_key(&service_id).await;
        self.manager.principal(key.id, NOW).await.unwrap()
    }

    /// What the gate says to somebody.
    pub(crate) async fn enter(&self, who: &Principal, instance: Uuid, action: Action) -> Result<Call, Denied> {
        self.manager.enter(who, Some(instance), action, Origin::default(), NOW).await
    }
}

pub(crate) fn new_api_key(service_id: &str) -> NewApiKey {
    NewApiKey { service_id: service_id.into(), name: "key".into(), description: None, expires: None, home: None }
}
