//! Requests that are wrong in one place: cut short, of the wrong type, with a field missing or too many. Each is answered in order, is
//! refused for what is wrong with it, and changes nothing.

use kmip::enums::ResultReason;
use kmip::ttlv::{Decode, Encode, Item, ItemType, Mark, Writer};
use kmip::{DateTime, Interval, Tag, Value, Version, tag};

use crate::ask::{
    Answer, answers, attribute, attributes, create, message, message_with, named, reason, register, revoke, unique,
};
use crate::bench::Bench;

/// Every operation's request with every field that it has, about a key.
fn requests(key: &str) -> Vec<(&'static str, String)> {
    let with_index = "Attribute\n  Attribute Name: \"x-there\"\n  Attribute Index: 0\n  Attribute Value: \"new\"\n";
    vec![
        ("Create", create(&[named("created"), attribute("x-a", "\"b\"")])),
        ("Register", register("000102030405060708090a0b0c0d0e0f", &[named("registered")])),
        (
            "Re-key",
            unique(key)
                + "Offset: 5 s\nTemplate-Attribute\n  Attribute\n    Attribute Name: \"Object Group\"\n    Attribute Value: \"g\"\n",
        ),
        (
            "Locate",
            format!(
                "Maximum Items: 5\nOffset Items: 1\nStorage Status Mask: 1\nObject Group Member: Group Member Fresh\n{}",
                attribute("Object Group", "\"g\"")
            ),
        ),
        ("Check", unique(key) + "Usage Limits Count: Long Integer 1\nCryptographic Usage Mask: 4\nLease Time: 1 s\n"),
        ("Get", unique(key) + "Key Format Type: Raw\nKey Wrap Type: Not Wrapped\n"),
        ("Get Attributes", unique(key) + "Attribute Name: \"State\"\nAttribute Name: \"x-there\"\n"),
        ("Get Attribute List", unique(key)),
        ("Add Attribute", unique(key) + &attribute("Object Group", "\"g\"")),
        ("Modify Attribute", unique(key) + with_index),
        ("Delete Attribute", unique(key) + "Attribute Name: \"x-there\"\nAttribute Index: 0\n"),
        ("Obtain Lease", unique(key)),
        ("Get Usage Allocation", unique(key) + "Usage Limits Count: Long Integer 1\n"),
        ("Activate", unique(key)),
        (
            "Revoke",
            revoke(key, "Key Compromise")
                + "  Revocation Message: \"lost\"\nCompromise Occurrence Date: 2026-01-01T00:00:00Z\n",
        ),
        ("Destroy", unique(key)),
        ("Query", "Query Function: Query Operations\nQuery Function: Query Server Information\n".to_owned()),
        (
            "Discover Versions",
            "Protocol Version\n  Protocol Version Major: 1\n  Protocol Version Minor: 4\n".to_owned(),
        ),
    ]
}

/// The messages of these requests, with what a header and an item can have besides.
fn messages(key: &str) -> Vec<(&'static str, Value)> {
    let header = "Maximum Response Size: 100000\nClient Correlation Value: \"c\"\nAsynchronous Indicator: false\nAuthentication\n  \
         Credential\n    Credential Type: Username and Password\n    Credential Value\n      Username: \"u\"\n      Password: \"p\"\n\
         Batch Error Continuation Option: Stop\nBatch Order Option: true\nTime Stamp: 2026-01-01T00:00:00Z";
    let whole =
        |operation, payload: String| (operation, value(&message_with(Version::V1_4, header, &[(operation, &payload)])));
    requests(key).into_iter().map(|(operation, payload)| whole(operation, payload)).collect()
}

fn value(frame: &[u8]) -> Value {
    Value::decode(Item::parse(frame, Version::V1_4).unwrap()).unwrap()
}

fn frame(message: &Value) -> Vec<u8> {
    let mut out = Writer::new(Version::V1_4, 512);
    message.encode(tag::REQUEST_MESSAGE, &mut out);
    out.as_bytes().to_vec()
}

async fn target(bench: &Bench) -> String {
    bench.key(&[attribute("x-there", "\"old\"")]).await
}

