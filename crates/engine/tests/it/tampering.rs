//! The store is not trusted: whatever was changed in it by somebody else gives an error, and never a key.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use engine::registry::{Client, Fingerprint, NewCertificate, Standing};
use engine::seal::{Material, WrappedAdapterKey};
use kmip::enums::ResultReason;
use kmip::ttlv::{Decode, Encode, Item, Writer};
use kmip::{Tag, Value, Version};
use parking_lot::Mutex;
use store::{Batch, Change, Expect, Kind, Record, Store};
use wrap::Wrapper;

use crate::ask::{Answer, attribute, material, named, reason, unique};
use crate::bench::{Bench, by};

const ADAPTER: Kind = Kind(0x20);
const CERTIFICATE: Kind = Kind(0x21);
const OBJECT: Kind = Kind(0x30);

/// A record that was found at a place, with these bytes.
pub(crate) fn with_body(record: &Record, body: Vec<u8>) -> Record {
    Record::new(record.key, record.version, Bytes::from(body))
}

pub(crate) async fn records(bench: &Bench, kind: Kind) -> Vec<Record> {
    bench.store.records().await.into_iter().filter(|record| record.key.kind == kind).collect()
}

async fn object(bench: &Bench, key: &str) -> Record {
    let id = uuid::Uuid::parse_str(key).unwrap().into_bytes();
    records(bench, OBJECT).await.into_iter().find(|record| record.key.id == id).unwrap()
}

/// From now on there is another record at this record's place.
pub(crate) fn replace(bench: &Bench, at: &Record, by: Record) {
    let key = at.key;
    bench.store.alter(move |record| Some(if record.key == key { by.clone() } else { record }));
}

/// A Get that must be refused as a failure of the server.
async fn check(bench: &Bench, key: &str, what: &str) {
    let answer = bench.ask("Get", &unique(key)).await;
    assert_eq!(reason(&answer), Some(ResultReason::GeneralFailure), "{what}: {answer:?}");
}

/// Reads a key until the store has it at hand as it was read: the first time changes it, and what was changed comes from elsewhere
/// until the store is done with it.
async fn read_often(bench: &Bench, key: &str) {
    let bytes = bench.material(key).await;
    bench.committed().await;
    assert_eq!((bench.material(key).await, bench.material(key).await), (bytes.clone(), bytes));
}

/// Every byte flipped, every bit of some, and every length.
pub(crate) fn damages(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let flip = |at: usize, mask: u8| {
        let mut body = body.to_vec();
        body[at] ^= mask;
        (format!("byte {at} ^ {mask:#04x}"), body)
    };
    let bytes = (0..body.len()).flat_map(|at| [flip(at, 0xFF), flip(at, 1 << (at % 8))]);
    let lengths = (0..body.len()).map(|length| (format!("{length} bytes"), body[..length].to_vec()));
    let longer = (format!("{} bytes", body.len() + 1), [body, &[0]].concat());
    bytes.chain(lengths).chain([longer]).collect()
}

#[tokio::test]
async fn a_changed_record_gives_no_key() {
    let bench = Bench::new().await;
    let key = bench.key(&[named("name"), attribute("x-a", "\"b\"")]).await;
    let right = bench.material(&key).await;
    let record = object(&bench, &key).await;
    for (what, body) in damages(&record.body) {
        replace(&bench, &record, with_body(&record, body));
        check(&bench, &key, &what).await;
    }
    for operation in ["Get Attributes", "Get Attribute List", "Activate", "Destroy", "Obtain Lease", "Check", "Re-key"]
    {
        let answer = bench.ask(operation, &unique(&key)).await;
        assert_eq!(reason(&answer), Some(ResultReason::GeneralFailure), "{operation}");
    }
    assert_eq!(reason(&bench.ask("Locate", "").await), Some(ResultReason::GeneralFailure));
    bench.store.heal();
    assert_eq!(bench.material(&key).await, right);
}

