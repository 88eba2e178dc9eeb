//! One event for each item, done or refused: those of changes in the store, the others in the journal.

use std::collections::BTreeMap;
use std::net::IpAddr;

use kmip::Version;
use kmip::enums::ResultReason;
use serde_json::{Value as Json, json};

use crate::ask::{answers, attribute, create, id, message, message_with, register, revoke, unique};
use crate::bench::{Bench, by};

/// The events since the last look, those of changes first.
struct Watch {
    committed: usize,
    journaled: usize,
}

impl Watch {
    async fn new(bench: &Bench) -> Watch {
        Watch { committed: bench.committed().await.len(), journaled: bench.journaled().len() }
    }

    async fn since(&mut self, bench: &Bench) -> (Vec<Json>, Vec<Json>) {
        let (committed, journaled) = (bench.committed().await, bench.journaled());
        let new = (committed[self.committed..].to_vec(), journaled[self.journaled..].to_vec());
        (self.committed, self.journaled) = (committed.len(), journaled.len());
        new
    }
}

/// An object as events name it.
fn crn(bench: &Bench, id: &str) -> String {
    format!("crn:v1:bluemix:public:kms:local:a/local:{}:kmip-object:{id}", bench.instance)
}

/// Sends one operation and sees its one event.
async fn check(
    bench: &Bench,
    watch: &mut Watch,
    operation: &str,
    payload: &str,
    action: &str,
    changes: bool,
) -> Option<String> {
    let address: IpAddr = "2001:db8::7".parse().unwrap();
    let reply = bench.send_from(address, &bench.client, &message(Version::V1_4, &[(operation, payload)])).await;
    let answer = answers(&reply.bytes, Version::V1_4).remove(0);
    let (committed, journaled) = watch.since(bench).await;
    let written = changes && answer.is_ok();
    assert_eq!((committed.len(), journaled.len()), if written { (1, 0) } else { (0, 1) }, "{operation}");
    let event = committed.into_iter().chain(journaled).next().unwrap();
    assert_eq!(event["action"], action, "{operation}");
    assert_eq!(event["outcome"], if answer.is_ok() { "success" } else { "failure" });
    assert_eq!(event["eventTime"], "2026-01-02T03:04:05Z");
    let initiator = format!("CertificateID-{}", bench.client.certificate().fingerprint);
    assert_eq!(
        (&event["initiator"]["id"], &event["initiator"]["host"]["address"]),
        (&initiator.into(), &"2001:db8::7".into())
    );
    assert_eq!(event["target"]["operation"], operation);
    assert_eq!(event["target"]["adapter"], bench.client.adapter().id.to_string());
    assert_eq!(event["target"]["instance"], bench.instance.to_string());
    match answer {
        Ok(payload) => {
            assert_eq!(event["reason"], json!({ "reasonCode": 200, "reasonType": "OK" }));
            let about = crate::ask::ids(&payload).pop();
            assert!(
                about.is_none()
                    || operation == "Locate"
                    || event["target"]["id"] == crn(bench, about.as_deref().unwrap()),
                "{operation}"
            );
            about
        }
        Err(refused) => {
            assert_eq!(event["reason"]["reasonType"], refused.reason.name().unwrap(), "{operation}");
            assert_eq!(event["reason"]["reasonForFailure"], refused.reason.name().unwrap(), "{operation}");
            None
        }
    }
}

#[tokio::test]
async fn each_item_has_one_event() {
    let bench = Bench::new().await;
    let mut watch = Watch::new(&bench).await;
    let key =
        check(&bench, &mut watch, "Create", &create(&[attribute("x-a", "1")]), "kms.kmip.create", true).await.unwrap();
    let read = "kms.kmip.get";
    let limits = crate::ask::structured("Usage Limits", "Usage Limits Total: Long Integer 9\nUsage Limits Unit: Byte");
    let rows: Vec<(&str, String, &str, bool)> = vec![
        ("Register", register("000102030405060708090a0b0c0d0e0f", &[]), "kms.kmip.create", true),
        ("Get", unique(&key), read, true),
        ("Get", unique(&key), read, false),
        ("Get Attributes", unique(&key), read, false),
        ("Get Attribute List", unique(&key), read, false),
        ("Check", unique(&key), read, false),
        ("Obtain Lease", unique(&key), read, false),
        ("Query", "Query Function: Query Objects".into(), read, false),
        ("Discover Versions", String::new(), read, false),
        ("Locate", attribute("x-a", "1"), "kms.kmip.locate", false),
        ("Add Attribute", unique(&key) + &limits, "kms.kmip.create", true),
        ("Add Attribute", unique(&key) + &attribute("x-a", "1"), "kms.kmip.create", false),
        ("Modify Attribute", unique(&key) + &attribute("x-a", "2"), "kms.kmip.create", true),
        ("Delete Attribute", unique(&key) + "Attribute Name: \"x-a\"", "kms.kmip.create", true),
        ("Activate", unique(&key), "kms.kmip.activate", true),
        ("Activate", unique(&key), "kms.kmip.activate", true),
        ("Get Usage Allocation", unique(&key) + "Usage Limits Count: Long Integer 1", "kms.kmip.create", true),
        ("Re-key", unique(&key), "kms.kmip.create", true),
        ("Destroy", unique(&key), "kms.kmip.destroy", true),
        ("Revoke", revoke(&key, "Superseded"), "kms.kmip.revoke", true),
        ("Destroy", unique(&key), "kms.kmip.destroy", true),
        ("Get", unique(&key), read, true),
        ("Get", unique("nobody"), read, false),
        ("Get", "Unique Identifier: 1".into(), read, false),
        ("Locate", "Maximum Items: -1".into(), "kms.kmip.locate", false),
        ("Encrypt", unique(&key), "kms.kmip.default", false),
    ];
    for (operation, payload, action, changes) in rows {
        check(&bench, &mut watch, operation, &payload, action, changes).await;
    }
}

