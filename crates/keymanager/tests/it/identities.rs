//! Service IDs, grants and authorizations: who may look after which, and what can't be made.

use crate::people::{House, everywhere, house, new_api_key, on};
use crate::{NOW, call};
use keymanager::{Action, Error, NewApiKey, NewAuthorization, NewGrant, NewServiceId, Origin, Role, ServiceId, Target};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Kind, Query, Space};
use uuid::Uuid;

const NIL: Uuid = Uuid::nil();
const NOWHERE: Uuid = Uuid::from_u128(1);

fn named(name: &str) -> NewServiceId {
    NewServiceId { name: name.into(), description: None }
}

fn granting(service_id: &ServiceId, roles: &[Role], target: Target) -> NewGrant {
    NewGrant { service_id: service_id.id.to_string(), roles: roles.to_vec(), target }
}

/// How a thing that was asked for ended, in a word.
fn word<T>(result: Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(Error::Unauthorized) => "unauthorized",
        Err(Error::NotFound { .. }) => "not found",
        Err(Error::Ambiguous { .. }) => "ambiguous",
        Err(Error::Taken { .. }) => "taken",
        Err(Error::Field { field, .. }) => field,
        Err(error) => panic!("{error}"),
    }
}

/// Records of a kind in the installation's space.
async fn count(house: &House, kind: u8) -> u64 {
    let query = Query { space: Space::INSTALLATION, kind: Kind(kind), terms: Vec::new(), after: 0, limit: 0 };
    house.store.count(&query).await.unwrap()
}

#[tokio::test]
async fn a_service_id_is_found_by_identifier_iam_id_and_name() {
    let house = house().await;
    let (tenant, other) = (house.tenant, house.other);
    let installations = house.service_id(NIL, "backup").await;
    let tenants = house.service_id(tenant, "backup").await;
    let also = house.service_id(tenant, "also").await;
    let others = house.service_id(other, "also").await;
    let disguised = house.service_id(other, &tenants.id.to_string()).await;
    let found = async |realm, which: &str| {
        house.manager.service_id(&call(realm, Action::ReadServiceId), which).await.map(|found| found.id)
    };
    for service_id in [&installations, &tenants, &also, &others] {
        let (id, iam_id) = (service_id.id.to_string(), service_id.iam_id());
        for which in [&id, &iam_id] {
            assert_eq!(found(NIL, which).await.unwrap(), service_id.id);
            for realm in [tenant, other] {
                let seen = found(realm, which).await.is_ok_and(|found| found == service_id.id);
                assert_eq!(seen, service_id.owner == Some(realm), "{which} in {realm}");
            }
        }
    }
    assert_eq!(found(NIL, "backup").await.unwrap(), installations.id, "no instance hides the installation's");
    assert_eq!(found(tenant, "backup").await.unwrap(), tenants.id);
    assert_eq!(word(found(NIL, "also").await), "ambiguous");
    assert_eq!(found(other, "also").await.unwrap(), others.id);
    assert_eq!(found(NIL, &tenants.id.to_string()).await.unwrap(), tenants.id, "an identifier goes before a name");
    assert_eq!(found(other, &tenants.id.to_string()).await.unwrap(), disguised.id);
    for which in ["", "nobody", "BACKUP", "iam-ServiceId-", "iam-ServiceId-backup"] {
        assert_eq!(word(found(NIL, which).await), "not found", "{which}");
    }
    assert_eq!(word(found(other, "backup").await), "not found");
}

#[tokio::test]
async fn a_name_is_one_service_ids_of_an_owner() {
    let house = house().await;
    let make = async |owner, name: &str| {
        word(house.manager.create_service_id(&call(owner, Action::CreateServiceId), named(name)).await)
    };
    assert_eq!(make(NIL, "one").await, "ok");
    assert_eq!(make(NIL, "one").await, "taken");
    assert_eq!(make(house.tenant, "one").await, "ok");
    assert_eq!(make(house.tenant, "one").await, "taken");
    assert_eq!(make(NIL, "One").await, "ok");
    assert_eq!(make(NIL, "").await, "name");
    assert_eq!(make(NIL, &"x".repeat(91)).await, "name");
    assert_eq!(make(NOWHERE, "one").await, "not found");
    house.manager.delete_service_id(&call(NIL, Action::DeleteServiceId), "one").await.unwrap();
    assert_eq!(make(NIL, "one").await, "ok", "a deleted one's name is free");
    let list = async |realm| house.manager.service_ids(&call(realm, Action::ListServiceIds)).await.unwrap().len();
    assert_eq!((list(NIL).await, list(house.tenant).await, list(house.other).await), (3, 1, 0));
}

