//! How far a call reaches, for each thing that is done with a key: who can't reach it can't tell whether it is there.

use crate::deeds::Deed;
use crate::fake_kmip::FakeKmip;
use crate::liar::Liar;
use crate::people::{House, house, on};
use crate::{call, memory, new, open};
use keymanager::{Action, Error, Key, NewKey, Principal, Role, Target};
use parking_lot::Mutex;
use std::sync::Arc;
use store::{Kind, Store};
use uuid::Uuid;

const ROLES: &[Role] = &[Role::Manager, Role::KeyPurge];

/// A key in the ring `ring` and one in `default`, each with an alias, and a KMIP object.
struct World {
    house: House,
    inside: Key,
    outside: Key,
    object: Uuid,
    _service: Arc<FakeKmip>,
}

async fn world() -> World {
    let house = house().await;
    let (manager, instance) = (&house.manager, house.tenant);
    manager.create_key_ring(&call(instance, Action::CreateKeyRing), "ring").await.unwrap();
    let make = async |ring: &str| {
        let asked = NewKey { ring: Some(ring.into()), aliases: vec![format!("in-{ring}")], ..new("key") };
        manager.create_key(&call(instance, Action::CreateKey), asked).await.unwrap()
    };
    let (inside, outside) = (make("ring").await, make("default").await);
    let service = FakeKmip::over(manager);
    let object = service.add(instance, Uuid::from_u128(7)).id;
    World { inside, outside, object, _service: service, house }
}

impl World {
    fn in_ring(&self, ring: &str) -> Target {
        Target { ring: Some(ring.into()), ..on(self.house.tenant) }
    }

    async fn deed(&self, who: &Principal, deed: Deed, name: &str) -> Result<Option<Key>, Error> {
        let call = self.house.enter(who, self.house.tenant, deed.action()).await.unwrap();
        deed.run_by(&call, &self.house.manager, name, &[]).await
    }

    /// The names of what somebody whose reach is a part of the instance does not reach, or is not there.
    fn hidden(&self, reached: Uuid) -> Vec<String> {
        let all = [(self.inside.id, "in-ring"), (self.outside.id, "in-default"), (self.object, "vmware_kmip")];
        let hidden = all.into_iter().filter(|(id, _)| *id != reached);
        let absent = [Uuid::nil().to_string(), "absent".to_owned()];
        hidden.flat_map(|(id, alias)| [id.to_string(), alias.to_owned()]).chain(absent).collect()
    }
}

