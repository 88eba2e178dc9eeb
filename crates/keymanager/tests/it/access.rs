//! The gate and the extents: every role on every target, every action on everything, against an oracle that knows nothing of either.

use crate::people::{House, everywhere, house, on};
use crate::roles::allowed;
use crate::{NOW, call};
use keymanager::{Action, Denied, Extent, Network, NewInstancePolicy, NewKey, Origin, Principal, Role, Rule, Target};
use std::net::IpAddr;
use uuid::Uuid;

/// Something in the world: an instance (none: all), a ring, a key; from the large to the small.
#[derive(Clone, Debug, PartialEq)]
struct Thing {
    instance: Option<Uuid>,
    ring: Option<&'static str>,
    key: Option<Uuid>,
}

impl Thing {
    fn extent(&self) -> Extent<'_> {
        match (self.instance, self.ring, self.key) {
            (None, _, _) => Extent::Installation,
            (Some(_), None, _) => Extent::Instance,
            (Some(_), Some(ring), None) => Extent::Ring(ring),
            (Some(_), Some(ring), Some(key)) => Extent::Key { ring, key },
        }
    }

    /// The oracle: a grant's target holds a thing if the thing has all that the target names.
    fn lies_in(&self, target: &Target) -> bool {
        let same_instance = target.instance.is_none() || target.instance == self.instance;
        let same_ring = target.ring.is_none() || target.ring.as_deref() == self.ring;
        let same_key = target.key.is_none() || target.key == self.key;
        same_instance && same_ring && same_key
    }
}

struct World {
    house: House,
    things: Vec<Thing>,
    targets: Vec<Target>,
}

/// In each of two instances two rings with two keys each.
async fn world() -> World {
    let house = house().await;
    let (mut things, mut targets) = (vec![Thing { instance: None, ring: None, key: None }], vec![everywhere()]);
    for instance in [house.tenant, house.other] {
        let thing = Thing { instance: Some(instance), ring: None, key: None };
        things.push(thing.clone());
        house.manager.create_key_ring(&call(instance, Action::CreateKeyRing), "ring").await.unwrap();
        for ring in ["default", "ring"] {
            things.push(Thing { ring: Some(ring), ..thing.clone() });
            for _ in 0..2 {
                let new = NewKey { ring: Some(ring.into()), ..NewKey::named("key", false) };
                let key = house.manager.create_key(&call(instance, Action::CreateKey), new).await.unwrap().id;
                things.push(Thing { ring: Some(ring), key: Some(key), ..thing.clone() });
            }
        }
    }
    let tenant = Some(house.tenant);
    let key = |ring| things.iter().find(|thing| thing.ring == Some(ring) && thing.key.is_some()).unwrap().key;
    targets.push(Target { instance: tenant, ring: None, key: None });
    targets.push(Target { instance: tenant, ring: Some("ring".into()), key: None });
    targets.push(Target { instance: tenant, ring: Some("default".into()), key: None });
    targets.push(Target { instance: tenant, ring: None, key: key("ring") });
    targets.push(Target { instance: tenant, ring: Some("ring".into()), key: key("ring") });
    targets.push(Target { instance: tenant, ring: Some("ring".into()), key: key("default") });
    World { house, things, targets }
}

/// What somebody with these grants can do to each thing, as the gate and the call say it.
async fn check(world: &World, who: &Principal, grants: &[(Role, &Target)]) -> usize {
    let mut cases = 0;
    for &action in Action::ALL {
        for thing in &world.things {
            let holds = |thing: &Thing, target: &Target| {
                // Who manages KMIP manages that of the whole instance.
                let narrow = target.ring.is_some() || target.key.is_some();
                let of_kmip = ["kms.kmip-management.", "keystead.kmip-object."];
                thing.lies_in(target) && !(narrow && of_kmip.iter().any(|of| action.event().starts_with(of)))
            };
            let expected = grants.iter().any(|(role, target)| allowed(*role, action) && holds(thing, target));
            let entered = world.house.enter(who, thing.instance.unwrap_or_default(), action).await;
            let reached = match &entered {
                Ok(call) => call.reaches(thing.extent()),
                Err(Denied::Forbidden(_)) => false,
                Err(error) => panic!("{error}"),
            };
            assert_eq!(reached, expected, "{grants:?}: {action:?} {thing:?}");
            // Whom the gate keeps out, there is nothing for in the whole instance.
            let within = |other: &&Thing| other.instance == thing.instance;
            let anything = world
                .things
                .iter()
                .filter(within)
                .any(|thing| grants.iter().any(|(role, target)| allowed(*role, action) && holds(thing, target)));
            let anybody = [
                Action::ListInstances,
                Action::ReadInstance,
                Action::ReadServerCertificate,
                Action::ReadRoles,
                Action::ReadSigningKey,
            ];
            let anybody = anybody.contains(&action);
            // The key of `default` that is granted in `ring` is in no ring that it could be reached in: the gate need not know.
            let nowhere = !grants.is_empty()
                && grants.iter().all(|(_, target)| !world.things.iter().any(|thing| thing.lies_in(target)));
            if !nowhere {
                let open = anything || thing.instance.is_none() && anybody && !grants.is_empty();
                assert_eq!(entered.is_ok(), open, "{grants:?}: {action:?} {thing:?}");
            }
            cases += 1;
        }
    }
    cases
}

