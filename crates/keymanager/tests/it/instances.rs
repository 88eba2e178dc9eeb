//! Instances: who sees which, and what is left when one is deleted.

use crate::fake_kmip::FakeKmip;
use crate::people::{everywhere, house, on};
use crate::{NOW, call, call_at, later};
use keymanager::{Action, Error, NewInstancePolicy, Origin, Role, Rule, Target};
use store::{Kind, Query, Space};
use uuid::Uuid;

const NIL: Uuid = Uuid::nil();

fn word<T>(result: Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(Error::Unauthorized) => "unauthorized",
        Err(Error::NotFound { .. }) => "not found",
        Err(Error::Ambiguous { .. }) => "ambiguous",
        Err(Error::InstanceInUse(by)) => by,
        Err(Error::Field { field, .. }) => field,
        Err(error) => panic!("{error}"),
    }
}

/// Each role, on everything, on one instance and on something in it: what is seen, renamed, made, deleted.
#[tokio::test]
async fn who_may_do_what_to_instances() {
    let house = house().await;
    house.manager.create_key_ring(&call(house.tenant, Action::CreateKeyRing), "ring").await.unwrap();
    let ring = Target { ring: Some("ring".into()), ..on(house.tenant) };
    for &role in Role::ALL {
        for target in [everywhere(), on(house.tenant), ring.clone()] {
            let who = house.somebody(&[role], target.clone()).await;
            let enter =
                async |instance, action| house.manager.enter(&who, instance, action, Origin::default(), NOW).await;
            let all = target.instance.is_none();
            let edits = matches!(role, Role::Editor | Role::Administrator);

            let listing = enter(None, Action::ListInstances).await.unwrap();
            let listed = house.manager.instances(&listing).await.unwrap();
            let ids: Vec<_> = listed.iter().map(|instance| instance.id).collect();
            assert_eq!(
                ids,
                if all { vec![house.tenant, house.other] } else { vec![house.tenant] },
                "{role:?} {target:?}"
            );

            let reading = enter(None, Action::ReadInstance).await.unwrap();
            for (which, seen) in [(house.tenant, true), (house.other, all), (Uuid::from_u128(1), false)] {
                let found = word(house.manager.instance(&reading, &which.to_string()).await);
                assert_eq!(found, if seen { "ok" } else { "not found" }, "{role:?} {target:?}");
            }

            assert_eq!(enter(None, Action::CreateInstance).await.is_ok(), all && edits, "{role:?} {target:?}");
            if let Ok(by) = enter(Some(house.tenant), Action::CreateInstance).await {
                let made = house.manager.create_instance(&by, "made").await;
                if let Ok(instance) = &made {
                    let by = call(NIL, Action::DeleteInstance);
                    house.manager.delete_instance(&by, &instance.id.to_string()).await.unwrap();
                }
                assert_eq!(word(made), if all { "ok" } else { "unauthorized" }, "{role:?} {target:?}");
            }

            let renaming = enter(Some(house.tenant), Action::UpdateInstance).await;
            assert_eq!(renaming.is_ok(), edits, "{role:?} {target:?}");
            if let Ok(by) = renaming {
                let rename =
                    async |which: Uuid| word(house.manager.rename_instance(&by, &which.to_string(), "same").await);
                // The gate is open for whom anything in the instance is; renaming is done to the whole of it.
                let whole = target.ring.is_none();
                assert_eq!(
                    rename(house.tenant).await,
                    if whole { "ok" } else { "unauthorized" },
                    "{role:?} {target:?}"
                );
                assert_eq!(rename(house.other).await, if all { "ok" } else { "not found" });
            }
        }
    }
}

/// A viewer of one instance who edits another can rename the other only.
#[tokio::test]
async fn a_right_on_one_is_none_on_another() {
    let house = house().await;
    let service_id = house.service_id(NIL, "two").await;
    house.grant(&service_id, &[Role::Editor], on(house.tenant)).await;
    house.grant(&service_id, &[Role::Viewer], on(house.other)).await;
    let who = house.manager.principal(house.api_key(&service_id).await.0.id, NOW).await.unwrap();
    for action in [Action::UpdateInstance, Action::DeleteInstance] {
        let by = house.enter(&who, house.tenant, action).await.unwrap();
        let other = house.other.to_string();
        assert_eq!(word(house.manager.rename_instance(&by, &other, "x").await), "unauthorized");
        assert_eq!(word(house.manager.delete_instance(&by, &other).await), "unauthorized");
        assert!(house.enter(&who, house.other, action).await.is_err());
    }
}

#[tokio::test]
async fn an_instance_is_found_by_identifier_and_name() {
    let house = house().await;
    let find = async |which: &str| house.manager.instance(&call(NIL, Action::ReadInstance), which).await;
    assert_eq!(find("tenant").await.unwrap().id, house.tenant);
    assert_eq!(find(&house.tenant.to_string()).await.unwrap().id, house.tenant);
    assert_eq!(word(find("Tenant").await), "not found");
    let rename = async |which: &str, to: &str| {
        word(house.manager.rename_instance(&call(NIL, Action::UpdateInstance), which, to).await)
    };
    assert_eq!(rename("other", "tenant").await, "ok");
    assert_eq!(word(find("tenant").await), "ambiguous");
    assert_eq!(rename("tenant", "x").await, "ambiguous");
    assert_eq!(rename(&house.other.to_string(), &house.tenant.to_string()).await, "ok");
    assert_eq!(find(&house.tenant.to_string()).await.unwrap().id, house.tenant, "an identifier goes before a name");
    assert_eq!(rename("tenant", "").await, "name");
    assert_eq!(rename("nobody", "x").await, "not found");
    // A name is no secret where its instance is seen, and says nothing where it is not.
    let who = house.somebody(&[Role::Viewer], on(house.tenant)).await;
    let by = house.manager.enter(&who, None, Action::ReadInstance, Origin::default(), NOW).await.unwrap();
    assert_eq!(house.manager.instance(&by, "tenant").await.unwrap().id, house.tenant);
    assert_eq!(word(house.manager.instance(&by, &house.other.to_string()).await), "not found");
}