/// What each of five people can do to each thing of three owners.
#[tokio::test]
async fn tenants_are_apart() {
    let house = house().await;
    let (tenant, other) = (house.tenant, house.other);
    let administrator = [Role::Administrator];
    let people = [
        ("operator", house.somebody(&administrator, everywhere()).await, NIL),
        ("operator in it", house.somebody(&administrator, everywhere()).await, tenant),
        ("its own", house.somebody(&administrator, on(tenant)).await, tenant),
        ("the other's", house.somebody(&administrator, on(other)).await, other),
        ("manager", house.somebody(&[Role::Manager, Role::Editor], on(tenant)).await, tenant),
        ("everybody's manager", house.somebody(&[Role::Manager, Role::Editor], everywhere()).await, NIL),
    ];
    for (name, who, realm) in &people {
        let enter = async |action| {
            let realm = Some(*realm).filter(|realm| !realm.is_nil());
            house.manager.enter(who, realm, action, Origin::default(), NOW).await
        };
        let administers = enter(Action::CreateServiceId).await.is_ok();
        assert_eq!(administers, !name.contains("manager"), "{name}");
        for owner in [NIL, tenant, other] {
            let looks_after = administers && (realm.is_nil() || *realm == owner);
            let service_id = house.service_id(owner, &format!("{name} {owner}")).await;
            let expected = if looks_after { "ok" } else { "not found" };
            let which = service_id.id.to_string();
            let key = house.api_key(&service_id).await.0;
            let grant = house.grant(&service_id, &[Role::Reader], on(owner).pruned()).await;
            for (action, act) in acts() {
                let Ok(call) = enter(action).await else {
                    assert!(!administers, "{name} {action:?}");
                    continue;
                };
                let ended = act.run(&house, &call, &which, (key.id, grant.id)).await;
                assert_eq!(ended, expected, "{name}, {owner}: {action:?}");
            }
        }
    }
}

/// Whoever was let in to see instances, or to use a key ring, looks after nobody.
#[tokio::test]
async fn who_was_let_in_for_less_looks_after_nobody() {
    let house = house().await;
    house.manager.create_key_ring(&call(house.tenant, Action::CreateKeyRing), "ring").await.unwrap();
    let in_ring = Target { ring: Some("ring".into()), ..on(house.tenant) };
    let cases = [
        (Role::Administrator, on(house.tenant), None, Action::ListInstances),
        (Role::Viewer, on(house.tenant), None, Action::ReadInstance),
        (Role::Manager, in_ring.clone(), None, Action::ReadRoles),
        (Role::Manager, in_ring, Some(house.tenant), Action::ListKeys),
    ];
    for (role, target, realm, action) in cases {
        let who = house.somebody(&[role], target).await;
        let call = house.manager.enter(&who, realm, action, Origin::default(), NOW).await.unwrap();
        assert_eq!(word(house.manager.service_ids(&call).await), "unauthorized", "{action:?}");
        assert_eq!(word(house.manager.create_service_id(&call, named("new")).await), "unauthorized");
        assert_eq!(word(house.manager.authorizations(&call).await), "unauthorized");
        assert_eq!(word(house.manager.service_id(&call, &who.iam_id).await), "unauthorized");
    }
}

trait Pruned {
    /// Nil is no instance.
    fn pruned(self) -> Self;
}

impl Pruned for Target {
    fn pruned(self) -> Self {
        Target { instance: self.instance.filter(|instance| !instance.is_nil()), ..self }
    }
}

/// Something that is done to a service ID.
#[derive(Clone, Copy)]
enum Act {
    Read,
    ListKeys,
    ListGrants,
    MakeKey,
    RevokeKey,
    DeleteGrant,
    Delete,
}