#[tokio::test]
async fn what_is_out_of_reach_is_as_if_it_were_not_there() {
    let world = world().await;
    let one_key = |key: &Key| Target { key: Some(key.id), ..on(world.house.tenant) };
    let cases = [
        (world.in_ring("ring"), world.inside.id),
        (one_key(&world.inside), world.inside.id),
        (one_key(&world.outside), world.outside.id),
        (Target { key: Some(world.object), ..on(world.house.tenant) }, world.object),
    ];
    for (target, reached) in cases {
        let who = world.house.somebody(ROLES, target.clone()).await;
        assert_eq!(world.deed(&who, Deed::Get, &reached.to_string()).await.unwrap().unwrap().id, reached);
        for deed in Deed::ALL {
            for name in world.hidden(reached) {
                let error = world.deed(&who, deed, &name).await.unwrap_err();
                assert!(matches!(error, Error::Unauthorized), "{deed:?} of {name} with {target:?}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn who_reaches_the_whole_instance_hears_the_truth() {
    let world = world().await;
    let who = world.house.somebody(ROLES, on(world.house.tenant)).await;
    for deed in Deed::ALL {
        for name in [Uuid::nil().to_string(), "absent".to_owned()] {
            let error = world.deed(&who, deed, &name).await.unwrap_err();
            assert!(
                matches!(&error, Error::NotFound { what: "key", name: said } if *said == name),
                "{deed:?}: {error}"
            );
        }
    }
    for id in [world.inside.id, world.outside.id, world.object] {
        assert_eq!(world.deed(&who, Deed::Get, &id.to_string()).await.unwrap().unwrap().id, id);
    }
}

/// Another ring named in a request is the truth for those who reach the key, and nothing for others.
#[tokio::test]
async fn a_ring_that_is_named_says_nothing_more() {
    let world = world().await;
    let who = world.house.somebody(ROLES, world.in_ring("ring")).await;
    let call = world.house.enter(&who, world.house.tenant, Action::ReadKeyMetadata).await.unwrap();
    let find = async |key: Uuid, ring| world.house.manager.key(&call, &key.to_string(), Some(ring)).await;
    assert_eq!(find(world.inside.id, "ring").await.unwrap(), world.inside);
    assert!(matches!(find(world.inside.id, "default").await, Err(Error::NotFound { .. })));
    for (key, ring) in [(world.outside.id, "default"), (world.outside.id, "ring"), (world.object, "default")] {
        assert!(matches!(find(key, ring).await, Err(Error::Unauthorized)));
    }
}

#[tokio::test]
async fn keys_are_made_and_moved_within_reach() {
    let world = world().await;
    let manager = &world.house.manager;
    let id = world.inside.id.to_string();
    let in_ring = world.house.somebody(ROLES, world.in_ring("ring")).await;
    let of_key = world.house.somebody(ROLES, Target { key: Some(world.inside.id), ..on(world.house.tenant) }).await;
    // A key may stay where it is: nothing of the ring is asked then.
    for (who, made, moved) in [(&in_ring, true, true), (&of_key, false, true)] {
        let creation = world.house.enter(who, world.house.tenant, Action::CreateKey).await.unwrap();
        let patch = world.house.enter(who, world.house.tenant, Action::PatchKey).await.unwrap();
        for (ring, may) in [(Some("ring"), made), (None, false), (Some("default"), false), (Some("absent"), false)] {
            let created = manager.create_key(&creation, NewKey { ring: ring.map(Into::into), ..new("key") }).await;
            match created {
                Ok(key) => assert!(may && key.ring() == "ring"),
                Err(error) => assert!(!may && matches!(error, Error::Unauthorized), "{ring:?}: {error}"),
            }
        }
        for (ring, may) in [("ring", moved), ("default", false), ("absent", false)] {
            match manager.move_key(&patch, &id, ring).await {
                Ok(key) => assert!(may && key.ring() == "ring"),
                Err(error) => assert!(!may && matches!(error, Error::Unauthorized), "{ring}: {error}"),
            }
        }
    }
}

/// A key that is moved out of reach between look and change is not changed.
#[tokio::test]
async fn the_record_that_is_changed_is_within_reach_too() {
    let liar = Liar::new(memory().await);
    let store: Arc<dyn Store> = liar.clone();
    let house = House { manager: open(&store).await, store, ..house().await };
    let manager = &house.manager;
    let instance = crate::tenant(manager).await;
    manager.create_key_ring(&call(instance, Action::CreateKeyRing), "ring").await.unwrap();
    let asked = NewKey { ring: Some("ring".into()), ..new("key") };
    let key = manager.create_key(&call(instance, Action::CreateKey), asked).await.unwrap();
    let id = key.id.to_string();
    let place = store::Key { space: store::Space(*instance.as_bytes()), kind: Kind(0x12), id: *key.id.as_bytes() };
    let before = liar.honest().get(&place).await.unwrap().unwrap();
    let moved = manager.move_key(&call(instance, Action::PatchKey), &id, "default").await.unwrap();
    let who = house.somebody(ROLES, Target { ring: Some("ring".into()), ..on(instance) }).await;
    for deed in [Deed::Disable, Deed::Rotate, Deed::Delete] {
        let first = Mutex::new(Some(before.clone()));
        liar.lie(move |asked, record| if *asked == place { first.lock().take().unwrap_or(record) } else { record });
        let call = house.enter(&who, instance, deed.action()).await.unwrap();
        let error = deed.run_by(&call, manager, &id, &[]).await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized), "{deed:?}: {error}");
    }
    liar.lie(|_, record| record);
    assert_eq!(manager.key(&call(instance, Action::ReadKey), &id, None).await.unwrap(), moved);
}
