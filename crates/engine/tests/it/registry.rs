//! Adapters and allow-lists: who is admitted when, and what the limits are.

use engine::manage::Error;
use engine::registry::{Adapter, Certificate, NewAdapter, NewCertificate, Standing};
use kmip::Version;
use kmip::enums::ResultReason;
use uuid::Uuid;

use crate::ask::{create, id, opaque, reason, unique};
use crate::bench::{Bench, by};

async fn adapter(bench: &Bench, name: &str) -> Result<Adapter, Error> {
    let new =
        NewAdapter { instance: bench.instance, name: Some(name.into()), description: None, root_key: bench.root_key };
    bench.engine.registry().create_adapter(new, &by(), bench.now()).await
}

async fn certificate(bench: &Bench, adapter: &Adapter, name: &str, der: &[u8]) -> Result<Certificate, Error> {
    let new =
        NewCertificate { adapter: adapter.id, name: Some(name.into()), der: der.to_vec(), standing: Standing::Listed };
    bench.engine.registry().add_certificate(new, &by(), bench.now()).await
}

#[tokio::test]
async fn a_client_is_admitted_while_it_is_listed() {
    let bench = Bench::new().await;
    let registry = bench.engine.registry();
    let adapter = adapter(&bench, "second").await.unwrap();
    let mut epoch = registry.epoch();
    let mut moved = || {
        let before = std::mem::replace(&mut epoch, registry.epoch());
        assert!(epoch > before, "the epoch moves with every change");
    };
    for _ in 0..3 {
        let entry = certificate(&bench, &adapter, "client", b"der").await.unwrap();
        moved();
        let client = registry.admit(&entry.fingerprint).unwrap();
        assert_eq!((client.adapter().id, client.certificate().name.as_str()), (adapter.id, "client"));
        assert_eq!(registry.certificate(adapter.id, &entry.fingerprint.to_string()).unwrap().id(), entry.id());
        assert!(bench.ask_as(&client, Version::V1_4, "Create", &create(&[])).await.is_ok());
        registry.remove_certificate(&entry, &by(), bench.now()).await.unwrap();
        moved();
        assert!(registry.admit(&entry.fingerprint).is_none());
        assert!(registry.certificates(adapter.id).is_empty());
        let again = registry.remove_certificate(&entry, &by(), bench.now()).await;
        assert!(matches!(again, Err(Error::NotFound("certificate"))), "{again:?}");
    }
}