fn acts() -> [(Action, Act); 7] {
    [
        (Action::ReadServiceId, Act::Read),
        (Action::ListApiKeys, Act::ListKeys),
        (Action::ListGrants, Act::ListGrants),
        (Action::CreateApiKey, Act::MakeKey),
        (Action::DeleteApiKey, Act::RevokeKey),
        (Action::DeleteGrant, Act::DeleteGrant),
        (Action::DeleteServiceId, Act::Delete),
    ]
}

impl Act {
    async fn run(
        self,
        house: &House,
        call: &keymanager::Call,
        which: &str,
        (key, grant): (Uuid, Uuid),
    ) -> &'static str {
        let manager = &house.manager;
        match self {
            Act::Read => word(manager.service_id(call, which).await),
            Act::ListKeys => word(manager.api_keys(call, which).await),
            Act::ListGrants => word(manager.grants(call, which).await),
            Act::MakeKey => word(manager.create_api_key(call, new_api_key(which)).await),
            Act::RevokeKey => word(manager.revoke_api_key(call, which, key).await),
            Act::DeleteGrant => word(manager.delete_grant(call, which, grant).await),
            Act::Delete => word(manager.delete_service_id(call, which).await),
        }
    }
}

#[tokio::test]
async fn what_can_be_granted() {
    let house = house().await;
    let (tenant, other) = (house.tenant, house.other);
    house.manager.create_key_ring(&call(tenant, Action::CreateKeyRing), "ring").await.unwrap();
    let key = crate::make(&house.manager, tenant, crate::new("crk")).await.id;
    let elsewhere = crate::make(&house.manager, other, crate::new("crk")).await.id;
    let of = |owner| house.service_id(owner, "backup");
    let (installations, tenants, others) = (of(NIL).await, of(tenant).await, of(other).await);
    let target = |instance, ring: Option<&str>, key| Target { instance, ring: ring.map(Into::into), key };
    let (service, platform, none) = (&[Role::Reader, Role::KeyPurge][..], &[Role::Reader, Role::Viewer][..], &[][..]);
    let cases = [
        // By the installation's administrators: on anything that is there, to anybody.
        (NIL, &installations, service, target(None, None, None), "ok"),
        (NIL, &installations, platform, target(None, None, None), "ok"),
        (NIL, &tenants, platform, target(Some(other), None, None), "ok"),
        (NIL, &tenants, service, target(Some(tenant), Some("ring"), None), "ok"),
        (NIL, &tenants, service, target(Some(tenant), Some("default"), None), "ok"),
        (NIL, &tenants, service, target(Some(tenant), None, Some(key)), "ok"),
        (NIL, &tenants, service, target(Some(tenant), Some("ring"), Some(key)), "ok"),
        (NIL, &installations, none, target(None, None, None), "roles"),
        (NIL, &installations, platform, target(Some(tenant), Some("ring"), None), "ok"),
        (NIL, &installations, platform, target(Some(tenant), None, Some(key)), "ok"),
        (NIL, &installations, service, target(None, Some("default"), None), "instance"),
        (NIL, &installations, service, target(None, None, Some(key)), "instance"),
        (NIL, &installations, service, target(Some(NOWHERE), None, None), "not found"),
        (NIL, &installations, service, target(Some(tenant), Some("no-ring"), None), "not found"),
        (NIL, &installations, service, target(Some(other), Some("ring"), None), "not found"),
        (NIL, &installations, service, target(Some(tenant), None, Some(NOWHERE)), "not found"),
        (NIL, &installations, service, target(Some(tenant), None, Some(elsewhere)), "not found"),
        // By an instance's: on that instance, to its own.
        (tenant, &tenants, platform, target(None, None, None), "ok"),
        (tenant, &tenants, platform, target(Some(tenant), None, None), "ok"),
        (tenant, &tenants, service, target(None, Some("ring"), Some(key)), "ok"),
        (tenant, &tenants, platform, target(None, Some("ring"), None), "ok"),
        (tenant, &tenants, service, target(Some(other), None, None), "unauthorized"),
        (tenant, &tenants, service, target(Some(NOWHERE), None, None), "unauthorized"),
        (tenant, &tenants, service, target(None, None, Some(elsewhere)), "not found"),
        (tenant, &installations, service, target(Some(tenant), None, None), "not found"),
        (tenant, &others, service, target(Some(tenant), None, None), "not found"),
    ];
    for (number, (realm, of, roles, target, expected)) in cases.into_iter().enumerate() {
        let by = call(realm, Action::CreateGrant);
        let ended = house.manager.create_grant(&by, granting(of, roles, target.clone())).await;
        if let Ok(grant) = &ended {
            let instance = target.instance.or(Some(realm).filter(|realm| !realm.is_nil()));
            assert_eq!(grant.target, Target { instance, ..target }, "case {number}");
            assert_eq!(grant.roles, roles);
        }
        assert_eq!(by.is_recorded(), ended.is_ok());
        assert_eq!(word(ended), expected, "case {number}");
    }
}

