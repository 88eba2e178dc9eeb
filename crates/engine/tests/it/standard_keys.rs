//! A KMIP object as a standard key: deleted, it is over KMIP like what never was; restored, it is what it was, byte for byte.

use std::sync::Arc;

use bytes::Bytes;
use engine::manage::Error;
use engine::registry::{Actor, Client};
use engine::standard_key::{Counts, Refusal, StandardKey, StandardKeyPage, Which};
use kmip::Version;
use kmip::enums::ResultReason;
use kmip::ttlv::{Decode, Item};
use kmip::{Value, tag};
use store::{Batch, Change, Expect, Kind, Order, Record, Store, Term};
use uuid::Uuid;

use crate::ask::{attribute, create, date, id, ids, material, message, named, opaque, reason, revoke, unique};
use crate::bench::{Bench, NOW, by};
use crate::isolation::{NOBODY, requests};

type Outcome = Result<StandardKey, Error>;

fn uuid(key: &str) -> Uuid {
    Uuid::parse_str(key).unwrap()
}

async fn delete(bench: &Bench, key: &str) -> Outcome {
    bench.engine.delete_standard_key(bench.instance, uuid(key), &by(), bench.now()).await
}

async fn restore(bench: &Bench, key: &str) -> Outcome {
    bench.engine.restore_standard_key(bench.instance, uuid(key), &by(), bench.now()).await
}

async fn purge(bench: &Bench, key: &str) -> Outcome {
    bench.engine.purge_standard_key(bench.instance, uuid(key), &by(), bench.now(), &[]).await
}

async fn shown(bench: &Bench, key: &str) -> Option<StandardKey> {
    bench.engine.standard_key(bench.instance, uuid(key)).await.unwrap()
}

async fn listed(bench: &Bench) -> Vec<StandardKey> {
    let page =
        StandardKeyPage { which: Which::All, order: Order::Made { after: None }, descending: false, limit: 1000 };
    let keys = bench.engine.standard_keys(bench.instance, &page).await.unwrap();
    keys.into_iter().map(|(_, key)| key).collect()
}

async fn counts(bench: &Bench) -> (u64, u64) {
    let Counts { live, deleted } = bench.engine.count_standard_keys(bench.instance).await.unwrap();
    (live, deleted)
}

async fn answer(bench: &Bench, client: &Client, version: Version, operation: &str, payload: &str) -> Vec<u8> {
    bench.send(client, &message(version, &[(operation, payload)])).await.bytes.to_vec()
}

/// A key in each state, with names and attributes to be found by, and an object that has no state.
async fn one_of_each(bench: &Bench) -> Vec<(&'static str, String)> {
    let key = async |name: &'static str| {
        let owned = [named(name), attribute("x-owner", "\"finance\""), attribute("Object Group", "\"g\"")];
        bench.key(&owned).await
    };
    let mut keys = Vec::new();
    for name in ["pre-active", "active", "deactivated", "compromised"] {
        keys.push((name, key(name).await));
    }
    bench.done("Activate", &unique(&keys[1].1)).await;
    bench.done("Activate", &unique(&keys[2].1)).await;
    bench.done("Revoke", &revoke(&keys[2].1, "Superseded")).await;
    bench.done("Revoke", &revoke(&keys[3].1, "Key Compromise")).await;
    keys.push(("opaque", id(&bench.done("Register", &opaque("00ff", &[named("opaque")])).await)));
    keys
}

/// What finds keys.
fn filters(name: &str, key: &str) -> Vec<String> {
    vec![
        String::new(),
        named(name),
        attribute("x-owner", "\"finance\""),
        attribute("Object Group", "\"g\""),
        attribute("Unique Identifier", &format!("\"{key}\"")),
        attribute("Object Type", "Symmetric Key"),
        attribute("State", "Active"),
        "Object Group Member: Group Member Fresh\n".to_owned(),
        "Maximum Items: 1\n".to_owned(),
    ]
}

