//! A store or a journal that fails: what is there is given out, what would change is refused, and nothing is half done.

use kmip::enums::ResultReason;
use kmip::{Value, attribute};
use store::Error;

use crate::ask::{Answer, attribute, create, material, named, reason, register, revoke, unique, value};
use crate::bench::Bench;

const FAILED: Option<ResultReason> = Some(ResultReason::GeneralFailure);

fn errors() -> [Error; 3] {
    [Error::Full("the disk".into()), Error::Io("no such device".into()), Error::Failed("fsync".into())]
}

/// What changes something.
fn changes(key: &str) -> Vec<(&'static str, String)> {
    vec![
        ("Create", create(&[named("another")])),
        ("Register", register("000102030405060708090a0b0c0d0e0f", &[])),
        ("Add Attribute", unique(key) + &attribute("x-more", "1")),
        ("Modify Attribute", unique(key) + &named("new")),
        ("Delete Attribute", unique(key) + "Attribute Name: \"Name\""),
        ("Re-key", unique(key)),
        ("Activate", unique(key)),
        ("Revoke", revoke(key, "Key Compromise")),
        ("Destroy", unique(key)),
    ]
}

#[tokio::test]
async fn a_store_that_takes_nothing_still_gives() {
    for error in errors() {
        let bench = Bench::new().await;
        let (fresh, key) = (bench.key(&[]).await, bench.key(&[named("key")]).await);
        let bytes = bench.material(&key).await;
        let before = bench.store.records().await;
        let failing = error.clone();
        bench.store.fail(move |_| Some(failing.clone()));
        for _ in 0..2 {
            assert_eq!(bench.material(&key).await, bytes);
            assert_eq!(bench.material(&fresh).await.len(), 32, "also one that was never given out: {error}");
        }
        let mut reads =
            vec![("Get Attributes", unique(&key)), ("Get Attribute List", unique(&key)), ("Check", unique(&key))];
        reads.extend([
            ("Obtain Lease", unique(&key)),
            ("Locate", named("key")),
            ("Query", "Query Function: Query Objects".into()),
        ]);
        for (operation, payload) in reads {
            assert!(bench.ask(operation, &payload).await.is_ok(), "{operation}: {error}");
        }
        for (operation, payload) in changes(&key) {
            let answer = bench.ask(operation, &payload).await;
            assert_eq!(reason(&answer), FAILED, "{operation}: {error}");
            let message = &answer.unwrap_err().message;
            assert!(message.contains("its log says why") && !message.contains("disk"), "{message}");
            assert_eq!(message.contains("no space left"), matches!(error, Error::Full(_)), "{message}");
        }
        assert_eq!(bench.store.records().await, before, "{error}");
        bench.store.heal();
        for (operation, payload) in changes(&key) {
            let answer = bench.ask(operation, &payload).await;
            assert!(answer.is_ok(), "{operation} after {error}: {answer:?}");
        }
    }
}

/// What Get would have written is written when the store takes it again.
#[tokio::test]
async fn a_key_stays_fresh_until_that_can_be_written() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    let fresh = async || value(&bench.done("Get Attributes", &unique(&key)).await, &attribute::FRESH).unwrap();
    bench.store.fail(|_| Some(Error::Full("the disk".into())));
    bench.material(&key).await;
    assert_eq!(fresh().await, Value::Boolean(true));
    bench.store.heal();
    bench.material(&key).await;
    assert_eq!(fresh().await, Value::Boolean(false));
}

/// A batch goes on or stops after a fault as after a refusal.
#[tokio::test]
async fn a_fault_is_its_items_own() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    bench.material(&key).await;
    bench.store.fail(|_| Some(Error::Full("the disk".into())));
    let get = unique(&key);
    let answers = bench.batch(&[("Get", &get), ("Activate", &get), ("Get", &get)]).await;
    assert_eq!(answers.iter().map(Answer::is_ok).collect::<Vec<_>>(), [true, false]);
}

/// No key leaves, and nothing is told, without its event.
#[tokio::test]
async fn without_a_journal_nothing_is_read() {
    let bench = Bench::new().await;
    let key = bench.key(&[named("key")]).await;
    let bytes = bench.material(&key).await;
    bench.break_journal();
    let reads = [("Get", unique(&key)), ("Get Attributes", unique(&key)), ("Locate", named("key"))];
    for (operation, payload) in reads {
        let frame = crate::ask::message(kmip::Version::V1_4, &[(operation, &payload)]);
        let reply = bench.send(&bench.client, &frame).await;
        assert!(!reply.bytes.windows(bytes.len()).any(|part| part == bytes), "{operation}");
        let answer = crate::ask::answers(&reply.bytes, kmip::Version::V1_4).remove(0);
        assert_eq!(reason(&answer), FAILED, "{operation}");
    }
    // A refusal tells nothing either.
    let answer = bench.ask("Get", &unique("6a1f3c52-9d0e-4f5b-8a77-2b1c0d9e8f70")).await;
    assert_eq!(reason(&answer), FAILED);
    // A change has its event in the store.
    let other = bench.ask("Create", &create(&[])).await.unwrap();
    // A key that was never given out: its first Get is written in the store.
    let first = bench.ask("Get", &unique(&crate::ask::id(&other))).await.unwrap();
    assert_eq!(material(&first).unwrap().len(), 32);
    assert_eq!(reason(&bench.ask("Get", &unique(&crate::ask::id(&other))).await), FAILED);
}

/// Neither the store nor the journal takes anything.
#[tokio::test]
async fn without_either_nothing_is_read() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    bench.break_journal();
    bench.store.fail(|_| Some(Error::Full("the disk".into())));
    assert_eq!(reason(&bench.ask("Get", &unique(&key)).await), FAILED);
}
