//! Two adapters of one instance, under one root key: what is the other's is like what never was, byte for byte.

use engine::manage::Error;
use kmip::Version;
use kmip::attribute;
use uuid::Uuid;

use crate::ask::{answers, attribute, create, id, ids, material, message, named, revoke, unique, value};
use crate::bench::Bench;

/// An object that never was: its identifier is as long as any.
pub(crate) const NOBODY: &str = "6a1f3c52-9d0e-4f5b-8a77-2b1c0d9e8f70";

/// Every operation that names an object.
pub(crate) fn requests(key: &str) -> Vec<(&'static str, String)> {
    vec![
        ("Get", unique(key)),
        ("Get", unique(key) + "Key Format Type: PKCS#1"),
        ("Get Attributes", unique(key)),
        ("Get Attributes", unique(key) + "Attribute Name: \"x-owner\""),
        ("Get Attribute List", unique(key)),
        ("Add Attribute", unique(key) + &attribute("x-more", "1")),
        ("Add Attribute", unique(key) + &named("theirs")),
        ("Add Attribute", unique(key) + &attribute("State", "Active")),
        ("Modify Attribute", unique(key) + &attribute("x-owner", "1")),
        ("Delete Attribute", unique(key) + "Attribute Name: \"x-owner\""),
        ("Check", unique(key)),
        ("Obtain Lease", unique(key)),
        ("Get Usage Allocation", unique(key) + "Usage Limits Count: Long Integer 1"),
        ("Re-key", unique(key)),
        ("Activate", unique(key)),
        ("Revoke", revoke(key, "Key Compromise")),
        ("Destroy", unique(key)),
    ]
}

#[tokio::test]
async fn what_is_the_others_is_like_what_never_was() {
    let bench = Bench::new().await;
    let stranger = bench.neighbour("other").await;
    let owned = [named("theirs"), attribute("x-owner", "\"finance\""), attribute("Object Group", "\"g\"")];
    let key = bench.key(&owned).await;
    let gone = bench.key(&[]).await;
    bench.done("Destroy", &unique(&gone)).await;
    for version in Version::ALL {
        for ((operation, theirs), (_, nobodys)) in requests(&key).into_iter().zip(requests(NOBODY)) {
            let before = bench.store.records().await;
            let about =
                async |payload: &str| bench.send(&stranger, &message(version, &[(operation, payload)])).await.bytes;
            assert_eq!(about(&theirs).await, about(&nobodys).await, "{operation} in {version}");
            assert_eq!(about(&theirs.replace(&key, &gone)).await, about(&nobodys).await, "{operation} in {version}");
            assert_eq!(bench.store.records().await, before, "{operation} changed something");
        }
    }
    assert!(material(&bench.done("Get", &unique(&key)).await).is_some(), "its own adapter has it");
}

#[tokio::test]
async fn nothing_of_the_others_is_found() {
    let bench = Bench::new().await;
    let stranger = bench.neighbour("other").await;
    let owned = [named("theirs"), attribute("x-owner", "\"finance\""), attribute("Object Group", "\"g\"")];
    let key = bench.key(&owned).await;
    let filters = [
        String::new(),
        owned[0].clone(),
        owned[1].clone(),
        owned[2].clone(),
        attribute("Unique Identifier", &format!("\"{key}\"")),
        attribute("Object Type", "Symmetric Key"),
        attribute("State", "Pre-Active"),
        attribute("Cryptographic Algorithm", "AES"),
        "Storage Status Mask: 7\n".to_owned(),
        "Object Group Member: Group Member Fresh\n".to_owned(),
    ];
    for filter in filters {
        let found = bench.ask_as(&stranger, Version::V1_4, "Locate", &filter).await.unwrap();
        assert_eq!(ids(&found), Vec::<String>::new(), "{filter}");
        assert_eq!(ids(&bench.done("Locate", &filter).await), std::slice::from_ref(&key), "{filter}");
    }
}

#[tokio::test]
async fn names_are_each_adapters_own() {
    let bench = Bench::new().await;
    let stranger = bench.neighbour("other").await;
    let mine = bench.key(&[named("the same")]).await;
    let answer = bench.ask_as(&stranger, Version::V1_4, "Create", &create(&[named("the same")])).await;
    let theirs = id(&answer.unwrap());
    for (client, key) in [(&bench.client, &mine), (&stranger, &theirs)] {
        let found = bench.ask_as(client, Version::V1_4, "Locate", &named("the same")).await.unwrap();
        assert_eq!(ids(&found), std::slice::from_ref(key));
    }
    bench.ask_as(&stranger, Version::V1_4, "Destroy", &unique(&theirs)).await.unwrap();
    assert!(bench.ask("Create", &create(&[named("the same")])).await.is_err(), "it is still taken here");
}

/// The ID placeholder of a message does not outlive it, and two clients of one adapter share their objects.
#[tokio::test]
async fn clients_of_an_adapter_share_its_objects() {
    let bench = Bench::new().await;
    let other = bench.client_of(bench.client.adapter(), "second").await;
    let key = bench.key(&[]).await;
    let payload = bench.ask_as(&other, Version::V1_4, "Get Attributes", &unique(&key)).await.unwrap();
    assert!(value(&payload, &attribute::STATE).is_some());
    let reply = bench.send(&other, &message(Version::V1_4, &[("Get", "")])).await;
    assert!(answers(&reply.bytes, Version::V1_4)[0].is_err());
}

#[tokio::test]
async fn administrators_see_an_adapters_objects_and_no_others() {
    let bench = Bench::new().await;
    let stranger = bench.neighbour("other").await;
    let key = Uuid::parse_str(&bench.key(&[]).await).unwrap();
    let mine = bench.engine.objects(bench.client.adapter(), 0, 10, bench.now()).await.unwrap();
    assert_eq!(mine.objects.iter().map(|object| object.id).collect::<Vec<_>>(), [key]);
    assert!(bench.engine.objects(stranger.adapter(), 0, 10, bench.now()).await.unwrap().objects.is_empty());
    let missing = bench.engine.object(stranger.adapter(), key, bench.now()).await.map(|object| object.id);
    assert!(matches!(missing, Err(Error::NotFound("key"))), "{missing:?}");
    let by = crate::bench::by();
    let missing =
        bench.engine.destroy_object(stranger.adapter(), key, false, &by, bench.now()).await.map(|object| object.id);
    assert!(matches!(missing, Err(Error::NotFound("key"))), "{missing:?}");
    let before = bench.engine.count_objects(bench.client.adapter()).await.unwrap();
    let destroyed = bench.engine.destroy_object(bench.client.adapter(), key, false, &by, bench.now()).await.unwrap();
    assert_eq!(destroyed.state, Some(kmip::enums::State::Destroyed));
    assert_eq!((before, bench.engine.count_objects(bench.client.adapter()).await.unwrap()), (1, 1));
}
