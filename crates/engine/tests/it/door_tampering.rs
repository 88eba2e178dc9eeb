//! Records of doors, authorities and denied certificates that somebody else wrote admit nobody and weaken nothing.

use bytes::Bytes;
use engine::Engine;
use engine::origin::Origin;
use engine::registry::{Adapter, Client, Expired, Fingerprint, NewDoor, Standing};
use kmip::enums::ResultReason;
use kmip::{Tag, Value, Version};
use store::{Batch, Change, Expect, Kind, Record, Store};

use crate::ask::{answers, message_with, reason};
use crate::bench::{Bench, HOME};
use crate::credentials::{password, shown};
use crate::doors::{credential, demanding, names, plain, set};
use crate::standings::enter;
use crate::tampering::{damages, decoded, encoded, records, replace, with_body};

const CERTIFICATE: Kind = Kind(0x21);
const DOOR: Kind = Kind(0x22);

async fn door_of(bench: &Bench, adapter: &Adapter) -> Record {
    let id = adapter.id.into_bytes();
    records(bench, DOOR).await.into_iter().find(|record| record.key.id == id).unwrap()
}

async fn entry_of(bench: &Bench, fingerprint: &Fingerprint) -> Record {
    let id = fingerprint.id().into_bytes();
    records(bench, CERTIFICATE).await.into_iter().find(|record| record.key.id == id).unwrap()
}

/// What is done to a record's fields.
type Edit = Box<dyn Fn(&mut Vec<(Tag, Value)>)>;

/// A record with other fields under its old tag.
fn edited(record: &Record, edit: impl FnOnce(&mut Vec<(Tag, Value)>)) -> Record {
    let (entry, old_tag) = record.body.split_at(record.body.len() - 32);
    let (tag, mut fields) = decoded(entry);
    edit(&mut fields);
    with_body(record, [encoded((tag, fields)), old_tag.to_vec()].concat())
}

fn without(tags: &'static [u32]) -> impl Fn(&mut Vec<(Tag, Value)>) {
    move |fields| fields.retain(|(tag, _)| !tags.contains(&tag.0))
}

fn with(tag: u32, value: Value) -> impl Fn(&mut Vec<(Tag, Value)>) {
    move |fields| fields.iter_mut().find(|(found, _)| found.0 == tag).unwrap().1 = value.clone()
}

/// Why a client is refused by this engine, with the right credential and without one, whatever it asks for.
async fn refusals(bench: &Bench, engine: &Engine, client: &Client) -> Vec<Option<ResultReason>> {
    let mut reasons = Vec::new();
    for header in [String::new(), shown(&[password("vcenter", "right password")])] {
        for (operation, payload) in
            [("Discover Versions", ""), ("Query", "Query Function: Query Operations\n"), ("Locate", "")]
        {
            let origin = Origin::Client { client, address: HOME };
            let frame = message_with(Version::V1_4, &header, &[(operation, payload)]);
            let reply = engine.handle(&origin, &frame, bench.now()).await;
            reasons.push(reason(&answers(&reply.bytes, Version::V1_4).remove(0)));
        }
    }
    reasons
}

/// An engine that starts over the store as it is now: the adapter's door is shut, and opens for nobody.
async fn check_shut(bench: &Bench, what: &str) {
    let engine = bench.second_engine().await.expect("it starts all the same");
    let client = engine.registry().admit(&bench.client.fingerprint()).unwrap();
    let door = &client.adapter().door;
    assert!(door.is_damaged() && !door.shared && door.expired == Expired::Refused, "{what}: {door:?}");
    assert!(door.names.is_empty() && door.port.is_none() && door.user.is_none(), "{what}: {door:?}");
    assert!(!engine.registry().adapters_with_doors().iter().any(|adapter| adapter.id == client.adapter().id), "{what}");
    let refused = refusals(bench, &engine, &client).await;
    assert_eq!(refused, [Some(ResultReason::GeneralFailure); 6], "{what}");
}

fn full() -> NewDoor {
    let credential = credential("vcenter", b"right password");
    NewDoor { port: Some(5697), shared: false, expired: Expired::Refused, credential, ..names(&["kms"]) }
}