#[tokio::test]
async fn an_instance_with_something_in_it_stays() {
    let house = house().await;
    let kmip = FakeKmip::over(&house.manager);
    let (tenant, manager) = (house.tenant, &house.manager);
    let delete = async || word(manager.delete_instance(&call(NIL, Action::DeleteInstance), &tenant.to_string()).await);
    let key = crate::make(manager, tenant, crate::new("crk")).await.id.to_string();
    assert_eq!(delete().await, "keys");
    manager.delete_key(&call(tenant, Action::DeleteKey), &key, false).await.unwrap();
    assert_eq!(delete().await, "keys", "it could be restored");
    manager.purge(&call_at(tenant, Action::PurgeKey, later(86_400)), &key).await.unwrap();
    let object = kmip.add(tenant, Uuid::from_u128(7));
    assert_eq!(delete().await, "keys of KMIP clients");
    kmip.put(tenant, keymanager::KmipKey { deleted: Some(NOW), ..object });
    assert_eq!(delete().await, "keys of KMIP clients", "it could be restored");
    keymanager::KmipService::purge(kmip.as_ref(), &call(tenant, Action::PurgeKey), Uuid::from_u128(7), &[])
        .await
        .unwrap();
    kmip.register(tenant, Uuid::from_u128(8), "adapter");
    assert_eq!(delete().await, "KMIP adapters");
    assert_eq!(word(manager.delete_instance(&call(NIL, Action::DeleteInstance), "other").await), "ok");
    assert_eq!(word(manager.delete_instance(&call(NIL, Action::DeleteInstance), "other").await), "not found");
}

/// Everything that was made in an instance, for it and on it goes with it; nothing else does.
#[tokio::test]
async fn a_deleted_instance_leaves_nothing_behind() {
    let house = house().await;
    let (tenant, other, manager) = (house.tenant, house.other, &house.manager);
    let before = everything(&house.store, &[tenant, other]).await;
    furnish(&house, tenant, other).await;
    let kept = house.service_id(NIL, "kept").await;
    let (key, _) = house.api_key(&kept).await;
    house.grant(&kept, &[Role::Manager], on(other)).await;
    let without = everything(&house.store, &[tenant, other]).await;
    house.grant(&kept, &[Role::Manager], on(tenant)).await;
    let by = call(NIL, Action::DeleteInstance);
    manager.delete_instance(&by, "tenant").await.unwrap();
    assert!(by.is_recorded());
    let after = everything(&house.store, &[tenant, other]).await;
    // One instance with its policies fewer; a service ID with its name, an API key and a grant more.
    assert_eq!(after, before - 2 + 4, "of {without}");
    assert_eq!(word(manager.instance(&call(NIL, Action::ReadInstance), &tenant.to_string()).await), "not found");
    let who = manager.principal(key.id, NOW).await.unwrap();
    assert!(house.enter(&who, other, Action::ListKeys).await.is_ok());
    assert!(house.enter(&who, tenant, Action::ListKeys).await.is_err());
    assert_eq!(manager.grants(&call(NIL, Action::ListGrants), "kept").await.unwrap().len(), 1);
}

/// One of everything.
async fn furnish(house: &crate::people::House, tenant: Uuid, other: Uuid) {
    let manager = &house.manager;
    manager.create_key_ring(&call(tenant, Action::CreateKeyRing), "ring").await.unwrap();
    let policies = vec![NewInstancePolicy { rule: Rule::Metrics, enabled: true }];
    manager.set_instance_policies(&call(tenant, Action::WriteInstancePolicies), policies).await.unwrap();
    manager.create_import_token(&call(tenant, Action::CreateImportToken), None, None).await.unwrap();
    for name in ["one", "two"] {
        let service_id = house.service_id(tenant, name).await;
        house.api_key(&service_id).await;
        house.grant(&service_id, &[Role::Manager], on(tenant)).await;
        house.grant(&service_id, &[Role::Manager], on(other)).await;
        house.grant(&service_id, &[Role::Manager], everywhere()).await;
    }
    house.authorize(tenant, other, &[Role::Viewer]).await;
    house.authorize(other, tenant, &[Role::Viewer]).await;
}

/// How many records there are of all kinds.
async fn everything(store: &std::sync::Arc<dyn store::Store>, instances: &[Uuid]) -> u64 {
    let spaces = instances.iter().map(|instance| Space(*instance.as_bytes())).chain([Space::INSTALLATION]);
    let mut count = 0;
    for space in spaces {
        for kind in 0..=255 {
            let query = Query { space, kind: Kind(kind), terms: Vec::new(), after: 0, limit: 0 };
            count += store.count(&query).await.unwrap();
        }
    }
    count
}