#[tokio::test]
async fn what_is_listed_is_so_after_a_restart() {
    let bench = Bench::on_disk().await;
    let second = adapter(&bench, "second").await.unwrap();
    let kept = certificate(&bench, &second, "kept", b"kept").await.unwrap();
    let removed = certificate(&bench, &second, "removed", b"removed").await.unwrap();
    bench.engine.registry().remove_certificate(&removed, &by(), bench.now()).await.unwrap();
    let bench = bench.restarted().await;
    let registry = bench.engine.registry();
    assert_eq!(registry.admit(&kept.fingerprint).unwrap().certificate().der, b"kept");
    assert!(registry.admit(&removed.fingerprint).is_none());
    let names = |adapters: Vec<std::sync::Arc<Adapter>>| {
        adapters.iter().map(|adapter| adapter.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(registry.adapters(bench.instance)), ["default", "second"]);
    assert!(registry.adapters(Uuid::from_u128(1)).is_empty(), "an instance has its own adapters");
    assert_eq!(registry.adapter(bench.instance, "second").unwrap().id, second.id);
    assert_eq!(registry.adapter(bench.instance, &second.id.to_string()).unwrap().name, "second");
}

#[tokio::test]
async fn a_certificate_is_on_one_list_only() {
    let bench = Bench::new().await;
    let second = adapter(&bench, "second").await.unwrap();
    certificate(&bench, &second, "client", b"der").await.unwrap();
    let elsewhere = certificate(&bench, bench.client.adapter(), "other", b"der").await;
    assert!(matches!(elsewhere, Err(Error::Listed(None))), "{elsewhere:?}");
    let twice = certificate(&bench, &second, "other", b"der").await;
    assert!(matches!(&twice, Err(Error::Listed(Some(name))) if name == "client"), "{twice:?}");
    let same = certificate(&bench, &second, "client", b"another").await;
    assert!(matches!(same, Err(Error::NameTaken(_))), "{same:?}");
    assert!(
        certificate(&bench, bench.client.adapter(), "client", b"another").await.is_ok(),
        "a list has its own names"
    );
}

#[tokio::test]
async fn names_are_of_the_alphabet() {
    let bench = Bench::new().await;
    let long = "x".repeat(40);
    for name in ["ab", "A-b_9", long.as_str()] {
        let made = adapter(&bench, name).await.unwrap();
        assert!(certificate(&bench, &made, name, name.as_bytes()).await.is_ok(), "{name}");
    }
    let longer = "x".repeat(41);
    let id = Uuid::from_u128(7).to_string();
    for name in ["", "a", "a b", "ä-b", "a/b", "a\0b", longer.as_str(), id.as_str(), &id.replace('-', "")] {
        assert!(matches!(adapter(&bench, name).await, Err(Error::Name(_))), "{name:?}");
        let refused = certificate(&bench, bench.client.adapter(), name, b"der").await;
        assert!(matches!(refused, Err(Error::Name(_))), "{name:?}");
    }
    assert!(matches!(adapter(&bench, "ab").await, Err(Error::NameTaken(_))));
}

#[tokio::test]
async fn there_are_two_hundred_of_each() {
    let bench = Bench::new().await;
    for number in 1..200 {
        certificate(&bench, bench.client.adapter(), &format!("client-{number}"), &[number]).await.unwrap();
        adapter(&bench, &format!("adapter-{number}")).await.unwrap();
    }
    let more = certificate(&bench, bench.client.adapter(), "one-more", b"one more").await;
    assert!(matches!(more, Err(Error::Limit(_))), "{more:?}");
    assert!(matches!(adapter(&bench, "one-more").await, Err(Error::Limit(_))));
    let other = bench.engine.registry().adapter(bench.instance, "adapter-7").unwrap();
    assert!(certificate(&bench, &other, "one-more", b"one more").await.is_ok(), "another list has room");
    bench.engine.remove_adapter(&other, false, &by(), bench.now()).await.unwrap();
    assert!(adapter(&bench, "one-more").await.is_ok(), "there is room again");
}

#[tokio::test]
async fn a_root_key_that_can_t_be_used_makes_no_adapter() {
    let bench = Bench::new().await;
    bench.disable().await;
    assert!(matches!(adapter(&bench, "second").await, Err(Error::Refused(_))));
    assert!(matches!(certificate(&bench, bench.client.adapter(), "second", b"der").await, Err(Error::Refused(_))));
    let new = NewAdapter {
        instance: bench.instance,
        name: Some("third".into()),
        description: None,
        root_key: Uuid::from_u128(1),
    };
    assert!(matches!(bench.engine.registry().create_adapter(new, &by(), bench.now()).await, Err(Error::Refused(_))));
    assert_eq!(bench.engine.registry().adapters(bench.instance).len(), 1);
}

/// Who still holds the entry of a list that the certificate has left takes it off no other.
#[tokio::test]
async fn an_entry_is_removed_from_its_own_list() {
    let bench = Bench::new().await;
    let registry = bench.engine.registry();
    let second = adapter(&bench, "second").await.unwrap();
    let old = certificate(&bench, &second, "client", b"der").await.unwrap();
    registry.remove_certificate(&old, &by(), bench.now()).await.unwrap();
    let new = certificate(&bench, bench.client.adapter(), "client", b"der").await.unwrap();
    let refused = registry.remove_certificate(&old, &by(), bench.now()).await;
    assert!(matches!(refused, Err(Error::NotFound("certificate"))), "{refused:?}");
    assert_eq!(registry.admit(&new.fingerprint).unwrap().adapter().id, bench.client.adapter().id);
}

/// An adapter is removed with its list when all of its objects are destroyed, whatever they are.
#[tokio::test]
async fn an_adapter_with_objects_stays() {
    let bench = Bench::new().await;
    for payload in [create(&[]), opaque("00", &[])] {
        let client = bench.neighbour("short-lived").await;
        let operation = if payload.contains("Opaque") { "Register" } else { "Create" };
        let object = id(&bench.ask_as(&client, Version::V1_4, operation, &payload).await.unwrap());
        let refused = bench.engine.remove_adapter(client.adapter(), false, &by(), bench.now()).await;
        assert!(matches!(refused, Err(Error::InUse(1))), "{operation}: {refused:?}");
        assert!(bench.engine.registry().admit(&client.certificate().fingerprint).is_some());
        bench.ask_as(&client, Version::V1_4, "Destroy", &unique(&object)).await.unwrap();
        bench.engine.remove_adapter(client.adapter(), false, &by(), bench.now()).await.unwrap();
        assert!(bench.engine.registry().admit(&client.certificate().fingerprint).is_none());
        // A connection that has not noticed yet makes nothing that nobody could ever read.
        let late = bench.ask_as(&client, Version::V1_4, "Create", &create(&[])).await;
        assert_eq!(reason(&late), Some(ResultReason::PermissionDenied));
        assert!(bench.engine.registry().adapter(bench.instance, "short-lived").is_none());
    }
}

/// An object that is made between the count of an adapter's objects and its removal is refused.
#[tokio::test]
async fn an_object_that_comes_late_is_not_made() {
    let bench = std::sync::Arc::new(Bench::new().await);
    let client = bench.neighbour("second").await;
    let gate = bench.store.gate();
    let removing = tokio::spawn({
        let (bench, client) = (std::sync::Arc::clone(&bench), client.clone());
        async move { bench.engine.remove_adapter(client.adapter(), false, &by(), bench.now()).await }
    });
    gate.reached().await;
    let making = tokio::spawn({
        let (bench, client) = (std::sync::Arc::clone(&bench), client.clone());
        async move { bench.ask_as(&client, Version::V1_4, "Create", &create(&[])).await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!making.is_finished(), "it waits for the removal");
    gate.open();
    removing.await.unwrap().unwrap();
    assert_eq!(reason(&making.await.unwrap()), Some(ResultReason::PermissionDenied));
}

/// Objects are made while their adapter is being removed: either it stays, or nothing was made that was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_adapter_is_not_removed_under_its_objects() {
    let bench = std::sync::Arc::new(Bench::new().await);
    for round in 0..20 {
        let client = bench.neighbour(&format!("round-{round}")).await;
        let making = tokio::spawn({
            let (bench, client) = (std::sync::Arc::clone(&bench), client.clone());
            async move {
                let mut made = 0;
                for _ in 0..20 {
                    made += usize::from(bench.ask_as(&client, Version::V1_4, "Create", &create(&[])).await.is_ok());
                    tokio::task::yield_now().await;
                }
                made
            }
        });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        let removed = bench.engine.remove_adapter(client.adapter(), false, &by(), bench.now()).await.is_ok();
        let made = making.await.unwrap();
        assert!(!(removed && made > 0), "{made} keys were made in an adapter that is no more");
    }
}