#[tokio::test]
async fn a_changed_door_opens_nothing() {
    let bench = Bench::new().await;
    set(&bench, bench.client.adapter(), full()).await.unwrap();
    let record = door_of(&bench, bench.client.adapter()).await;
    for (what, body) in damages(&record.body) {
        replace(&bench, &record, with_body(&record, body));
        check_shut(&bench, &what).await;
    }
    let edits: [(&str, Edit); 5] = [
        ("no credential", Box::new(without(&[0x54_2205, 0x54_2206]))),
        ("expired ones served", Box::new(with(0x54_2204, Value::Enumeration(1)))),
        ("on the shared port", Box::new(with(0x54_2203, Value::Boolean(true)))),
        ("another port", Box::new(with(0x54_2202, Value::Integer(22)))),
        ("another name", Box::new(with(0x54_2201, Value::TextString("api".into())))),
    ];
    for (what, edit) in edits {
        replace(&bench, &record, edited(&record, edit));
        check_shut(&bench, what).await;
    }
    replace(&bench, &record, Record::new(record.key, record.version + 1, record.body.clone()));
    check_shut(&bench, "a version that is yet to come").await;
    bench.store.heal();
    let engine = bench.second_engine().await.unwrap();
    let client = engine.registry().admit(&bench.client.fingerprint()).unwrap();
    let not_authenticated = Some(ResultReason::AuthenticationNotSuccessful);
    let expected = [not_authenticated, not_authenticated, not_authenticated, None, None, None];
    assert_eq!(refusals(&bench, &engine, &client).await, expected);
}

#[tokio::test]
async fn a_door_of_another_adapter_or_time_opens_nothing() {
    let bench = Bench::new().await;
    let neighbour = bench.neighbour("second").await;
    // The door that is to be brought in demands nothing.
    set(&bench, neighbour.adapter(), names(&["b"])).await.unwrap();
    set(&bench, bench.client.adapter(), plain()).await.unwrap();
    let (theirs, older) = (door_of(&bench, neighbour.adapter()).await, door_of(&bench, bench.client.adapter()).await);
    set(&bench, bench.client.adapter(), demanding("vcenter", "right password")).await.unwrap();
    let mine = door_of(&bench, bench.client.adapter()).await;
    replace(&bench, &mine, with_body(&mine, theirs.body.to_vec()));
    check_shut(&bench, "another adapter's").await;
    let id = Value::ByteString(bench.client.adapter().id.as_bytes().to_vec());
    replace(&bench, &mine, with_body(&mine, edited(&theirs, with(0x54_2001, id)).body.to_vec()));
    check_shut(&bench, "another adapter's, under this one's identifier").await;
    replace(&bench, &mine, with_body(&mine, older.body.to_vec()));
    check_shut(&bench, "an older one").await;
    let keep = NewDoor { credential: engine::registry::NewCredential::Keep, ..names(&["a"]) };
    let engine = bench.second_engine().await.unwrap();
    let by = crate::bench::by();
    let refused = engine.registry().set_door(bench.client.adapter(), keep, &by, bench.now()).await;
    assert!(matches!(refused, Err(engine::manage::Error::Door(engine::registry::Invalid::Keep))), "{refused:?}");
    // Set anew, it opens again, as far as it was told to.
    let new = demanding("vcenter", "right password");
    bench.store.heal();
    let set = engine.registry().set_door(bench.client.adapter(), new, &by, bench.now()).await.unwrap();
    assert!(!set.door.is_damaged() && set.door.shared);
    let client = engine.registry().admit(&bench.client.fingerprint()).unwrap();
    assert_eq!(refusals(&bench, &engine, &client).await[3..], [None; 3]);
}