/// Sees that a client hears of a key what it hears of one that never was, and changes nothing.
async fn is_like_nobody(bench: &Bench, what: &str, key: &str) {
    let before = bench.store.records().await;
    for version in Version::ALL {
        for ((operation, theirs), (_, nobodys)) in requests(key).into_iter().zip(requests(NOBODY)) {
            let theirs = answer(bench, &bench.client, version, operation, &theirs).await;
            let nobodys = answer(bench, &bench.client, version, operation, &nobodys).await;
            assert_eq!(theirs, nobodys, "{what}: {operation} in {version}");
        }
    }
    assert_eq!(bench.store.records().await, before, "{what}: something was changed");
}

#[tokio::test]
async fn a_deleted_key_is_like_one_that_never_was() {
    let bench = Bench::new().await;
    // An adapter that has nothing: what Locate answers there is what it must answer where all is deleted.
    let empty = bench.neighbour("empty").await;
    let keys = one_of_each(&bench).await;
    for (what, key) in &keys {
        assert!(bench.ask("Get", &unique(key)).await.is_ok(), "{what}");
        delete(&bench, key).await.unwrap();
        is_like_nobody(&bench, what, key).await;
    }
    for (what, key) in &keys {
        for filter in filters(what, key) {
            for version in Version::ALL {
                let found = answer(&bench, &bench.client, version, "Locate", &filter).await;
                assert_eq!(found, answer(&bench, &empty, version, "Locate", &filter).await, "{what}: {filter}");
            }
        }
    }
    // Nor is it there beside those that are, or for the rest of a batch.
    let live = bench.key(&[]).await;
    assert_eq!(ids(&bench.done("Locate", "").await), [live]);
    let answers =
        bench.batch(&[("Create", &create(&[named("first")])), ("Locate", &named("active")), ("Get", "")]).await;
    assert_eq!(reason(&answers[2]), Some(ResultReason::ItemNotFound), "{answers:?}");
}

#[tokio::test]
async fn a_purged_key_is_like_one_that_never_was() {
    let bench = Bench::new().await;
    for (what, key) in one_of_each(&bench).await {
        delete(&bench, &key).await.unwrap();
        purge(&bench, &key).await.unwrap();
        is_like_nobody(&bench, what, &key).await;
    }
    let destroyed = bench.key(&[named("destroyed")]).await;
    bench.done("Destroy", &unique(&destroyed)).await;
    purge(&bench, &destroyed).await.unwrap();
    is_like_nobody(&bench, "destroyed", &destroyed).await;
    assert!(ids(&bench.done("Locate", "").await).is_empty());
}

/// All that can be heard of a key.
async fn heard(bench: &Bench, name: &str, key: &str) -> Vec<Vec<u8>> {
    let mut heard = Vec::new();
    for version in Version::ALL {
        for operation in ["Get", "Get Attributes", "Get Attribute List", "Obtain Lease", "Check"] {
            heard.push(answer(bench, &bench.client, version, operation, &unique(key)).await);
        }
        for filter in filters(name, key) {
            heard.push(answer(bench, &bench.client, version, "Locate", &filter).await);
        }
    }
    heard
}

#[tokio::test]
async fn a_restored_key_is_what_it_was() {
    let bench = Bench::on_disk().await;
    let keys = one_of_each(&bench).await;
    let mut before = Vec::new();
    for (_, key) in &keys {
        bench.done("Get", &unique(key)).await;
    }
    for (what, key) in &keys {
        before.push((shown(&bench, key).await, heard(&bench, what, key).await));
    }
    for (what, key) in &keys {
        delete(&bench, key).await.unwrap();
        assert_eq!(reason(&bench.ask("Get", &unique(key)).await), Some(ResultReason::ItemNotFound), "{what}");
    }
    let bench = bench.restarted().await;
    for (_, key) in &keys {
        assert_eq!(reason(&bench.ask("Get", &unique(key)).await), Some(ResultReason::ItemNotFound));
        restore(&bench, key).await.unwrap();
    }
    for ((what, key), (shown_before, heard_before)) in keys.iter().zip(before) {
        assert_eq!(shown(&bench, key).await, shown_before, "{what}");
        assert!(heard(&bench, what, key).await == heard_before, "{what}");
    }
}