/// Sends a frame whose answer must be in order, and which must change nothing when it is refused.
async fn check(bench: &Bench, frame: &[u8], what: &str) -> Answer {
    let before = bench.store.records().await;
    let reply = bench.send(&bench.client, frame).await;
    assert!(!reply.close, "{what}");
    let mut answers = answers(&reply.bytes, Version::V1_4);
    assert_eq!(answers.len(), 1, "{what}");
    let answer = answers.remove(0);
    assert!(answer.is_ok() || bench.store.records().await == before, "{what} was refused and changed something");
    assert_ne!(reason(&answer), Some(ResultReason::GeneralFailure), "{what}");
    answer
}

#[tokio::test]
async fn the_requests_themselves_are_in_order() {
    let bench = Bench::new().await;
    for (operation, _) in requests("") {
        let key = target(&bench).await;
        let (_, message) = messages(&key).into_iter().find(|(other, _)| *other == operation).unwrap();
        let answer = check(&bench, &frame(&message), operation).await;
        let limits = operation == "Get Usage Allocation";
        assert_eq!(reason(&answer), limits.then_some(ResultReason::IllegalOperation), "{operation}");
    }
}

#[tokio::test]
async fn what_is_cut_short_is_refused() {
    let bench = Bench::new().await;
    let key = target(&bench).await;
    for (operation, message) in messages(&key) {
        let frame = frame(&message);
        for length in 0..frame.len() {
            let answer = check(&bench, &frame[..length], &format!("{length} bytes of {operation}")).await;
            assert_eq!(reason(&answer), Some(ResultReason::InvalidMessage));
        }
    }
}

/// One byte less, wherever the lengths say so: the structures end where they should not.
#[tokio::test]
async fn lengths_that_lie_are_refused() {
    let bench = Bench::new().await;
    let key = target(&bench).await;
    for (operation, message) in messages(&key) {
        let whole = frame(&message);
        for place in lengths(&whole) {
            for wrong in [0, 1, 7, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF_u32] {
                let mut frame = whole.clone();
                let right = u32::from_be_bytes(frame[place..place + 4].try_into().unwrap());
                for length in [wrong, right.wrapping_add(wrong), right.wrapping_sub(wrong)] {
                    if length == right {
                        continue;
                    }
                    frame[place..place + 4].copy_from_slice(&length.to_be_bytes());
                    let what = format!("{operation}: length {length} for {right} at {place}");
                    let answer = check(&bench, &frame, &what).await;
                    assert!(answer.is_err() || text_may_be_so(&whole, place), "{what}");
                }
            }
        }
    }
}

/// Where the lengths stand in a frame.
fn lengths(frame: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < frame.len() {
        places.push(at + 4);
        let length = u32::from_be_bytes(frame[at + 4..at + 8].try_into().unwrap()) as usize;
        let structure = frame[at + 3] == ItemType::Structure as u8;
        at += 8 + if structure { 0 } else { length.next_multiple_of(8) };
    }
    places
}

/// A text or a byte string may be shorter within its padding and still be one; so may what stands in no structure's way.
fn text_may_be_so(frame: &[u8], place: usize) -> bool {
    [ItemType::TextString as u8, ItemType::ByteString as u8].contains(&frame[place - 1])
}

fn sample(kind: ItemType) -> Value {
    match kind {
        ItemType::Structure => Value::Structure(Vec::new()),
        ItemType::Integer => Value::Integer(1),
        ItemType::LongInteger => Value::LongInteger(1),
        ItemType::BigInteger => Value::BigInteger(vec![1; 8]),
        ItemType::Enumeration => Value::Enumeration(1),
        ItemType::Boolean => Value::Boolean(true),
        ItemType::TextString => Value::TextString("1".to_owned()),
        ItemType::ByteString => Value::ByteString(vec![1]),
        ItemType::DateTime => Value::DateTime(DateTime(1)),
        ItemType::Interval => Value::Interval(Interval(1)),
    }
}

/// The way to every item below one: the indices of the fields.
fn ways(value: &Value) -> Vec<Vec<usize>> {
    let below = value.fields().iter().enumerate().flat_map(|(index, (_, field))| {
        let deeper = ways(field).into_iter().map(move |way| [vec![index], way].concat());
        std::iter::once(vec![index]).chain(deeper).collect::<Vec<_>>()
    });
    below.collect()
}