/// Where there was no door, one that somebody writes opens none either.
#[tokio::test]
async fn nobody_opens_a_door_by_writing_to_the_store() {
    let bench = Bench::new().await;
    let neighbour = bench.neighbour("second").await;
    set(&bench, neighbour.adapter(), names(&["b"])).await.unwrap();
    let theirs = door_of(&bench, neighbour.adapter()).await;
    let adapter = bench.client.adapter();
    let id = Value::ByteString(adapter.id.as_bytes().to_vec());
    let body = edited(&theirs, with(0x54_2001, id)).body.to_vec();
    let key = store::Key { id: adapter.id.into_bytes(), ..theirs.key };
    let put = Change::Put { key, expect: Expect::Absent, body, terms: Vec::new() };
    bench.store.commit(Batch { changes: vec![put], events: Vec::new() }).await.unwrap();
    check_shut(&bench, "a door that was made up").await;
    let engine = bench.second_engine().await.unwrap();
    let neighbour = engine.registry().admit(&neighbour.fingerprint()).unwrap();
    assert_eq!(refusals(&bench, &engine, &neighbour).await, [None; 6], "nobody else is shut out");
}

/// Where the root key can't be used, no tag can be checked: what is written there opens nothing when the key is back either.
#[tokio::test]
async fn a_changed_door_that_could_not_be_checked_at_the_start_opens_nothing() {
    let bench = Bench::new().await;
    set(&bench, bench.client.adapter(), full()).await.unwrap();
    let record = door_of(&bench, bench.client.adapter()).await;
    replace(&bench, &record, edited(&record, without(&[0x54_2205, 0x54_2206])));
    bench.disable().await;
    let engine = bench.second_engine().await.unwrap();
    let client = engine.registry().admit(&bench.client.fingerprint()).unwrap();
    assert!(!client.adapter().door.is_damaged(), "nobody knows yet");
    assert_eq!(refusals(&bench, &engine, &client).await, [Some(ResultReason::PermissionDenied); 6]);
    bench.enable().await;
    let again = bench.second_engine().await.unwrap();
    let late = again.registry().admit(&bench.client.fingerprint()).unwrap();
    for (engine, client) in [(&bench.engine, client), (&again, late)] {
        assert_eq!(refusals(&bench, engine, &client).await, [Some(ResultReason::GeneralFailure); 6]);
    }
}

/// What becomes of a client whose entry says another thing than what this server wrote.
async fn check_refused(bench: &Bench, client: &Fingerprint, leaf: Fingerprint, what: &str) {
    let engine = bench.second_engine().await.expect("it starts all the same");
    let listed = engine.registry().admit(client).into_iter();
    let authorities = engine.registry().authorities();
    let vouched = authorities.iter().filter(|authority| authority.fingerprint() == *client);
    for client in listed.chain(vouched.map(|authority| authority.standing_for(leaf))) {
        let origin = Origin::Client { client: &client, address: HOME };
        let reply = engine.handle(&origin, &message_with(Version::V1_4, "", &[("Locate", "")]), bench.now()).await;
        let answer = answers(&reply.bytes, Version::V1_4).remove(0);
        assert_eq!(reason(&answer), Some(ResultReason::GeneralFailure), "{what}");
    }
}

#[tokio::test]
async fn a_changed_entry_vouches_for_nobody() {
    let bench = Bench::new().await;
    let adapter = bench.client.adapter();
    let neighbour = bench.neighbour("second").await;
    let leaf = Fingerprint::of(b"a leaf");
    let authority = enter(&bench, adapter, "authority", Standing::Authority(vec!["CN=a".into()])).await.unwrap();
    let listed = entry_of(&bench, &bench.client.fingerprint()).await;
    let record = entry_of(&bench, &authority.fingerprint).await;
    for (what, body) in damages(&record.body) {
        replace(&bench, &record, with_body(&record, body));
        check_refused(&bench, &authority.fingerprint, leaf, &what).await;
    }
    let other = Value::ByteString(neighbour.adapter().id.as_bytes().to_vec());
    let made_authority = |fields: &mut Vec<(Tag, Value)>| fields.push((Tag(0x54_2102), Value::Enumeration(1)));
    let cases: [(&str, &Record, Record); 5] = [
        ("any subject", &record, edited(&record, without(&[0x54_2103]))),
        ("another subject", &record, edited(&record, with(0x54_2103, Value::TextString("CN=b".into())))),
        ("listed instead", &record, edited(&record, without(&[0x54_2102, 0x54_2103]))),
        ("for another adapter", &record, edited(&record, with(0x54_2001, other))),
        ("an authority instead", &listed, edited(&listed, made_authority)),
    ];
    for (what, at, by) in cases {
        let id = if std::ptr::eq(at, &record) { authority.fingerprint } else { bench.client.fingerprint() };
        replace(&bench, at, by);
        check_refused(&bench, &id, leaf, what).await;
    }
    bench.store.heal();
}