#[tokio::test]
async fn each_item_of_a_batch_has_its_own() {
    let bench = Bench::new().await;
    let mut watch = Watch::new(&bench).await;
    let create = create(&[]);
    let items = [("Create", create.as_str()), ("Activate", ""), ("Get", "nothing"), ("Destroy", ""), ("Query", "")];
    let items: Vec<(&str, &str)> = items
        .map(|(operation, payload)| (operation, if payload == "nothing" { "Key Format Type: PKCS#1" } else { payload }))
        .to_vec();
    let outcomes =
        |events: &[Json]| events.iter().map(|event| event["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    bench.send(&bench.client, &message(Version::V1_4, &items)).await;
    let (committed, journaled) = watch.since(&bench).await;
    assert_eq!(outcomes(&committed), ["success", "success"]);
    assert_eq!(outcomes(&journaled), ["failure"], "the items after a stop are not dealt with");
    bench.send(&bench.client, &message_with(Version::V1_4, "Batch Error Continuation Option: Continue", &items)).await;
    let (committed, journaled) = watch.since(&bench).await;
    assert_eq!(outcomes(&committed), ["success", "success"]);
    assert_eq!(outcomes(&journaled), ["failure", "failure", "failure"]);
    bench.send(&bench.client, &message_with(Version::V1_4, "Batch Error Continuation Option: Undo", &items)).await;
    let (committed, journaled) = watch.since(&bench).await;
    assert_eq!((committed.len(), outcomes(&journaled)), (0, vec!["failure".to_owned(); 5]));
}

/// What was asked for is on record though it never was: whose key is missing wants to know which.
#[tokio::test]
async fn what_was_not_found_is_named() {
    let bench = Bench::new().await;
    let nobody = "6a1f3c52-9d0e-4f5b-8a77-2b1c0d9e8f70";
    bench.ask("Get", &unique(nobody)).await.unwrap_err();
    assert_eq!(bench.journaled()[0]["target"]["id"], crn(&bench, nobody));
}

/// A message that can't be read has no items: it has one event all the same.
#[tokio::test]
async fn an_unreadable_message_has_one() {
    let bench = Bench::new().await;
    let mut watch = Watch::new(&bench).await;
    bench.send(&bench.client, b"\x42\x00\x78\x01\x00\x00\x00\x00").await;
    let (committed, journaled) = watch.since(&bench).await;
    assert_eq!((committed.len(), journaled.len()), (0, 1));
    assert_eq!(journaled[0]["action"], "kms.kmip.default");
    assert_eq!(journaled[0]["reason"]["reasonType"], "Invalid Message");
    assert!(journaled[0]["target"]["operation"].is_null());
}

/// An attempt that is overtaken leaves no event; the one that is written leaves one.
#[tokio::test]
async fn an_item_that_is_tried_again_has_one() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let mut watch = Watch::new(&bench).await;
    let mut left = 5;
    bench.store.fail(move |batch| {
        let Some(store::Change::Put { key, .. }) = batch.changes.first() else { return None };
        left -= i32::from(left > 0);
        (left > 0).then_some(store::Error::Conflict(*key))
    });
    bench.done("Activate", &unique(&key)).await;
    let (committed, journaled) = watch.since(&bench).await;
    assert_eq!((committed.len(), journaled.len()), (1, 0));
}

#[tokio::test]
async fn what_administrators_do_has_events() {
    let bench = Bench::new().await;
    let key = id(&bench.done("Create", &create(&[])).await);
    let mut watch = Watch::new(&bench).await;
    let (registry, now) = (bench.engine.registry(), bench.now());
    let stranger = bench.neighbour("other").await;
    registry.remove_certificate(stranger.certificate(), &by(), now).await.unwrap();
    bench.engine.remove_adapter(stranger.adapter(), false, &by(), now).await.unwrap();
    let key = uuid::Uuid::parse_str(&key).unwrap();
    bench.engine.destroy_object(bench.client.adapter(), key, false, &by(), now).await.unwrap();
    let (committed, journaled) = watch.since(&bench).await;
    let actions: Vec<&str> = committed.iter().map(|event| event["action"].as_str().unwrap()).collect();
    let management = [
        "kms.kmip-management.create",
        "kms.kmip-management.create",
        "kms.kmip-management.delete",
        "kms.kmip-management.delete",
    ];
    assert_eq!(actions, [&management[..], &["kms.kmip-management.delete"]].concat());
    assert!(committed.iter().all(|event| event["initiator"]["id"] == "somebody" && event["outcome"] == "success"));
    assert_eq!(committed[4]["target"]["id"], crn(&bench, &key.to_string()));
    assert!(journaled.is_empty());
}

/// The name of each field that an event has, with those within it, and what sort of value it is.
fn shape(event: &Json) -> BTreeMap<String, &'static str> {
    let mut fields = BTreeMap::new();
    let mut left = vec![(String::new(), event)];
    while let Some((name, value)) = left.pop() {
        let sort = match value {
            Json::Object(inner) => {
                left.extend(inner.iter().map(|(key, value)| (format!("{name}/{key}"), value)));
                "object"
            }
            Json::String(_) => "text",
            Json::Number(_) => "number",
            Json::Bool(_) => "truth",
            Json::Array(_) | Json::Null => "other",
        };
        fields.insert(name, sort);
    }
    fields
}