#[tokio::test]
async fn a_record_from_another_place_or_time_gives_no_key() {
    // On disk, where records that were read are kept at hand with what was made of them.
    let bench = Bench::on_disk().await;
    let stranger = bench.neighbour("other").await;
    let (one, two) = (bench.key(&[]).await, bench.key(&[]).await);
    let theirs = bench.ask_as(&stranger, Version::V1_4, "Create", &crate::ask::create(&[])).await.unwrap();
    let theirs = object(&bench, &crate::ask::id(&theirs)).await;
    let (first, second) = (object(&bench, &one).await, object(&bench, &two).await);
    replace(&bench, &first, with_body(&first, second.body.to_vec()));
    check(&bench, &one, "another object's").await;
    bench.store.heal();
    read_often(&bench, &two).await;
    replace(&bench, &first, object(&bench, &two).await);
    check(&bench, &one, "another object's whole record, as it was read before").await;
    replace(&bench, &first, with_body(&first, theirs.body.to_vec()));
    check(&bench, &one, "another adapter's").await;
    bench.store.heal();
    bench.done("Activate", &unique(&one)).await;
    let now = object(&bench, &one).await;
    assert_eq!(now.version, first.version + 1);
    replace(&bench, &now, with_body(&now, first.body.to_vec()));
    check(&bench, &one, "an older version's").await;
    replace(&bench, &now, Record::new(now.key, now.version + 1, now.body.clone()));
    check(&bench, &one, "a version that is yet to come").await;
    bench.store.heal();
    bench.material(&one).await;
}

/// The material alone: taken from another object of the same adapter, under a tag that is right for the record that it was put in.
#[tokio::test]
async fn a_record_without_its_tag_is_none() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let record = object(&bench, &key).await;
    for tag in [[0_u8; 32], [0xFF; 32]] {
        let body = [&record.body[..record.body.len() - 32], &tag].concat();
        replace(&bench, &record, with_body(&record, body));
        check(&bench, &key, "a made-up tag").await;
    }
}

/// Below the tags: what is sealed opens for its adapter and its object alone.
#[tokio::test]
async fn sealed_material_opens_for_its_object_alone() {
    let (bench, random) = (Bench::new().await, wrap::primitive::SystemRandom);
    let root_key = bench.client.adapter().root_key();
    let (one, two) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    let key = async |adapter| WrappedAdapterKey::create(adapter, root_key, &*bench.manager, &random).await.unwrap().1;
    let (mine, theirs) = (key(one).await, key(two).await);
    let sealed = mine.seal(one, &Material::random(&random, 32).unwrap(), &random).unwrap();
    assert!(mine.open(one, &sealed).is_ok());
    assert!(mine.open(two, &sealed).is_err());
    assert!(theirs.open(one, &sealed).is_err());
}

#[tokio::test]
async fn an_erased_key_is_gone_from_its_record() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let sealed = async || {
        let record = object(&bench, &key).await;
        decoded(&record.body[..record.body.len() - 32]).1.iter().any(|(tag, _)| *tag == kmip::tag::KEY_MATERIAL)
    };
    assert!(sealed().await);
    bench.done("Destroy", &unique(&key)).await;
    assert!(sealed().await, "it can be restored");
    let id = uuid::Uuid::parse_str(&key).unwrap();
    bench.engine.erase_standard_key(bench.instance, id, &by(), bench.now()).await.unwrap();
    assert!(!sealed().await);
}

/// The fields of a record of the registry.
pub(crate) fn decoded(body: &[u8]) -> (Tag, Vec<(Tag, Value)>) {
    let item = Item::parse(body, Version::V1_4).unwrap();
    (item.tag(), Value::decode(item).unwrap().fields().to_vec())
}

pub(crate) fn encoded((tag, fields): (Tag, Vec<(Tag, Value)>)) -> Vec<u8> {
    let mut out = Writer::new(Version::V1_4, 512);
    Value::Structure(fields).encode(tag, &mut out);
    out.as_bytes().to_vec()
}

