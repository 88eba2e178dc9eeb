//! Records that an earlier version wrote are read as if nothing had happened of what it did not keep.

use engine::object::{History, Object};
use engine::registry::Standing;
use engine::standard_key::{Counts, Deletion, StandardKeyPage, Which};
use kmip::ttlv::{Decode, Encode, Item, Writer};
use kmip::{Timestamp, Version, tag};
use store::{Batch, Change, Expect, Key, Kind, Order, Space, Store};
use uuid::Uuid;

use crate::bench::{Bench, NOW};

/// Where a record stood, what it is, and its bytes without the tag at their end.
struct Old {
    what: &'static str,
    key: Key,
    body: Vec<u8>,
}

fn old() -> Vec<Old> {
    let lines = include_str!("../records/without-history.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(parse).collect()
}

fn parse(line: &'static str) -> Old {
    let [what, space, id, body] = *line.split(' ').collect::<Vec<_>>() else { panic!("{line}") };
    let uuid = |text: &str| Uuid::parse_str(text).unwrap().into_bytes();
    let space = if space == "0" { Space::INSTALLATION } else { Space(uuid(space)) };
    let kind = Kind(match what {
        "adapter" => 0x20,
        "certificate" => 0x21,
        _ => 0x30,
    });
    let body = (0..body.len()).step_by(2).map(|at| u8::from_str_radix(&body[at..at + 2], 16).unwrap());
    Old { what, key: Key { space, kind, id: uuid(id) }, body: body.collect() }
}

#[test]
fn an_old_object_is_read_and_written_as_it_was() {
    let old: Vec<Old> = old().into_iter().filter(|old| old.key.kind == Kind(0x30)).collect();
    assert_eq!(old.iter().map(|old| old.what).collect::<Vec<_>>(), ["destroyed", "opaque", "active"]);
    for Old { what, key, body } in old {
        let object = Object::decode(Item::parse(&body, Version::V1_4).unwrap()).unwrap();
        assert_eq!(object.id.0.into_bytes(), key.id);
        assert_eq!(object.history, History::default(), "{what}");
        assert_eq!((object.is_destroyed(), object.sealed.is_none()), (what == "destroyed", what == "destroyed"));
        let mut out = Writer::new(Version::V1_4, 0);
        object.encode(tag::SYMMETRIC_KEY, &mut out);
        assert_eq!(out.as_bytes(), body, "{what}");
    }
}

/// An engine over them. The adapter's root key is not here, so that this is also the list of an adapter whose root key is gone.
#[tokio::test]
async fn old_records_are_listed() {
    let bench = Bench::new().await;
    let changes = old().into_iter().map(|Old { what, key, body }| {
        let body = if what == "adapter" { body } else { [body, vec![0; 32]].concat() };
        Change::Put { key, expect: Expect::Absent, body, terms: Vec::new() }
    });
    bench.store.commit(Batch { changes: changes.collect(), events: Vec::new() }).await.unwrap();
    let engine = bench.second_engine().await.unwrap();
    let adapter = old().into_iter().find(|old| old.what == "adapter").unwrap();
    let client = old().into_iter().find(|old| old.what == "certificate").unwrap();
    let instance = Uuid::from_slice(&adapter.body[40..56]).unwrap();
    let adapter = engine.registry().adapter(instance, "default").unwrap();
    assert_eq!((adapter.updated_at, &adapter.updated_by), (None, &None));
    let listed = engine.registry().certificates(adapter.id);
    assert_eq!(listed.iter().map(|entry| entry.id().into_bytes()).collect::<Vec<_>>(), [client.key.id]);
    assert_eq!(listed[0].standing, Standing::Listed);
    assert!(adapter.door.shared && adapter.door.user.is_none() && !adapter.door.is_damaged());
    let page = StandardKeyPage { which: Which::All, order: Order::Id { after: None }, descending: false, limit: 10 };
    let keys = engine.standard_keys(instance, &page).await.unwrap();
    assert_eq!(keys.len(), 3);
    for (_, key) in keys {
        let old = old().into_iter().find(|old| old.key.id == key.id.into_bytes()).unwrap();
        let destroyed = old.what == "destroyed";
        let deletion = Deletion { at: Timestamp::from_seconds(NOW), by: String::new() };
        assert_eq!(key.deleted, destroyed.then_some(deletion), "{}", old.what);
        assert_eq!((key.erased, key.purged, key.verified), (destroyed, false, false));
        assert_eq!((key.created.seconds(), key.created_by.as_str(), key.updated), (NOW, "", None));
    }
    // What an index never knew is found by looking at all.
    for (which, expected) in [(Which::Live, vec!["opaque", "active"]), (Which::Deleted, vec!["destroyed"])] {
        let keys = engine.standard_keys(instance, &StandardKeyPage { which, ..page }).await.unwrap();
        let of = |id: Uuid| old().into_iter().find(|old| old.key.id == id.into_bytes()).unwrap().what;
        assert_eq!(keys.iter().map(|(_, key)| of(key.id)).collect::<Vec<_>>(), expected);
    }
    // It is not counted as gone, though; nothing else depends on it.
    let counts = engine.count_standard_keys(instance).await.unwrap();
    assert_eq!(counts, Counts { live: 3, deleted: 0 });
}