/// Every role, each once, whatever is written twice.
#[tokio::test]
async fn roles_are_given_once() {
    let house = house().await;
    let service_id = house.service_id(NIL, "backup").await;
    let twice = [Role::ALL, Role::ALL].concat();
    let grant = house.grant(&service_id, &twice, everywhere()).await;
    assert_eq!(grant.roles, Role::ALL);
    assert_eq!(house.manager.grants(&call(NIL, Action::ListGrants), "backup").await.unwrap(), [grant]);
}

/// An instance's administrators see of a service ID's grants those on their instance.
#[tokio::test]
async fn grants_elsewhere_are_not_seen() {
    let house = house().await;
    let service_id = house.service_id(house.tenant, "backup").await;
    let here = house.grant(&service_id, &[Role::Reader], on(house.tenant)).await;
    let there = house.grant(&service_id, &[Role::Reader], on(house.other)).await;
    let all = house.grant(&service_id, &[Role::Reader], everywhere()).await;
    let list =
        async |realm| house.manager.grants(&call(realm, Action::ListGrants), &service_id.iam_id()).await.unwrap();
    assert_eq!(list(NIL).await, [here.clone(), there.clone(), all.clone()]);
    assert_eq!(list(house.tenant).await, std::slice::from_ref(&here));
    for grant in [&there, &all] {
        let by = call(house.tenant, Action::DeleteGrant);
        assert_eq!(word(house.manager.delete_grant(&by, "backup", grant.id).await), "not found");
    }
    let by = call(house.tenant, Action::DeleteGrant);
    house.manager.delete_grant(&by, "backup", here.id).await.unwrap();
    assert_eq!(word(house.manager.delete_grant(&by, "backup", here.id).await), "not found");
    let somebody_elses = house.service_id(NIL, "another").await;
    let by = call(NIL, Action::DeleteGrant);
    assert_eq!(word(house.manager.delete_grant(&by, &somebody_elses.iam_id(), all.id).await), "not found");
}

#[tokio::test]
async fn api_keys_are_of_their_service_id() {
    let house = house().await;
    let (one, two) = (house.service_id(NIL, "one").await, house.service_id(NIL, "two").await);
    let key = house.api_key(&one).await.0;
    house.api_key(&two).await;
    let by = call(NIL, Action::DeleteApiKey);
    assert_eq!(word(house.manager.revoke_api_key(&by, "two", key.id).await), "not found");
    assert_eq!(word(house.manager.revoke_api_key(&by, "one", NOWHERE).await), "not found");
    assert_eq!(word(house.manager.revoke_administrator(&by, key.id).await), "not found");
    assert_eq!(house.manager.api_keys(&call(NIL, Action::ListApiKeys), "one").await.unwrap(), [key]);
    for (name, field) in [("", "name"), ("two\nlines", "name")] {
        let new = NewApiKey { name: name.into(), ..new_api_key("one") };
        assert_eq!(word(house.manager.create_api_key(&call(NIL, Action::CreateApiKey), new).await), field);
    }
    let new = NewApiKey { description: Some("x".repeat(241)), ..new_api_key("one") };
    assert_eq!(word(house.manager.create_api_key(&call(NIL, Action::CreateApiKey), new).await), "description");
}