/// Dates that pass while a key is deleted take effect, as if it had been there.
#[tokio::test]
async fn time_passes_for_a_deleted_key_too() {
    let bench = Bench::new().await;
    let owned = [attribute("Activation Date", &date(NOW + 10)), attribute("Deactivation Date", &date(NOW + 20))];
    let (key, twin) = (bench.key(&owned).await, bench.key(&owned).await);
    delete(&bench, &key).await.unwrap();
    for _ in 0..3 {
        bench.pass(9);
        restore(&bench, &key).await.unwrap();
        let state = async |key: &str| bench.done("Get Attributes", &(unique(key) + "Attribute Name: \"State\"")).await;
        assert_eq!(state(&key).await.fields()[1], state(&twin).await.fields()[1]);
        delete(&bench, &key).await.unwrap();
    }
}

#[tokio::test]
async fn names_stay_taken_until_the_purge() {
    let bench = Bench::new().await;
    let wanted = create(&[named("name")]);
    let key = bench.key(&[named("name")]).await;
    let taken = answer(&bench, &bench.client, Version::V1_4, "Create", &wanted).await;
    delete(&bench, &key).await.unwrap();
    assert_eq!(answer(&bench, &bench.client, Version::V1_4, "Create", &wanted).await, taken);
    let other = bench.key(&[]).await;
    assert!(bench.ask("Add Attribute", &(unique(&other) + &named("name"))).await.is_err());
    restore(&bench, &key).await.unwrap();
    assert_eq!(ids(&bench.done("Locate", &named("name")).await), std::slice::from_ref(&key));
    delete(&bench, &key).await.unwrap();
    purge(&bench, &key).await.unwrap();
    let heir = id(&bench.done("Create", &wanted).await);
    assert_eq!(ids(&bench.done("Locate", &named("name")).await), [heir]);
}

async fn erase(bench: &Bench, key: &str) -> Outcome {
    bench.engine.erase_standard_key(bench.instance, uuid(key), &by(), bench.now()).await
}