#[tokio::test]
async fn every_role_on_every_target() {
    let world = world().await;
    let mut cases = 0;
    for &role in Role::ALL {
        for target in world.targets.iter() {
            let who = world.house.somebody(&[role], target.clone()).await;
            cases += check(&world, &who, &[(role, target)]).await;
        }
    }
    assert!(cases > 40_000, "{cases}");
}

#[tokio::test]
async fn grants_add_up_and_take_nothing_away() {
    let world = world().await;
    let service_id = world.house.service_id(Uuid::nil(), "many").await;
    let grants: Vec<_> = world.targets[1..]
        .iter()
        .zip([Role::Viewer, Role::Reader, Role::Writer, Role::Manager, Role::KeyPurge])
        .collect();
    for (target, role) in &grants {
        world.house.grant(&service_id, &[*role], (*target).clone()).await;
    }
    let (key, _) = world.house.api_key(&service_id).await;
    let who = world.house.manager.principal(key.id, NOW).await.unwrap();
    let grants: Vec<_> = grants.into_iter().map(|(target, role)| (role, target)).collect();
    check(&world, &who, &grants).await;
}

/// A ring's name is another ring's in another instance, also for those who are let in there for something else.
#[tokio::test]
async fn a_ring_of_one_instance_is_none_of_another() {
    let world = world().await;
    let ring = |instance, ring: &str| Target { instance: Some(instance), ring: Some(ring.into()), key: None };
    let targets = [ring(world.house.tenant, "ring"), ring(world.house.other, "default")];
    let service_id = world.house.service_id(Uuid::nil(), "two").await;
    for target in &targets {
        world.house.grant(&service_id, &[Role::Manager], target.clone()).await;
    }
    let (key, _) = world.house.api_key(&service_id).await;
    let who = world.house.manager.principal(key.id, NOW).await.unwrap();
    check(&world, &who, &targets.each_ref().map(|target| (Role::Manager, target))).await;
}

#[tokio::test]
async fn who_was_granted_nothing_may_do_nothing() {
    let world = world().await;
    let service_id = world.house.service_id(world.house.tenant, "nobody").await;
    let (key, _) = world.house.api_key(&service_id).await;
    let who = world.house.manager.principal(key.id, NOW).await.unwrap();
    assert_eq!(who.home, Some(world.house.tenant));
    check(&world, &who, &[]).await;
}

/// Administrators of everything too: what is not there is refused as what is forbidden is.
#[tokio::test]
async fn no_instance_no_entry() {
    let house = house().await;
    let who = house.somebody(&[Role::Manager, Role::Administrator], everywhere()).await;
    for &action in Action::ALL {
        let entered = house.enter(&who, Uuid::from_u128(1), action).await;
        assert!(matches!(entered, Err(Denied::Forbidden(_))), "{action:?}");
    }
    house.enter(&who, house.tenant, Action::ListKeys).await.unwrap();
    house.manager.delete_instance(&call(Uuid::nil(), Action::DeleteInstance), &house.tenant.to_string()).await.unwrap();
    let entered = house.enter(&who, house.tenant, Action::ListKeys).await;
    assert!(matches!(entered, Err(Denied::Forbidden(_))));
}

#[tokio::test]
async fn a_call_is_what_was_entered_for() {
    let house = house().await;
    let who = house.somebody(&[Role::Manager], on(house.tenant)).await;
    let origin = Origin { address: Some(IpAddr::from([192, 0, 2, 1])), correlation: Some("one".into()) };
    let call = house.manager.enter(&who, Some(house.tenant), Action::WrapKey, origin, NOW).await.unwrap();
    assert_eq!((call.instance, call.action, call.now), (house.tenant, Action::WrapKey, NOW));
    assert_eq!(call.actor, who.iam_id);
    assert_eq!(
        (call.origin.address, call.origin.correlation.as_deref()),
        (Some(IpAddr::from([192, 0, 2, 1])), Some("one"))
    );
    assert!(!call.is_recorded());
    assert_eq!(who.iam_id, format!("iam-ServiceId-{}", who.service_id.unwrap()));
}