/// Whatever the key manager says of a call, the engine says of a KMIP request, by the same names: one program can read both.
#[tokio::test]
async fn events_have_the_shape_of_the_key_managers() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    bench.ask("Get", &unique("6a1f3c52-9d0e-4f5b-8a77-2b1c0d9e8f70")).await.unwrap_err();
    bench.done("Get Attributes", &unique(&key)).await;
    let journaled = bench.journaled();
    let occurrence = |status, reason| keymanager::Occurrence {
        action: keymanager::Action::WrapKey,
        instance: bench.instance,
        initiator: "iam-ServiceId-1",
        address: Some("192.0.2.7".parse().unwrap()),
        correlation: None,
        now: bench.now(),
        outcome: keymanager::Outcome { status, reason },
        target: Some(("id", "name")),
        request: &[],
        response: &[],
    };
    for (outcome, status, reason) in [("success", 200, None), ("failure", 404, Some("KEY_NOT_FOUND_ERR"))] {
        let theirs: Json = serde_json::from_slice(&keymanager::event(&occurrence(status, reason))).unwrap();
        let ours = journaled.iter().rfind(|event| event["outcome"] == outcome).unwrap();
        let (ours_has, theirs_has) = (shape(ours), shape(&theirs));
        for (field, sort) in theirs_has {
            assert_eq!(ours_has.get(&field), Some(&sort), "{outcome}: {field} of {ours}");
        }
        assert_eq!((&ours["reason"]["reasonCode"], &ours["severity"]), (&status.into(), &theirs["severity"]));
        assert_eq!((&ours["observer"], &ours["logSourceCRN"]), (&theirs["observer"], &theirs["logSourceCRN"]));
        assert_eq!(
            (&ours["dataEvent"], &ours["requestData"]["instanceID"]),
            (&true.into(), &theirs["requestData"]["instanceID"])
        );
    }
}

/// What vCenter said of its version when it tagged a key stands in the events that follow, of that client alone.
#[tokio::test]
async fn the_vsphere_version_is_told() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let version = |events: Vec<Json>| events.last().unwrap()["requestData"]["vsphereVersion"].clone();
    bench.done("Get Attributes", &unique(&key)).await;
    assert!(version(bench.journaled()).is_null());
    bench.done("Add Attribute", &(unique(&key) + &attribute("x-Product_Version", "\"7.0.3 build-1\""))).await;
    bench.done("Get Attributes", &unique(&key)).await;
    assert_eq!(version(bench.journaled()), "7.0.3 build-1");
    let other = bench.neighbour("other").await;
    bench.send(&other, &message(Version::V1_4, &[("Query", "Query Function: Query Objects")])).await;
    assert!(version(bench.journaled()).is_null());
}

/// A collector that never takes anything.
struct Down;

#[async_trait::async_trait]
impl store::journal::Witness for Down {
    async fn seen(&self) -> Result<(), store::Error> {
        Err(store::Error::Io("the collector is down".to_owned()))
    }
}

/// The answer does not leave, and still the keys are gone: whoever watches for that has to hear of it.
#[tokio::test]
async fn what_a_withheld_answer_destroyed_is_told() {
    let bench = Bench::new().await;
    let keys = [bench.key(&[]).await, bench.key(&[]).await];
    bench.journal.require(std::sync::Arc::new(Down));
    let payloads = keys.each_ref().map(|key| unique(key));
    let items = payloads.each_ref().map(|payload| ("Destroy", payload.as_str()));
    let reply = bench.send(&bench.client, &message(Version::V1_4, &items)).await;
    assert_eq!(reply.outcomes.iter().map(|each| each.reason).collect::<Vec<_>>(), [Some(ResultReason::GeneralFailure)]);
    assert!(reply.succeeded.is_empty());
    assert_eq!(reply.destroyed, 2);
    let again = bench.send(&bench.client, &message(Version::V1_4, &items)).await;
    assert_eq!(again.destroyed, 0, "they are gone already");
}