/// Where the root key can't be used, no tag can be checked: that comes out when the key is back.
#[tokio::test]
async fn a_changed_entry_that_could_not_be_checked_at_the_start_vouches_for_nobody() {
    let bench = Bench::new().await;
    let standing = Standing::Authority(vec!["CN=a".into()]);
    let authority = enter(&bench, bench.client.adapter(), "authority", standing).await.unwrap();
    let record = entry_of(&bench, &authority.fingerprint).await;
    replace(&bench, &record, edited(&record, without(&[0x54_2103])));
    bench.disable().await;
    let engine = bench.second_engine().await.unwrap();
    let client = engine.registry().authorities()[0].standing_for(Fingerprint::of(b"a leaf"));
    bench.enable().await;
    let origin = Origin::Client { client: &client, address: HOME };
    let frame = message_with(Version::V1_4, "", &[("Locate", "")]);
    // The key manager of that engine read the root key's state before.
    let reply = bench.engine.handle(&origin, &frame, bench.now()).await;
    let answer = answers(&reply.bytes, Version::V1_4).remove(0);
    assert_eq!(reason(&answer), Some(ResultReason::GeneralFailure));
    let again = bench.second_engine().await.unwrap();
    assert!(again.registry().authorities().is_empty() && again.registry().is_denied(&authority.fingerprint));
}

/// A denied certificate stays so while there is anything where its entry was, or is served by nobody.
#[tokio::test]
async fn a_changed_entry_lets_no_denied_one_in() {
    let bench = Bench::new().await;
    let denied = enter(&bench, bench.client.adapter(), "denied", Standing::Denied).await.unwrap();
    let record = entry_of(&bench, &denied.fingerprint).await;
    let listed = entry_of(&bench, &bench.client.fingerprint()).await;
    let edits: Vec<(String, Record)> = damages(&record.body)
        .into_iter()
        .map(|(what, body)| (what, with_body(&record, body)))
        .chain([
            ("listed".to_owned(), edited(&record, without(&[0x54_2102]))),
            ("an authority".to_owned(), edited(&record, with(0x54_2102, Value::Enumeration(1)))),
            ("what is yet to come".to_owned(), edited(&record, with(0x54_2102, Value::Enumeration(3)))),
            ("another's".to_owned(), Record::new(record.key, 1, Bytes::from(listed.body.to_vec()))),
        ])
        .collect();
    for (what, by) in edits {
        replace(&bench, &record, by);
        let engine = bench.second_engine().await.unwrap();
        let registry = engine.registry();
        let refused_as_itself = registry.admit(&denied.fingerprint).is_some();
        assert!(registry.is_denied(&denied.fingerprint) || refused_as_itself, "{what}: no authority may vouch for it");
        check_refused(&bench, &denied.fingerprint, Fingerprint::of(b"a leaf"), &what).await;
    }
}

/// Nor does it matter what became of the adapter whose list it is on.
#[tokio::test]
async fn a_denied_one_stays_so_where_its_adapter_is_damaged() {
    let bench = Bench::new().await;
    let denied = enter(&bench, bench.client.adapter(), "denied", Standing::Denied).await.unwrap();
    let adapter = records(&bench, Kind(0x20)).await.remove(0);
    replace(&bench, &adapter, with_body(&adapter, b"rot".to_vec()));
    let engine = bench.second_engine().await.unwrap();
    assert!(engine.registry().adapters(bench.instance).is_empty());
    assert!(engine.registry().is_denied(&denied.fingerprint));
}