/// A network policy keeps everybody from the keys who is outside; the operator can always take it back.
#[tokio::test]
async fn network_policies_are_for_keys() {
    let house = house().await;
    let tenant = on(house.tenant);
    let rule = Rule::AllowedIp(vec![Network { address: IpAddr::from([192, 0, 2, 0]), prefix: 24 }]);
    let policies = vec![NewInstancePolicy { rule, enabled: true }];
    house.manager.set_instance_policies(&call(house.tenant, Action::WriteInstancePolicies), policies).await.unwrap();
    let operator = house.somebody(&[Role::Administrator, Role::Manager], everywhere()).await;
    let manager = house.somebody(&[Role::Administrator, Role::Manager], tenant.clone()).await;
    let half = house.somebody(&[Role::Manager], everywhere()).await;
    let people = [&operator, &manager, &half];
    let cases = [
        // The operator, the tenant's own administrator, and who manages everything but does not administer it: inside, and outside.
        (Action::WrapKey, [true, true, true], [false, false, false]),
        (Action::ListKeys, [true, true, true], [false, false, false]),
        (Action::ReadAllowedIpPort, [true, true, true], [false, false, false]),
        (Action::ReadInstancePolicies, [true, true, true], [true, false, false]),
        (Action::WriteInstancePolicies, [true, true, true], [true, false, false]),
        (Action::ReadInstallationMetrics, [true, true, false], [true, true, false]),
        (Action::ReadMetrics, [true, true, false], [false, false, false]),
        (Action::ReadInstance, [true, true, false], [true, true, false]),
        (Action::ReadServerCertificate, [true, true, false], [true, true, false]),
        (Action::UpdateServerCertificate, [true, true, false], [true, true, false]),
        (Action::CreateGrant, [true, true, false], [true, true, false]),
        (Action::ReadRoles, [true, true, true], [true, true, true]),
    ];
    for (action, inside, outside) in cases {
        for (address, expected) in [([192, 0, 2, 7], inside), ([198, 51, 100, 7], outside)] {
            for (who, expected) in people.into_iter().zip(expected) {
                let origin = Origin { address: Some(IpAddr::from(address)), correlation: None };
                let entered = house.manager.enter(who, Some(house.tenant), action, origin, NOW).await;
                assert_eq!(entered.is_ok(), expected, "{action:?} {} {address:?}", who.iam_id);
            }
        }
    }
}

fn allowed_any(roles: &[Role], action: Action) -> bool {
    roles.iter().any(|role| allowed(*role, action))
}

/// Managers of the KMIP service of S have on T what T's authorization gives, and no more.
#[tokio::test]
async fn authorizations_reach_across_instances() {
    let house = house().await;
    let (source, target) = (house.tenant, house.other);
    house.manager.create_key_ring(&call(source, Action::CreateKeyRing), "ring").await.unwrap();
    let in_ring = Target { ring: Some("ring".into()), ..on(source) };
    let cases = [
        (Role::Manager, on(source), true),
        (Role::KmipAdapterManager, on(source), true),
        (Role::Manager, in_ring.clone(), false),
        (Role::KmipAdapterManager, in_ring, false),
        (Role::Writer, on(source), false),
        (Role::VmwareKmipManager, on(source), false),
        (Role::Administrator, on(source), false),
        (Role::Viewer, on(target), false),
    ];
    let mut people = Vec::new();
    for (role, of, counts) in cases {
        people.push((house.somebody(&[role], of.clone()).await, role, of, counts));
    }
    let authorization = house.authorize(source, target, &[Role::Viewer, Role::VmwareKmipManager]).await;
    for round in [true, false] {
        for (who, role, of, counts) in &people {
            let who = house.manager.principal(who.api_key, NOW).await.unwrap();
            for &action in Action::ALL {
                let own = of.instance == Some(target) && allowed(*role, action);
                let given = round && *counts && allowed_any(&[Role::Viewer, Role::VmwareKmipManager], action);
                let reached = house.enter(&who, target, action).await.is_ok_and(|call| call.reaches(Extent::Instance));
                assert_eq!(reached, own || given, "{role:?} {of:?} {action:?}");
            }
        }
        if round {
            let by = call(target, Action::DeleteAuthorization);
            house.manager.delete_authorization(&by, authorization.id).await.unwrap();
        }
    }
}

/// An authorization counts for those whose rights were granted, not for those who have theirs by another authorization.
#[tokio::test]
async fn authorizations_do_not_chain() {
    let house = house().await;
    let third = house.manager.create_instance(&call(Uuid::nil(), Action::CreateInstance), "third").await.unwrap().id;
    house.authorize(house.tenant, house.other, &[Role::VmwareKmipManager]).await;
    house.authorize(house.other, third, &[Role::VmwareKmipManager]).await;
    let who = house.somebody(&[Role::Manager], on(house.tenant)).await;
    assert!(house.enter(&who, house.other, Action::ReadAdapter).await.is_ok());
    assert!(house.enter(&who, third, Action::ReadAdapter).await.is_err());
    let everywhere = house.somebody(&[Role::KmipAdapterManager], everywhere()).await;
    house.authorize(house.tenant, third, &[Role::Viewer]).await;
    let everywhere = house.manager.principal(everywhere.api_key, NOW).await.unwrap();
    assert!(house.enter(&everywhere, third, Action::ReadInstance).await.is_ok(), "who manages all, manages the source");
    assert!(house.enter(&everywhere, house.other, Action::ReadInstance).await.is_err());
}