/// The steps that each stage has, or why not: delete, restore, erase, purge.
#[tokio::test]
async fn each_stage_has_its_steps() {
    use Refusal::{Deleted, Erased, NotDeleted, Purged};
    let table: [(&str, [Option<Refusal>; 4]); 6] = [
        ("live", [None, Some(NotDeleted), Some(NotDeleted), Some(NotDeleted)]),
        ("deleted", [Some(Deleted), None, None, None]),
        ("destroyed", [Some(Deleted), None, None, None]),
        ("deleted, erased", [Some(Deleted), Some(Erased), Some(Erased), None]),
        ("destroyed, erased", [Some(Deleted), Some(Erased), Some(Erased), None]),
        ("purged", [Some(Purged), Some(Purged), Some(Purged), Some(Purged)]),
    ];
    let bench = Bench::new().await;
    for (stage, refusals) in table {
        for (step, refusal) in refusals.into_iter().enumerate() {
            let key = bench.key(&[]).await;
            if stage.starts_with("destroyed") {
                bench.done("Destroy", &unique(&key)).await;
            } else if stage != "live" {
                delete(&bench, &key).await.unwrap();
            }
            if stage == "purged" {
                purge(&bench, &key).await.unwrap();
            } else if stage.ends_with("erased") {
                erase(&bench, &key).await.unwrap();
            }
            let before = (shown(&bench, &key).await, bench.store.records().await);
            let outcome = match step {
                0 => delete(&bench, &key).await,
                1 => restore(&bench, &key).await,
                2 => erase(&bench, &key).await,
                _ => purge(&bench, &key).await,
            };
            match refusal {
                None => assert_eq!(shown(&bench, &key).await, Some(outcome.unwrap()), "{stage} {step}"),
                Some(refusal) => {
                    assert!(
                        matches!(&outcome, Err(Error::StandardKey(id, why)) if id.to_string() == key && *why == refusal)
                    );
                    assert_eq!((shown(&bench, &key).await, bench.store.records().await), before, "{stage} {step}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_known_of_a_standard_key() {
    let bench = Bench::new().await;
    let client = format!("CertificateID-{}", bench.client.certificate().fingerprint);
    let key = bench.key(&[]).await;
    let made = StandardKey {
        id: uuid(&key),
        adapter: bench.client.adapter().id,
        created: bench.now(),
        created_by: client.clone(),
        updated: None,
        deleted: None,
        erased: false,
        purged: false,
        verified: true,
    };
    assert_eq!(shown(&bench, &key).await.unwrap(), made);
    bench.material(&key).await;
    assert_eq!(shown(&bench, &key).await.unwrap(), made, "to be read is no change");
    bench.done("Activate", &unique(&key)).await;
    let changed = StandardKey { updated: Some(bench.now()), ..made.clone() };
    assert_eq!(shown(&bench, &key).await.unwrap(), changed, "within the same second too");
    bench.pass(5);
    let deletion = |at, by: &str| Some(engine::standard_key::Deletion { at, by: by.to_owned() });
    let deleted = StandardKey { deleted: deletion(bench.now(), "somebody"), ..changed.clone() };
    assert_eq!(delete(&bench, &key).await.unwrap(), deleted);
    bench.pass(5);
    assert_eq!(restore(&bench, &key).await.unwrap(), changed);
    bench.done("Revoke", &revoke(&key, "Superseded")).await;
    bench.done("Destroy", &unique(&key)).await;
    let destroyed = StandardKey { updated: Some(bench.now()), deleted: deletion(bench.now(), &client), ..made };
    assert_eq!(shown(&bench, &key).await.unwrap(), destroyed);
    bench.pass(5);
    assert_eq!(purge(&bench, &key).await.unwrap(), StandardKey { erased: true, purged: true, ..destroyed });
}

#[tokio::test]
async fn what_never_was_or_is_anothers_is_not_found() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let elsewhere = bench.stranger(Some("other tenant"), "other").await.adapter().instance;
    for (instance, key) in [(bench.instance, NOBODY), (elsewhere, key.as_str()), (Uuid::nil(), key.as_str())] {
        let (engine, id, now) = (&bench.engine, uuid(key), bench.now());
        assert_eq!(engine.standard_key(instance, id).await.unwrap(), None);
        assert_eq!(engine.sealed_material(instance, id).await.unwrap(), None);
        for outcome in [
            engine.delete_standard_key(instance, id, &by(), now).await,
            engine.restore_standard_key(instance, id, &by(), now).await,
            engine.erase_standard_key(instance, id, &by(), now).await,
            engine.purge_standard_key(instance, id, &by(), now, &[]).await,
        ] {
            assert!(matches!(outcome, Err(Error::NotFound("key"))), "{outcome:?}");
        }
    }
    assert_eq!(counts(&bench).await, (1, 0));
}

async fn record(bench: &Bench, kind: u8, key: &str) -> Option<Record> {
    let at = |record: &Record| record.key.kind == Kind(kind) && record.key.id == uuid(key).into_bytes();
    bench.store.records().await.into_iter().find(at)
}

/// The field of an object's record that holds its sealed material.
fn sealed(record: &Record) -> Option<Vec<u8>> {
    let item = Item::parse(&record.body[..record.body.len() - 32], Version::V1_4).unwrap();
    match Value::decode(item).unwrap().field(tag::KEY_MATERIAL) {
        Some(Value::ByteString(bytes)) => Some(bytes.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn material_is_given_sealed() {
    let bench = Bench::new().await;
    let key = bench.key(&[named("a name of its own")]).await;
    let given = async || bench.engine.sealed_material(bench.instance, uuid(&key)).await.unwrap();
    let plain = bench.material(&key).await;
    let at_rest = sealed(&record(&bench, 0x30, &key).await.unwrap());
    assert!(at_rest.is_some() && given().await == at_rest);
    assert!(!given().await.unwrap().windows(8).any(|part| plain.windows(8).any(|other| part == other)));
    delete(&bench, &key).await.unwrap();
    assert_eq!(given().await, at_rest, "what is deleted only is still there");
    purge(&bench, &key).await.unwrap();
    assert_eq!(given().await, None);
    assert!(record(&bench, 0x30, &key).await.is_none());
    let tombstone = record(&bench, 0x32, &key).await.unwrap();
    assert_eq!(sealed(&tombstone), None);
    let digest = wrap::primitive::digest(&[&plain]);
    for part in [&digest[..], b"a name of its own"].into_iter().chain(at_rest.unwrap().chunks_exact(16)) {
        let left = bench.store.records().await;
        let has = |record: &Record| record.body.windows(part.len()).any(|bytes| bytes == part);
        assert!(!left.iter().any(has), "nothing of it is left");
    }
}

/// Without the root key, keys are listed and given sealed as before, and marked; nothing can be changed.
#[tokio::test]
async fn a_root_key_that_can_t_be_used_hides_nothing() {
    let bench = Bench::new().await;
    let other = bench.stranger(None, "other").await;
    let (one, two) = (bench.key(&[]).await, bench.key(&[]).await);
    let theirs = id(&bench.ask_as(&other, Version::V1_4, "Create", &create(&[])).await.unwrap());
    delete(&bench, &two).await.unwrap();
    let (before, counted) = (listed(&bench).await, counts(&bench).await);
    let material = bench.engine.sealed_material(bench.instance, uuid(&one)).await.unwrap();
    let marked: Vec<StandardKey> =
        before.iter().map(|key| StandardKey { verified: key.id == uuid(&theirs), ..key.clone() }).collect();
    for way in ["disabled", "deleted"] {
        if way == "disabled" {
            bench.disable().await
        } else {
            bench.delete().await
        }
        assert_eq!((listed(&bench).await, counts(&bench).await), (marked.clone(), counted), "{way}");
        assert_eq!(shown(&bench, &one).await.as_ref(), Some(&marked[0]), "{way}");
        assert_eq!(bench.engine.sealed_material(bench.instance, uuid(&one)).await.unwrap(), material, "{way}");
        for outcome in [delete(&bench, &one).await, restore(&bench, &two).await, purge(&bench, &two).await] {
            assert!(matches!(outcome, Err(Error::Refused(engine::error::Refusal::RootKey))), "{way}: {outcome:?}");
        }
        assert!(delete(&bench, &theirs).await.is_ok() && restore(&bench, &theirs).await.is_ok(), "{way}");
        if way == "disabled" {
            bench.enable().await
        } else {
            bench.restore().await
        }
        assert_eq!(listed(&bench).await, before, "{way}");
    }
}

/// A record that was changed by somebody else is never shown as one that this server wrote, and never keeps the others from being
/// listed.
#[tokio::test]
async fn a_damaged_record_hides_no_other() {
    let bench = Bench::new().await;
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(bench.key(&[]).await);
    }
    let before = listed(&bench).await;
    let damaged = record(&bench, 0x30, &keys[1]).await.unwrap();
    let flipped = |at: usize| {
        let mut body = damaged.body.to_vec();
        body[at] ^= 0x41;
        body
    };
    let bodies = (0..damaged.body.len()).step_by(3).map(flipped);
    let lengths = (0..damaged.body.len()).step_by(50).map(|length| damaged.body[..length].to_vec());
    let mut shown_unverified = 0;
    for body in bodies.chain(lengths) {
        let by = Record::new(damaged.key, damaged.version, Bytes::from(body));
        let key = damaged.key;
        bench.store.alter(move |record| Some(if record.key == key { by.clone() } else { record }));
        let now = listed(&bench).await;
        assert_eq!((&now[0], now.last()), (&before[0], before.last()));
        assert!(now.iter().skip(1).rev().skip(1).all(|key| !key.verified));
        shown_unverified += now.len() - 2;
        let alone = bench.engine.standard_key(bench.instance, uuid(&keys[1])).await;
        assert_eq!(alone.is_ok_and(|key| key.is_some_and(|key| !key.verified)), now.len() == 3);
        assert!(bench.engine.sealed_material(bench.instance, uuid(&keys[1])).await.is_err());
        assert!(matches!(delete(&bench, &keys[1]).await, Err(Error::Failed(_))));
        // A page is short only where nothing follows, also when it has to pass over something.
        let page =
            StandardKeyPage { which: Which::All, order: Order::Made { after: None }, descending: false, limit: 2 };
        assert_eq!(bench.engine.standard_keys(bench.instance, &page).await.unwrap().len(), 2);
    }
    assert!(shown_unverified > 10, "what can be read is shown");
}

/// An index is written without a tag: what it says is held against the record, and what it says twice is shown once.
#[tokio::test]
async fn an_index_that_is_wrong_shows_nothing_twice_and_nothing_that_is_not_asked_for() {
    let bench = Bench::new().await;
    let (live, gone) = (bench.key(&[]).await, bench.key(&[]).await);
    delete(&bench, &gone).await.unwrap();
    for key in [&live, &gone] {
        let Record { key, version, body, .. } = record(&bench, 0x30, key).await.unwrap();
        let terms = vec![Term(*b"keystead deleted"), Term(*b"keystead destroy")];
        let change = Change::Put { key, expect: Expect::Version(version), body: body.to_vec(), terms };
        bench.store.commit(Batch { changes: vec![change], events: Vec::new() }).await.unwrap();
    }
    for (which, expected) in [(Which::Live, live), (Which::Deleted, gone)] {
        for order in [Order::Id { after: None }, Order::Made { after: None }] {
            let page = StandardKeyPage { which, order, descending: false, limit: 10 };
            let keys = bench.engine.standard_keys(bench.instance, &page).await.unwrap();
            assert_eq!(keys.iter().map(|(_, key)| key.id).collect::<Vec<_>>(), [uuid(&expected)], "{page:?}");
        }
    }
}

/// Whoever writes to the store brings no deleted key back: neither the record of before the deletion, nor the deletion taken out.
#[tokio::test]
async fn a_deletion_can_t_be_edited_away() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    bench.material(&key).await;
    let live = record(&bench, 0x30, &key).await.unwrap();
    delete(&bench, &key).await.unwrap();
    let deleted = record(&bench, 0x30, &key).await.unwrap();
    let forged = Record::new(deleted.key, deleted.version, live.body.clone());
    bench.store.alter(move |record| Some(if record.key == forged.key { forged.clone() } else { record }));
    assert_eq!(reason(&bench.ask("Get", &unique(&key)).await), Some(ResultReason::GeneralFailure));
    // A tombstone is none of the records that KMIP reads.
    bench.store.heal();
    purge(&bench, &key).await.unwrap();
    let tombstone = record(&bench, 0x32, &key).await.unwrap();
    assert_ne!((tombstone.key, &tombstone.body), (live.key, &live.body));
}

#[tokio::test]
async fn each_step_has_its_event() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let actor = Actor {
        id: "iam-ServiceId-1".to_owned(),
        address: Some("2001:db8::9".parse().unwrap()),
        correlation: Some("c-1".to_owned()),
    };
    let seen = bench.committed().await.len();
    let (engine, instance, id, now) = (&bench.engine, bench.instance, uuid(&key), bench.now());
    engine.delete_standard_key(instance, id, &actor, now).await.unwrap();
    engine.restore_standard_key(instance, id, &actor, now).await.unwrap();
    engine.delete_standard_key(instance, id, &actor, now).await.unwrap();
    engine.purge_standard_key(instance, id, &actor, now, &[]).await.unwrap();
    let events = bench.committed().await.split_off(seen);
    let actions: Vec<&str> = events.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["kms.secrets.delete", "kms.secrets.restore", "kms.secrets.delete", "kms.secrets.purge"]);
    for event in events {
        let action = event["action"].as_str().unwrap();
        let severity = match action {
            "kms.secrets.delete" => "critical",
            "kms.secrets.restore" => "warning",
            _ => "normal",
        };
        let crn = format!("crn:v1:bluemix:public:kms:local:a/local:{instance}:");
        let adapter = bench.client.adapter().id;
        let expected = serde_json::json!({
            "eventTime": "2026-01-02T03:04:05Z",
            "action": action,
            "outcome": "success",
            "message": format!("Keystead: {} secrets", action.rsplit('.').next().unwrap()),
            "severity": severity,
            "initiator": {
                "id": "iam-ServiceId-1",
                "typeURI": "service/security/account/serviceid",
                "host": { "address": "2001:db8::9" },
            },
            "target": {
                "id": format!("{crn}key:{key}"),
                "name": "",
                "typeURI": "kms/secrets",
                "adapter": adapter,
                "instance": instance,
            },
            "observer": { "name": "Keystead" },
            "reason": { "reasonCode": 200, "reasonType": "OK" },
            "requestData": { "instanceID": instance, "adapterID": adapter },
            "correlationId": "c-1",
            "dataEvent": true,
            "logSourceCRN": format!("{crn}:"),
        });
        assert_eq!(event, expected);
    }
}

/// A commit that is overtaken is tried again; one that fails has changed nothing.
#[tokio::test]
async fn steps_are_whole_or_not_at_all() {
    let bench = Bench::new().await;
    let key = bench.key(&[named("name")]).await;
    let mut left = 5;
    bench.store.fail(move |batch| {
        let Change::Put { key, .. } = batch.changes.first()? else { return None };
        left -= i32::from(left > 0);
        (left > 0).then_some(store::Error::Conflict(*key))
    });
    delete(&bench, &key).await.unwrap();
    bench.store.fail(|_| Some(store::Error::Full("the disk".into())));
    let before = bench.store.records().await;
    for outcome in [restore(&bench, &key).await, purge(&bench, &key).await] {
        assert!(matches!(outcome, Err(Error::Failed(_))), "{outcome:?}");
    }
    assert_eq!(bench.store.records().await, before);
    bench.store.heal();
    assert!(restore(&bench, &key).await.is_ok());
}

/// While clients change and read a key without a pause, it is deleted and restored: no answer gives it once the deletion has returned.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_key_is_given_after_its_deletion() {
    let bench = Arc::new(Bench::new().await);
    let key = bench.key(&[]).await;
    let bytes = bench.material(&key).await;
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let busy = tokio::spawn({
        let (bench, key, over) = (Arc::clone(&bench), key.clone(), Arc::clone(&over));
        async move {
            let mut number = 0;
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                number += 1;
                let more = unique(&key) + &attribute("x-more", &(number % 200).to_string());
                let _ = bench.ask("Add Attribute", &more).await;
                tokio::task::yield_now().await;
            }
        }
    });
    for _ in 0..50 {
        delete(&bench, &key).await.unwrap();
        for _ in 0..5 {
            assert_eq!(reason(&bench.ask("Get", &unique(&key)).await), Some(ResultReason::ItemNotFound));
            tokio::task::yield_now().await;
        }
        restore(&bench, &key).await.unwrap();
        assert_eq!(material(&bench.done("Get", &unique(&key)).await), Some(bytes.clone()));
    }
    over.store(true, std::sync::atomic::Ordering::SeqCst);
    busy.await.unwrap();
}

/// In a restored store a key is buried in whichever state it is, and whether or not its root key can be used. Nothing of it is left, and
/// its names are free.
#[tokio::test]
async fn a_key_is_buried_without_its_root_key() {
    for disabled in [false, true] {
        for deleted in [false, true] {
            let bench = Bench::new().await;
            let before = bench.store.records().await;
            let key = bench.key(&[named("buried")]).await;
            bench.material(&key).await;
            if deleted {
                delete(&bench, &key).await.unwrap();
            }
            if disabled {
                bench.disable().await;
                assert!(purge(&bench, &key).await.is_err());
            }
            let place = store::Key { space: store::Space([9; 16]), kind: Kind(0x40), id: [9; 16] };
            let also = Change::Put { key: place, expect: Expect::Absent, body: vec![9], terms: Vec::new() };
            let bury = async |also: &[Change]| {
                bench.engine.bury_standard_key(bench.instance, uuid(&key), &by(), bench.now(), also).await
            };
            // All of it or nothing.
            let conflict = Change::Delete { key: place, version: 7 };
            assert!(bury(&[conflict]).await.is_err() && shown(&bench, &key).await.is_some());
            bury(&[also]).await.unwrap();
            assert!(shown(&bench, &key).await.is_none() && bench.store.get(&place).await.unwrap().is_some());
            assert!(matches!(bury(&[]).await, Err(Error::NotFound("key"))));
            assert_eq!(bench.store.records().await.len(), before.len() + 1, "what went into the batch");
            if disabled {
                bench.enable().await;
            }
            bench.key(&[named("buried")]).await;
        }
    }
}
