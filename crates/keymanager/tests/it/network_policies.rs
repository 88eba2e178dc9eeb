//! Network policies at the gate: from where an instance can be reached.

use crate::policies::{on, set};
use crate::{NOW, call, fresh};
use keymanager::{
    Action, Call, Denied, Error, KeyManager, NewApiKey, NewGrant, NewInstancePolicy, NewServiceId, Origin, Principal,
    Role, Rule, Target,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// A service ID's holder with a role, in an instance or a ring of it.
pub(crate) async fn holder(manager: &KeyManager, instance: Uuid, role: Role, ring: Option<&str>) -> Principal {
    let by = |action| call(instance, action);
    let name = format!("{role:?} of {ring:?}");
    let new = NewServiceId { name: name.clone(), description: None };
    let service_id = manager.create_service_id(&by(Action::CreateServiceId), new).await.unwrap().id.to_string();
    let target = Target { instance: Some(instance), ring: ring.map(str::to_owned), key: None };
    let grant = NewGrant { service_id: service_id.clone(), roles: vec![role], target };
    manager.create_grant(&by(Action::CreateGrant), grant).await.unwrap();
    let api_key = NewApiKey { service_id, name, description: None, expires: None, home: None };
    let (_, secret) = manager.create_api_key(&by(Action::CreateApiKey), api_key).await.unwrap();
    manager.authenticate(secret.expose(), NOW).await.unwrap()
}

async fn enter(
    manager: &KeyManager,
    principal: &Principal,
    instance: Uuid,
    action: Action,
    from: Option<&str>,
) -> Result<Call, Denied> {
    let origin = Origin { address: from.map(|address| address.parse().unwrap()), correlation: None };
    manager.enter(principal, Some(instance), action, origin, NOW).await
}

fn ip(blocks: &[&str]) -> NewInstancePolicy {
    on(Rule::AllowedIp(blocks.iter().map(|block| block.parse().unwrap()).collect()))
}

fn private(private_only: bool) -> NewInstancePolicy {
    on(Rule::AllowedNetwork { private_only })
}

#[tokio::test]
async fn an_address_must_pass_every_network_policy() {
    let (manager, instance) = fresh().await;
    let manager_role = holder(&manager, instance, Role::Manager, None).await;
    let off = |rule| NewInstancePolicy { rule, enabled: false };
    let nothing = vec![off(Rule::AllowedNetwork { private_only: false }), off(Rule::AllowedIp(Vec::new()))];
    let (home, away, six) = (Some("10.1.2.3"), Some("192.0.2.1"), Some("2001:db8::1"));
    let mapped = Some("::ffff:10.1.2.3");
    let cases = [
        (vec![], [(home, true), (away, true), (six, true), (mapped, true), (None, true)]),
        (vec![private(true)], [(home, true), (away, false), (six, false), (mapped, true), (None, false)]),
        (vec![private(false)], [(home, true), (away, true), (six, true), (mapped, true), (None, true)]),
        (
            vec![ip(&["192.0.2.0/24", "2001:db8::/32"])],
            [(home, false), (away, true), (six, true), (mapped, false), (None, false)],
        ),
        (vec![ip(&["10.0.0.0/8"])], [(home, true), (away, false), (six, false), (mapped, true), (None, false)]),
        (
            vec![ip(&["10.0.0.0/8", "192.0.2.0/24"]), private(true)],
            [(home, true), (away, false), (six, false), (mapped, true), (None, false)],
        ),
        (
            vec![ip(&["192.0.2.0/24"]), private(true)],
            [(home, false), (away, false), (six, false), (mapped, false), (None, false)],
        ),
    ];
    for (policies, peers) in cases {
        set(&manager, instance, nothing.clone()).await;
        if !policies.is_empty() {
            set(&manager, instance, policies.clone()).await;
        }
        for (from, admitted) in peers {
            let entered = enter(&manager, &manager_role, instance, Action::ListKeys, from).await;
            assert_eq!(entered.is_ok(), admitted, "{from:?} under {policies:?}");
            assert!(entered.err().is_none_or(|denied| matches!(denied, Denied::Forbidden(_))));
        }
    }
}

/// Who reaches a part of an instance does not see or set its policies.
#[tokio::test]
async fn policies_are_the_whole_instances() {
    let (manager, instance) = fresh().await;
    manager.create_key_ring(&call(instance, Action::CreateKeyRing), "ring-1").await.unwrap();
    let of_ring = holder(&manager, instance, Role::Manager, Some("ring-1")).await;
    let read = enter(&manager, &of_ring, instance, Action::ReadInstancePolicies, None).await.unwrap();
    assert!(matches!(manager.instance_policies(&read).await, Err(Error::Unauthorized)));
    let write = enter(&manager, &of_ring, instance, Action::WriteInstancePolicies, None).await.unwrap();
    let set = manager.set_instance_policies(&write, vec![private(true)]).await;
    assert!(matches!(set, Err(Error::Unauthorized)));
    let writer = holder(&manager, instance, Role::Writer, None).await;
    assert!(enter(&manager, &writer, instance, Action::WriteInstancePolicies, None).await.is_err());
}

/// A policy that was set is kept by every request that comes after the answer, however busy the gate is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_policy_counts_from_its_answer_on() {
    let (manager, instance) = fresh().await;
    let principal = holder(&manager, instance, Role::Manager, None).await;
    let (manager, done) = (Arc::new(manager), Arc::new(AtomicBool::new(false)));
    let busy: Vec<_> = (0..3)
        .map(|_| {
            let (manager, principal, done) = (Arc::clone(&manager), principal.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                while !done.load(Ordering::Acquire) {
                    let _ = enter(&manager, &principal, instance, Action::ListKeys, Some("192.0.2.1")).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 0..300 {
        let closed = round % 2 == 0;
        set(&manager, instance, vec![private(closed)]).await;
        let entered = enter(&manager, &principal, instance, Action::ListKeys, Some("192.0.2.1")).await;
        assert_eq!(entered.is_err(), closed, "round {round}");
    }
    done.store(true, Ordering::Release);
    for task in busy {
        task.await.unwrap();
    }
}