#[tokio::test]
async fn nobody_deletes_themselves() {
    let house = house().await;
    let who = house.somebody(&[Role::Administrator], everywhere()).await;
    let by = house.manager.enter(&who, None, Action::DeleteServiceId, Origin::default(), NOW).await.unwrap();
    assert_eq!(word(house.manager.delete_service_id(&by, &who.iam_id).await), "id");
    assert!(house.manager.principal(who.api_key, NOW).await.is_ok());
}

#[tokio::test]
async fn what_can_be_authorized() {
    let house = house().await;
    let (tenant, other) = (house.tenant, house.other);
    let (viewer, kmip) = (Role::Viewer, Role::VmwareKmipManager);
    let cases = [
        (tenant, other, vec![viewer], "ok"),
        (tenant, other, vec![kmip], "ok"),
        (tenant, other, vec![kmip, viewer, kmip], "ok"),
        (tenant, other, vec![], "roles"),
        (tenant, other, vec![viewer, Role::Manager], "roles"),
        (tenant, other, vec![Role::Operator], "roles"),
        (tenant, tenant, vec![viewer], "source"),
        (tenant, NOWHERE, vec![viewer], "not found"),
        (NOWHERE, tenant, vec![viewer], "not found"),
        (NIL, tenant, vec![viewer], "target"),
    ];
    for (number, (target, source, roles, expected)) in cases.into_iter().enumerate() {
        let by = call(target, Action::CreateAuthorization);
        let made = house.manager.create_authorization(&by, NewAuthorization { source, roles }).await;
        assert_eq!(word(made), expected, "case {number}");
    }
    let list = async |realm| house.manager.authorizations(&call(realm, Action::ListAuthorizations)).await.unwrap();
    assert_eq!((list(NIL).await.len(), list(tenant).await.len(), list(other).await.len()), (3, 3, 0));
    let one = list(tenant).await[0].id;
    for (realm, expected) in [(other, "not found"), (tenant, "ok"), (tenant, "not found"), (NIL, "not found")] {
        let by = call(realm, Action::DeleteAuthorization);
        assert_eq!(word(house.manager.delete_authorization(&by, one).await), expected);
    }
    let managers = house.somebody(&[Role::Manager], on(tenant)).await;
    assert!(house.enter(&managers, tenant, Action::CreateAuthorization).await.is_err());
}

/// Of many who want one name, one gets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_is_taken_once_however_many_want_it() {
    let house = Arc::new(house().await);
    for round in 0..20 {
        let makers: Vec<_> = (0..8)
            .map(|_| {
                let house = Arc::clone(&house);
                let by = call(house.tenant, Action::CreateServiceId);
                tokio::spawn(async move { word(house.manager.create_service_id(&by, named(&round.to_string())).await) })
            })
            .collect();
        let mut ended = Vec::new();
        for maker in makers {
            ended.push(maker.await.unwrap());
        }
        ended.sort_unstable();
        assert_eq!(ended[..2], ["ok", "taken"], "{ended:?}");
        assert_eq!(ended.iter().collect::<BTreeSet<_>>().len(), 2);
    }
    assert_eq!(house.manager.service_ids(&call(house.tenant, Action::ListServiceIds)).await.unwrap().len(), 20);
}

/// A service ID is deleted while it gets grants and API keys: nothing of it stays behind, whoever was first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deleted_service_id_leaves_nothing_behind() {
    let house = Arc::new(house().await);
    for round in 0..50 {
        let service_id = house.service_id(NIL, "backup").await;
        let which = service_id.id.to_string();
        let making = {
            let (house, which) = (Arc::clone(&house), which.clone());
            tokio::spawn(async move {
                for _ in 0..3 {
                    let grant = NewGrant { service_id: which.clone(), roles: vec![Role::Reader], target: everywhere() };
                    let _ = house.manager.create_grant(&call(NIL, Action::CreateGrant), grant).await;
                    let _ = house.manager.create_api_key(&call(NIL, Action::CreateApiKey), new_api_key(&which)).await;
                }
            })
        };
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        house.manager.delete_service_id(&call(NIL, Action::DeleteServiceId), &which).await.unwrap();
        making.await.unwrap();
        for kind in [0x14, 0x15, 0x16, 0x1C] {
            assert_eq!(count(&house, kind).await, 0, "round {round}: kind {kind:#x}");
        }
    }
}