#[tokio::test]
async fn an_adapter_with_anothers_key_serves_nothing() {
    let bench = Bench::new().await;
    let stranger = bench.neighbour("other").await;
    let key = bench.key(&[]).await;
    let adapters = records(&bench, ADAPTER).await;
    let of = |client: &Client| {
        adapters.iter().find(|record| record.key.id == client.adapter().id.into_bytes()).unwrap().clone()
    };
    let (mine, theirs) = (of(&bench.client), of(&stranger));
    for wrapped in [Tag(0x54_2009), Tag(0x54_2007), Tag(0x54_2008), Tag(0x54_2002)] {
        let (tag, mut fields) = decoded(&mine.body);
        let other = decoded(&theirs.body).1.into_iter().find(|(tag, _)| *tag == wrapped).unwrap().1;
        let field = fields.iter_mut().find(|(tag, _)| *tag == wrapped).unwrap();
        field.1 = if field.1 == other { Value::ByteString(vec![7; 16]) } else { other };
        replace(&bench, &mine, with_body(&mine, encoded((tag, fields))));
        let answer = served(&bench, &bench.client, &key).await.unwrap();
        let refused = [Some(ResultReason::GeneralFailure), Some(ResultReason::PermissionDenied)];
        assert!(refused.contains(&reason(&answer)), "{wrapped:?}: {answer:?}");
    }
    bench.store.heal();
    assert!(served(&bench, &bench.client, &key).await.unwrap().is_ok());
}

/// A key of the adapter's own that is none that it ever had: the tags of its records are wrong under it, also of those that were read
/// under the right one just before.
#[tokio::test]
async fn an_adapter_with_a_new_key_reads_nothing() {
    let bench = Bench::on_disk().await;
    let key = bench.key(&[]).await;
    read_often(&bench, &key).await;
    let adapter = bench.client.adapter();
    let secret = wrap::primitive::random_secret(&wrap::primitive::SystemRandom, 32).unwrap();
    let wrapped = bench.manager.wrap(&adapter.root_key(), &secret, adapter.id.as_bytes()).await.unwrap();
    let record = records(&bench, ADAPTER).await.remove(0);
    let (tag, mut fields) = decoded(&record.body);
    fields.iter_mut().find(|(tag, _)| *tag == Tag(0x54_2009)).unwrap().1 = Value::ByteString(wrapped.ciphertext);
    let certificate = bench.client.certificate().clone();
    replace(&bench, &record, with_body(&record, encoded((tag, fields))));
    let engine = bench.second_engine().await.unwrap();
    // The entry of the list is made anew, so that the client itself is one of the new key's.
    engine.registry().remove_certificate(&certificate, &by(), bench.now()).await.unwrap();
    let new = NewCertificate {
        adapter: adapter.id,
        name: Some(certificate.name),
        der: certificate.der,
        standing: Standing::Listed,
    };
    engine.registry().add_certificate(new, &by(), bench.now()).await.unwrap();
    let state = unique(&key) + "Attribute Name: \"State\"";
    let answer = bench.ask_at(&engine, &bench.client, "Get Attributes", &state).await.unwrap();
    assert_eq!(reason(&answer), Some(ResultReason::GeneralFailure), "{answer:?}");
}

/// What a client gets of a key from an engine that has just been started, if that can be and admits it.
async fn served(bench: &Bench, client: &Client, key: &str) -> Option<Answer> {
    bench.ask_at(&bench.second_engine().await?, client, "Get", &unique(key)).await
}

