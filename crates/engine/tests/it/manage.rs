//! What administrators see and do beside KMIP: lists of objects, forced destruction, the removal of adapters, names.

use engine::manage::{Error, ObjectQuery, ObjectView};
use engine::registry::{Actor, Adapter, NewAdapter, NewCertificate, Rewrap, Standing, certificate_id};
use kmip::enums::State;
use kmip::{Timestamp, Version};
use uuid::Uuid;
use wrap::KeyRef;

use crate::ask::{attribute, date, id, named, opaque, revoke, unique};
use crate::bench::{Bench, NOW, by};

fn uuid(key: &str) -> Uuid {
    Uuid::parse_str(key).unwrap()
}

/// Objects in the order in which they are made: two that are pre-active, active by a date, active, deactivated, compromised, destroyed,
/// destroyed and compromised, opaque, opaque and destroyed; and one that is deleted.
async fn furnished(bench: &Bench) -> Vec<(String, State)> {
    use State::{Active, Compromised, Deactivated, Destroyed, DestroyedCompromised, PreActive};
    let mut made = Vec::new();
    let states =
        [PreActive, Active, Active, Deactivated, Compromised, Destroyed, DestroyedCompromised, Active, Destroyed];
    for (number, state) in states.into_iter().enumerate() {
        let soon = [attribute("Activation Date", &date(NOW + 5))];
        let key = match number {
            7 | 8 => id(&bench.done("Register", &opaque("00ff", &[])).await),
            1 => bench.key(&soon).await,
            _ => bench.key(&[]).await,
        };
        let way: &[&str] = match number {
            2 => &["Activate"],
            3 => &["Activate", "Superseded"],
            4 => &["Key Compromise"],
            5 | 8 => &["Destroy"],
            6 => &["Key Compromise", "Destroy"],
            _ => &[],
        };
        for step in way {
            match *step {
                "Activate" | "Destroy" => bench.done(step, &unique(&key)).await,
                reason => bench.done("Revoke", &revoke(&key, reason)).await,
            };
        }
        made.push((key, state));
    }
    let deleted = bench.key(&[]).await;
    bench.engine.delete_standard_key(bench.instance, uuid(&deleted), &by(), bench.now()).await.unwrap();
    bench.pass(10);
    made
}

#[tokio::test]
async fn objects_are_listed_by_state() {
    let bench = Bench::new().await;
    let made = furnished(&bench).await;
    let lists: Vec<Vec<State>> = (0..64_usize)
        .map(|mask| {
            State::ALL.iter().copied().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0).map(|(_, s)| s).collect()
        })
        .collect();
    for states in lists.into_iter().chain([ObjectQuery::default().states]) {
        let there: Vec<&String> = made.iter().filter(|(_, state)| states.contains(state)).map(|(key, _)| key).collect();
        for (offset, limit, count) in
            [(0, 100, true), (0, 1, true), (1, 2, false), (3, 3, true), (20, 5, true), (0, 0, true)]
        {
            let query = ObjectQuery { states: states.clone(), offset, limit, count };
            let found = bench.engine.objects_in(bench.client.adapter(), &query, bench.now()).await.unwrap();
            let ids: Vec<String> = found.objects.iter().map(|object| object.id.to_string()).collect();
            let expected: Vec<String> = there.iter().skip(offset).take(limit).map(|key| key.to_string()).collect();
            assert_eq!((ids, found.total), (expected, count.then_some(there.len() as u64)), "{query:?}");
        }
    }
    let defaults = ObjectQuery::default();
    assert_eq!(
        (defaults.states.iter().map(|s| s.number()).collect::<Vec<_>>(), defaults.limit),
        (vec![1, 2, 3, 4], 100)
    );
    assert_eq!(bench.engine.count_objects(bench.client.adapter()).await.unwrap(), made.len() as u64);
}