fn fields<'v>(value: &'v mut Value, way: &[usize]) -> &'v mut Vec<(Tag, Value)> {
    let Value::Structure(here) = value else { panic!("no structure") };
    if way.len() == 1 { here } else { fields(&mut here[way[0]].1, &way[1..]) }
}

/// Whether an item may be of any type: the value of a custom attribute, and whatever Locate compares with.
fn any_type(message: &Value, way: &[usize]) -> bool {
    let mut message = message.clone();
    let siblings = fields(&mut message, way);
    let (tag, _) = siblings[way[way.len() - 1]];
    let custom = siblings.iter().any(|(_, value)| value.as_text().is_some_and(|text| text.starts_with("x-")));
    tag == tag::ATTRIBUTE_VALUE && custom
}

#[tokio::test]
async fn what_has_the_wrong_type_is_refused() {
    let bench = Bench::new().await;
    let key = target(&bench).await;
    let mut refused = 0;
    for (operation, message) in messages(&key) {
        for way in ways(&message) {
            let here = fields(&mut message.clone(), &way)[way[way.len() - 1]].clone();
            for kind in ItemType::ALL.into_iter().filter(|kind| *kind != here.1.kind()) {
                let mut wrong = message.clone();
                fields(&mut wrong, &way)[way[way.len() - 1]].1 = sample(kind);
                if any_type(&wrong, &way) || (operation == "Locate" && here.0 == tag::ATTRIBUTE_VALUE) {
                    continue;
                }
                let what = format!("{operation}: {} as {kind:?}", here.0);
                let answer = check(&bench, &frame(&wrong), &what).await;
                let expected = match (here.0, kind) {
                    (tag::KEY_VALUE, ItemType::ByteString) => ResultReason::FeatureNotSupported,
                    (tag::KEY_MATERIAL, ItemType::Structure) => ResultReason::MissingData,
                    _ if in_payload(&message, &way) => ResultReason::InvalidField,
                    _ => ResultReason::InvalidMessage,
                };
                assert_eq!(reason(&answer), Some(expected), "{what}: {answer:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 3000, "{refused}");
}

/// Whether an item is within a payload.
fn in_payload(message: &Value, way: &[usize]) -> bool {
    let [item, payload, _, ..] = way else { return false };
    message.fields()[*item].1.fields()[*payload].0 == tag::REQUEST_PAYLOAD
}

/// Without a field, with one twice, and with one that nobody knows: done or refused, in order either way.
#[tokio::test]
async fn what_has_too_few_or_too_many_fields_is_answered_in_order() {
    let bench = Bench::new().await;
    let names = requests("").into_iter().map(|(operation, _)| operation);
    for (number, operation) in names.enumerate() {
        let mut key = target(&bench).await;
        for way in ways(&messages(&key)[number].1) {
            for change in ["without", "twice", "unknown"] {
                let mut message = messages(&key).remove(number).1;
                let siblings = fields(&mut message, &way);
                let index = way[way.len() - 1];
                let here = siblings[index].clone();
                match change {
                    "without" => drop(siblings.remove(index)),
                    "twice" => siblings.insert(index, here.clone()),
                    _ => siblings.insert(index, (Tag(0x54_1234), Value::Integer(1))),
                }
                let what = format!("{operation}: {} {change}", here.0);
                let answer = check(&bench, &frame(&message), &what).await;
                assert!(change != "unknown" || answer.is_err() || names_nothing(&message, &way), "{what}");
                if answer.is_ok() {
                    key = target(&bench).await;
                }
            }
        }
    }
}

/// Whether a field that nobody knows may stand there: in a custom attribute's value, and in what Locate compares with.
fn names_nothing(message: &Value, way: &[usize]) -> bool {
    let mut parent = message;
    let mut last = tag::REQUEST_MESSAGE;
    for index in &way[..way.len() - 1] {
        last = parent.fields()[*index].0;
        parent = &parent.fields()[*index].1;
    }
    last == tag::ATTRIBUTE_VALUE
}

/// Opens so many structures in one another.
fn nest(out: &mut Writer, depth: usize) -> Vec<Mark> {
    (0..depth).map(|_| out.open(Tag(0x54_0001))).collect()
}

/// Closes structures, the last one first.
fn closed(mut out: Writer, marks: Vec<Mark>) -> Vec<u8> {
    marks.into_iter().rev().for_each(|mark| out.close(mark));
    out.as_bytes().to_vec()
}

/// A request that adds a custom attribute whose value is so many structures in one another.
fn with_depth(key: &str, depth: usize) -> Vec<u8> {
    let flat = value(&message(Version::V1_4, &[("Add Attribute", "")]));
    let mut out = Writer::new(Version::V1_4, 512);
    let mut marks = vec![out.open(tag::REQUEST_MESSAGE)];
    flat.fields()[0].1.encode(tag::REQUEST_HEADER, &mut out);
    marks.push(out.open(tag::BATCH_ITEM));
    flat.fields()[1].1.fields()[0].1.encode(tag::OPERATION, &mut out);
    marks.push(out.open(tag::REQUEST_PAYLOAD));
    out.text(tag::UNIQUE_IDENTIFIER, key);
    marks.push(out.open(tag::ATTRIBUTE));
    out.text(tag::ATTRIBUTE_NAME, "x-deep");
    marks.push(out.open(tag::ATTRIBUTE_VALUE));
    marks.extend(nest(&mut out, depth - 1));
    closed(out, marks)
}

#[tokio::test]
async fn what_is_nested_too_deep_is_refused() {
    let bench = Bench::new().await;
    let key = target(&bench).await;
    let mut deepest = 0;
    for depth in (1..40).chain([10_000]) {
        let answer = check(&bench, &with_depth(&key, depth), &format!("{depth} deep")).await;
        deepest = if answer.is_ok() { depth } else { deepest };
        assert!(answer.is_ok() || reason(&answer) == Some(ResultReason::InvalidMessage), "{answer:?}");
    }
    assert!((20..32).contains(&deepest), "{deepest}");
    let there = bench.done("Get Attributes", &(unique(&key) + "Attribute Name: \"x-deep\"")).await;
    assert_eq!(attributes(&there).len(), deepest, "what was taken can be read");
    let mut out = Writer::new(Version::V1_4, 512);
    let marks = nest(&mut out, 10_000);
    let answer = check(&bench, &closed(out, marks), "10,000 deep and nothing else").await;
    assert_eq!(reason(&answer), Some(ResultReason::InvalidMessage));
}

/// An item that fails is its own matter: the others of its message and of its connection are done.
#[tokio::test]
async fn each_item_fails_alone() {
    let bench = Bench::new().await;
    let key = target(&bench).await;
    let wrong: Vec<(&str, String)> = vec![
        ("Get", "Unique Identifier: 1\n".to_owned()),
        ("Get", unique("nobody")),
        ("Create", "Object Type: Certificate\n".to_owned()),
        ("Encrypt", unique(&key)),
        ("Enumeration 0x000000ff", String::new()),
        ("Revoke", unique(&key)),
    ];
    let mut items = vec![("Get Attributes", unique(&key))];
    wrong.into_iter().for_each(|wrong| items.extend([wrong, ("Get Attributes", unique(&key))]));
    let items: Vec<(&str, &str)> = items.iter().map(|(operation, payload)| (*operation, payload.as_str())).collect();
    let frame = message_with(Version::V1_4, "Batch Error Continuation Option: Continue", &items);
    let reply = bench.send(&bench.client, &frame).await;
    let done: Vec<bool> = answers(&reply.bytes, Version::V1_4).iter().map(Answer::is_ok).collect();
    assert_eq!(done, (0..13).map(|number| number % 2 == 0).collect::<Vec<_>>());
    assert!(!reply.close);
}

/// Work that grows with the square of what is asked for must not be asked for in thousands.
#[tokio::test]
async fn a_request_has_512_names_and_no_more() {
    let bench = Bench::new().await;
    let key = target(&bench).await;
    let names = |count: usize| (0..count).map(|number| format!("Attribute Name: \"x-{number}\"\n")).collect::<String>();
    assert!(bench.ask("Get Attributes", &(unique(&key) + &names(511))).await.is_ok());
    let refused = bench.ask("Get Attributes", &(unique(&key) + &names(512))).await;
    assert_eq!(reason(&refused), Some(ResultReason::InvalidMessage));
}