#[tokio::test]
async fn nobody_gets_onto_a_list_by_writing_to_the_store() {
    let bench = Bench::new().await;
    let stranger = bench.neighbour("other").await;
    let key = bench.key(&[]).await;
    let listed = records(&bench, CERTIFICATE).await;
    let of = |client: &Client| {
        let fingerprint = client.certificate().fingerprint.0;
        listed.iter().find(|record| fingerprint.starts_with(&record.key.id)).unwrap().clone()
    };
    let mine = of(&bench.client);
    let entry = &mine.body[..mine.body.len() - 32];
    let with = |field: u32, value: Value, tag: &[u8]| {
        let (record, mut fields) = decoded(entry);
        fields.iter_mut().find(|(tag, _)| *tag == Tag(field)).unwrap().1 = value;
        [encoded((record, fields)), tag.to_vec()].concat()
    };
    let der = b"the intruder's certificate".to_vec();
    let intruder = Fingerprint::of(&der);
    let old_tag = &mine.body[mine.body.len() - 32..];
    for body in
        [with(0x54_2101, Value::ByteString(der.clone()), old_tag), with(0x54_2101, Value::ByteString(der), &[0; 32])]
    {
        let mut id = [0; 16];
        id.copy_from_slice(&intruder.0[..16]);
        let at = store::Key { id, ..mine.key };
        let put = Change::Put { key: at, expect: Expect::Absent, body, terms: Vec::new() };
        bench.store.commit(Batch { changes: vec![put], events: Vec::new() }).await.unwrap();
        let engine = bench.second_engine().await.unwrap();
        let client = engine.registry().admit(&intruder).expect("it is on the list");
        let answer = bench.ask_at(&engine, &client, "Get", &unique(&key)).await.unwrap();
        assert_eq!(reason(&answer), Some(ResultReason::GeneralFailure));
        let delete = Change::Delete { key: at, version: 1 };
        bench.store.commit(Batch { changes: vec![delete], events: Vec::new() }).await.unwrap();
    }
    // A real entry moved to the other adapter.
    let theirs = of(&stranger);
    let (record, mut fields) = decoded(&theirs.body[..theirs.body.len() - 32]);
    fields[0].1 = Value::ByteString(bench.client.adapter().id.as_bytes().to_vec());
    let moved = [encoded((record, fields)), theirs.body[theirs.body.len() - 32..].to_vec()].concat();
    replace(&bench, &theirs, with_body(&theirs, moved));
    let answer = served(&bench, &stranger, &key).await.expect("it is on the list");
    assert_eq!(reason(&answer), Some(ResultReason::GeneralFailure));
}

#[tokio::test]
async fn a_changed_list_entry_serves_nothing() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let record = records(&bench, CERTIFICATE).await.remove(0);
    assert!(served(&bench, &bench.client, &key).await.is_some_and(|answer| answer.is_ok()));
    for (what, body) in damages(&record.body) {
        replace(&bench, &record, with_body(&record, body));
        let answer = served(&bench, &bench.client, &key).await;
        assert!(answer.is_none_or(|answer| reason(&answer) == Some(ResultReason::GeneralFailure)), "{what}");
    }
}

#[tokio::test]
async fn a_damaged_list_entry_keeps_nobody_else_out() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let colleague = bench.client_of(bench.client.adapter(), "colleague").await;
    let first = bench.client.certificate().fingerprint.0;
    let listed = records(&bench, CERTIFICATE).await;
    let record = listed.iter().find(|record| first.starts_with(&record.key.id)).unwrap().clone();
    replace(&bench, &record, with_body(&record, b"rot".to_vec()));
    let engine = bench.second_engine().await.expect("it starts all the same");
    assert!(engine.registry().admit(&bench.client.certificate().fingerprint).is_none());
    let colleague = engine.registry().admit(&colleague.certificate().fingerprint).expect("it is on the list");
    assert!(bench.ask_at(&engine, &colleague, "Get", &unique(&key)).await.is_some_and(|answer| answer.is_ok()));
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All the ways in which a key could be written down.
fn writings(key: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let decimal = format!("{key:?}");
    vec![
        key.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        decimal.trim_matches(['[', ']']).as_bytes().to_vec(),
    ]
}

#[tokio::test]
async fn no_key_is_logged_or_recorded() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let bench = Bench::new().await;
    let key = bench.key(&[named("logged")]).await;
    let bytes = material(&bench.done("Get", &unique(&key)).await).unwrap();
    let record = object(&bench, &key).await;
    for (what, body) in damages(&record.body).into_iter().step_by(40) {
        replace(&bench, &record, with_body(&record, body));
        check(&bench, &key, &what).await;
    }
    bench.store.heal();
    let events = format!("{:?}{:?}", bench.journaled(), bench.committed().await).into_bytes();
    let stored: Vec<u8> = bench.store.records().await.iter().flat_map(|record| record.body.to_vec()).collect();
    let log = log.0.lock().clone();
    assert!(
        log.windows(8).any(|part| part == b"damaged "),
        "the log says what is wrong: {}",
        String::from_utf8_lossy(&log)
    );
    for writing in writings(&bytes) {
        for (place, bytes) in [("log", &log), ("events", &events), ("store", &stored)] {
            assert!(!bytes.windows(writing.len()).any(|part| part == writing), "the key is in the {place}");
        }
    }
}