/// More objects than are read at a time.
#[tokio::test]
async fn many_objects_are_listed() {
    let bench = Bench::new().await;
    let mut made = Vec::new();
    for number in 0..1100 {
        let key = bench.key(&[]).await;
        if number % 100 == 99 {
            bench.done("Activate", &unique(&key)).await;
            made.push(uuid(&key));
        }
    }
    for offset in 0..12 {
        let query = ObjectQuery { states: vec![State::Active], offset, limit: 3, count: offset % 2 == 0 };
        let found = bench.engine.objects_in(bench.client.adapter(), &query, bench.now()).await.unwrap();
        let ids: Vec<Uuid> = found.objects.iter().map(|object| object.id).collect();
        assert_eq!(ids, made.iter().skip(offset).take(3).copied().collect::<Vec<_>>());
        assert_eq!(found.total, (offset % 2 == 0).then_some(11));
    }
}

/// An object that is deleted as a standard key is no object of the adapter's until it is restored.
#[tokio::test]
async fn a_deleted_object_is_none() {
    let bench = Bench::new().await;
    let (engine, adapter, now) = (&bench.engine, bench.client.adapter(), bench.now());
    let key = uuid(&bench.key(&[]).await);
    for _ in 0..2 {
        engine.delete_standard_key(bench.instance, key, &by(), now).await.unwrap();
        assert!(matches!(engine.object(adapter, key, now).await, Err(Error::NotFound("key"))));
        for force in [true, false] {
            let destroyed = engine.destroy_object(adapter, key, force, &by(), now).await;
            assert!(matches!(destroyed, Err(Error::NotFound("key"))), "{destroyed:?}");
        }
        assert!(engine.objects(adapter, 0, 10, now).await.unwrap().objects.is_empty());
        assert_eq!(engine.count_objects(adapter).await.unwrap(), 0);
        engine.restore_standard_key(bench.instance, key, &by(), now).await.unwrap();
        assert_eq!(engine.object(adapter, key, now).await.unwrap().id, key);
        assert_eq!(engine.count_objects(adapter).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn who_did_what_to_an_object_is_kept() {
    let bench = Bench::new().await;
    let (engine, adapter) = (&bench.engine, bench.client.adapter());
    let second = bench.client_of(adapter, "second").await;
    let name = |client: &engine::registry::Client| format!("CertificateID-{}", client.certificate().fingerprint);
    let view = async |key: &str| engine.object(adapter, uuid(key), bench.now()).await.unwrap();
    let facts = |view: &ObjectView| {
        [
            (view.created_at, view.created_by.clone()),
            (view.updated_at, view.updated_by.clone()),
            (view.destroyed_at, view.destroyed_by.clone()),
        ]
    };
    let at = |seconds: i64, by: &str| (Some(Timestamp::from_seconds(NOW + seconds)), Some(by.to_owned()));
    let (first, other) = (name(&bench.client), name(&second));
    let key = bench.key(&[]).await;
    bench.material(&key).await;
    assert_eq!(facts(&view(&key).await), [at(0, &first), (None, None), (None, None)]);
    bench.pass(1);
    bench.ask_as(&second, Version::V1_4, "Activate", &unique(&key)).await.unwrap();
    assert_eq!(facts(&view(&key).await), [at(0, &first), at(1, &other), (None, None)]);
    bench.pass(1);
    // A key in the place of another is whoever's who asked for it.
    let new = id(&bench.ask_as(&second, Version::V1_4, "Re-key", &unique(&key)).await.unwrap());
    assert_eq!(facts(&view(&new).await), [at(2, &other), (None, None), (None, None)]);
    bench.pass(1);
    engine.destroy_object(adapter, uuid(&key), true, &by(), bench.now()).await.unwrap();
    assert_eq!(facts(&view(&key).await), [at(0, &first), at(3, "somebody"), at(3, "somebody")]);
    bench.pass(1);
    bench.done("Revoke", &revoke(&new, "Superseded")).await;
    bench.done("Destroy", &unique(&new)).await;
    assert_eq!(facts(&view(&new).await), [at(2, &other), at(4, &first), at(4, &first)]);
    assert_eq!(certificate_id(&first), Some(bench.client.certificate().id()));
}

#[test]
fn only_a_certificate_has_a_certificates_identifier() {
    let fingerprint = "00112233445566778899aabbccddeeff".repeat(2);
    let id = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    assert_eq!(certificate_id(&format!("CertificateID-{fingerprint}")), Some(id));
    for fingerprint in ["", &fingerprint[..32], &fingerprint[..63], &(fingerprint.clone() + "0"), &id.to_string(), "ä"]
    {
        assert_eq!(certificate_id(&format!("CertificateID-{fingerprint}")), None, "{fingerprint}");
    }
    let other = fingerprint.replace("ff", "fg");
    for text in ["", "somebody", &fingerprint, &format!("CertificateID-{other}")] {
        assert_eq!(certificate_id(text), None, "{text}");
    }
}

/// Which states may be destroyed, without force and with it.
#[tokio::test]
async fn force_decides_on_what_is_active_or_destroyed() {
    let table = [
        ("pre-active", &[][..], true),
        ("active", &["Activate"], false),
        ("compromised", &["Key Compromise"], true),
        ("destroyed", &["Destroy"], false),
    ];
    for (what, way, allowed) in table {
        for force in [false, true] {
            let bench = Bench::new().await;
            let key = bench.key(&[named("name")]).await;
            for step in way {
                match *step {
                    "Key Compromise" => bench.done("Revoke", &revoke(&key, step)).await,
                    step => bench.done(step, &unique(&key)).await,
                };
            }
            let (seen, before) = (bench.committed().await.len(), bench.ask("Get Attributes", &unique(&key)).await);
            let outcome =
                bench.engine.destroy_object(bench.client.adapter(), uuid(&key), force, &by(), bench.now()).await;
            assert_eq!(outcome.is_ok(), allowed || force, "{what} {force}: {outcome:?}");
            assert_eq!(bench.committed().await.len() - seen, usize::from(outcome.is_ok()), "{what} {force}");
            match outcome {
                Ok(object) => assert!(object.destroyed_at.is_some() && bench.ask("Get", &unique(&key)).await.is_err()),
                Err(_) => assert_eq!(bench.ask("Get Attributes", &unique(&key)).await, before),
            }
            if what == "destroyed" {
                assert_eq!(bench.ask("Get Attributes", &unique(&key)).await, before, "nothing else is changed");
            }
        }
    }
}

/// A list fails for no root key and no record.
#[tokio::test]
async fn objects_are_listed_without_the_root_key() {
    let bench = Bench::new().await;
    let key = uuid(&bench.key(&[]).await);
    let list = async || {
        let query = ObjectQuery::default();
        let found = bench.engine.objects_in(bench.client.adapter(), &query, bench.now()).await.unwrap();
        found.objects.iter().map(|object| (object.id, object.verified)).collect::<Vec<_>>()
    };
    assert_eq!(list().await, [(key, true)]);
    bench.disable().await;
    assert_eq!(list().await, [(key, false)]);
    assert!(matches!(bench.engine.object(bench.client.adapter(), key, bench.now()).await, Err(Error::Refused(_))));
    bench.enable().await;
    bench.store.alter(|record| {
        let body = if record.key.kind == store::Kind(0x30) { b"rot".as_slice().into() } else { record.body.clone() };
        Some(store::Record::new(record.key, record.version, body))
    });
    assert_eq!(list().await, []);
}

/// What an adapter has, what its root key is, whether its removal is forced, and whether it goes.
#[tokio::test]
async fn an_adapter_goes_when_nothing_in_it_can_be_read() {
    let rows = [
        ("nothing", "deleted", false, true),
        ("destroyed", "deleted", false, true),
        ("deleted", "deleted", false, true),
        ("both", "deleted", false, true),
        ("purged", "disabled", false, true),
        ("deleted", "usable", false, true),
        ("live", "deleted", false, false),
        ("live", "deleted", true, true),
        ("live", "disabled", true, false),
        ("live", "usable", true, false),
        ("live", "usable", false, false),
    ];
    for (has, root_key, force, goes) in rows {
        let bench = Bench::new().await;
        let mut keys = Vec::new();
        for _ in 0..2 {
            keys.push(bench.key(&[]).await);
        }
        let (engine, now) = (&bench.engine, bench.now());
        for (number, key) in keys.iter().enumerate() {
            let delete = async || engine.delete_standard_key(bench.instance, uuid(key), &by(), now).await.unwrap();
            match (has, number) {
                ("live", 1) => {}
                ("destroyed", _) | ("both", 0) => drop(bench.done("Destroy", &unique(key)).await),
                ("deleted" | "both" | "live", _) => drop(delete().await),
                _ => {
                    delete().await;
                    engine.purge_standard_key(bench.instance, uuid(key), &by(), now, &[]).await.unwrap();
                }
            }
        }
        match root_key {
            "deleted" => bench.delete().await,
            "disabled" => bench.disable().await,
            _ => {}
        }
        let seen = bench.committed().await.len();
        let what = format!("{has}, {root_key}, {force}");
        let removed = engine.remove_adapter(bench.client.adapter(), force, &by(), now).await;
        let fingerprint = bench.client.certificate().fingerprint;
        assert_eq!(engine.registry().admit(&fingerprint).is_none(), goes, "{what}");
        match removed {
            Ok(()) => {
                assert!(goes, "{what}");
                let event = &bench.committed().await[seen];
                assert_eq!(event["action"], "kms.kmip-management.delete", "{what}");
                let plain = event["message"] == "Keystead: delete kmip-management default";
                assert_eq!(plain, has != "live", "{what}");
            }
            Err(error) => {
                assert!(!goes && matches!(error, Error::InUse(1)), "{what}: {error:?}");
                assert_eq!(bench.committed().await.len(), seen, "{what}");
            }
        }
    }
}

async fn adapter(bench: &Bench, name: Option<&str>, description: Option<String>) -> Result<Adapter, Error> {
    let (instance, root_key) = (bench.instance, bench.root_key);
    let new = NewAdapter { instance, name: name.map(str::to_owned), description, root_key };
    bench.engine.registry().create_adapter(new, &by(), bench.now()).await
}

#[tokio::test]
async fn what_has_no_name_gets_one() {
    let bench = Bench::new().await;
    let registry = bench.engine.registry();
    for number in 0..5_u8 {
        let made = adapter(&bench, None, None).await.unwrap();
        assert!(made.name.starts_with("kmip_adapter_") && made.name.len() == 29, "{}", made.name);
        assert_eq!(registry.adapter(bench.instance, &made.name).unwrap().id, made.id);
        let new = NewCertificate { adapter: made.id, name: None, der: vec![number], standing: Standing::Listed };
        let entry = registry.add_certificate(new, &by(), bench.now()).await.unwrap();
        assert!(entry.name.starts_with("kmip_cert_") && entry.name.len() == 26, "{}", entry.name);
    }
}

#[tokio::test]
async fn descriptions_have_a_length() {
    let bench = Bench::new().await;
    for (number, (length, allowed)) in [(0, false), (1, false), (2, true), (240, true), (241, false)].iter().enumerate()
    {
        let made = adapter(&bench, Some(&format!("adapter-{number}")), Some("ä".repeat(*length))).await;
        assert_eq!(made.is_ok(), *allowed, "{length}");
        assert!(*allowed || matches!(made, Err(Error::Description)), "{length}");
    }
}

#[tokio::test]
async fn adapters_are_found_by_their_root_key() {
    let bench = Bench::new().await;
    let second = bench.neighbour("second").await;
    let other = bench.stranger(None, "other").await;
    let elsewhere = bench.stranger(Some("other tenant"), "elsewhere").await;
    let registry = bench.engine.registry();
    let under = |key: KeyRef| registry.adapters_under(key).iter().map(|adapter| adapter.id).collect::<Vec<_>>();
    let mine = bench.client.adapter();
    assert_eq!(under(mine.root_key()), [mine.id, second.adapter().id]);
    assert_eq!(under(other.adapter().root_key()), [other.adapter().id]);
    assert_eq!(under(elsewhere.adapter().root_key()), [elsewhere.adapter().id]);
    assert!(under(KeyRef { instance: bench.instance, key: elsewhere.adapter().root_key().key }).is_empty());
}

#[tokio::test]
async fn a_rewrap_updates_an_adapter() {
    let bench = Bench::on_disk().await;
    assert_eq!(bench.client.adapter().updated_at, None);
    bench.rotate().await;
    bench.pass(7);
    let root_key = bench.client.adapter().root_key();
    let which = Rewrap { root_key, newest: Uuid::nil(), after: None, most: 10 };
    bench.engine.registry().rewrap(which, &Actor::new("rotation"), bench.now()).await.unwrap();
    let now = bench.now();
    let bench = bench.restarted().await;
    let adapter = bench.engine.registry().adapter(bench.instance, "default").unwrap();
    assert_eq!((adapter.updated_at, adapter.updated_by.as_deref()), (Some(now), Some("rotation")));
    assert_eq!((adapter.created_at.seconds(), adapter.created_by.as_str()), (NOW, "somebody"));
}

/// What is done to adapters and lists names what it was done to, who did it and from where.
#[tokio::test]
async fn changes_of_the_registry_have_events() {
    let bench = Bench::new().await;
    let actor = Actor {
        address: Some("192.0.2.9".parse().unwrap()),
        correlation: Some("c-2".to_owned()),
        ..Actor::new("them")
    };
    let (registry, now, seen) = (bench.engine.registry(), bench.now(), bench.committed().await.len());
    let new =
        NewAdapter { instance: bench.instance, name: Some("new".into()), description: None, root_key: bench.root_key };
    let adapter = registry.create_adapter(new, &actor, now).await.unwrap();
    let new = NewCertificate {
        adapter: adapter.id,
        name: Some("client".into()),
        der: b"der".to_vec(),
        standing: Standing::Listed,
    };
    let entry = registry.add_certificate(new, &actor, now).await.unwrap();
    registry.remove_certificate(&entry, &actor, now).await.unwrap();
    bench.engine.remove_adapter(&adapter, false, &actor, now).await.unwrap();
    let key = uuid(&bench.key(&[]).await);
    bench.engine.destroy_object(bench.client.adapter(), key, false, &actor, now).await.unwrap();
    let events = bench.committed().await.split_off(seen);
    let (create, delete) = ("kms.kmip-management.create", "kms.kmip-management.delete");
    let expected = [
        (create, adapter.id, Some("new"), adapter.id),
        (create, entry.id(), Some("client"), adapter.id),
        (delete, entry.id(), Some("client"), adapter.id),
        (delete, adapter.id, Some("new"), adapter.id),
        (delete, key, None, bench.client.adapter().id),
    ];
    let events: Vec<_> = events.into_iter().filter(|event| event["action"] != "kms.kmip.create").collect();
    assert_eq!(events.len(), expected.len());
    for (event, (action, id, name, adapter)) in events.iter().zip(expected) {
        assert_eq!((&event["action"], &event["outcome"]), (&action.into(), &"success".into()));
        assert_eq!((&event["initiator"]["id"], &event["correlationId"]), (&"them".into(), &"c-2".into()));
        assert_eq!(event["initiator"]["host"]["address"], "192.0.2.9");
        assert_eq!(event["target"]["typeURI"], "kms/kmip-management");
        let target = event["target"]["id"].as_str().and_then(|crn| crn.rsplit(':').next());
        assert_eq!(
            (target, event["target"]["name"].as_str()),
            (Some(&*id.to_string()), Some(name.unwrap_or_default()))
        );
        assert_eq!(event["target"]["adapter"], adapter.to_string());
    }
}
