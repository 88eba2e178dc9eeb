//! What KMIP's Destroy took away comes back as it was, byte for byte; and what was deactivated becomes active again.

use engine::manage::Error;
use engine::standard_key::Refusal;
use kmip::attribute;
use kmip::enums::State;
use uuid::Uuid;

use crate::ask::{attribute as custom, date, ids, named, opaque, revoke, unique, value};
use crate::bench::{Bench, NOW, by};

fn uuid(key: &str) -> Uuid {
    Uuid::parse_str(key).unwrap()
}

async fn restore(bench: &Bench, key: &str) -> Result<(), Error> {
    bench.engine.restore_standard_key(bench.instance, uuid(key), &by(), bench.now()).await.map(drop)
}

async fn reactivate(bench: &Bench, key: &str) -> Result<(), Error> {
    let (adapter, now) = (bench.client.adapter(), bench.now());
    bench.engine.reactivate_object(adapter, uuid(key), Some("by mistake"), &by(), now).await.map(drop)
}

async fn state(bench: &Bench, key: &str) -> State {
    let payload = bench.done("Get Attributes", &unique(key)).await;
    State::from_number(value(&payload, &attribute::STATE).unwrap().as_enumeration().unwrap())
}

/// The operations that lead into a state and why, further attributes, how it is destroyed, and its state when it is back.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [String], Way, State);

/// How an administrator or a client destroys a key.
#[derive(Clone, Copy, Debug)]
enum Way {
    Kmip,
    Force,
}

async fn destroy(bench: &Bench, key: &str, way: Way) {
    match way {
        Way::Kmip => drop(bench.done("Destroy", &unique(key)).await),
        Way::Force => {
            let (adapter, now) = (bench.client.adapter(), bench.now());
            bench.engine.destroy_object(adapter, uuid(key), true, &by(), now).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_destroyed_key_comes_back_as_it_was() {
    // The ways into a state, how it is destroyed, and its state when it is back.
    let ends = date(NOW + 5000);
    let later = [custom("Deactivation Date", &ends)];
    let cases: [Case; 6] = [
        (&[], &[], Way::Kmip, State::PreActive),
        (&[("Activate", ""), ("Revoke", "Superseded")], &[], Way::Kmip, State::Deactivated),
        (&[("Revoke", "Key Compromise")], &[], Way::Kmip, State::Compromised),
        (&[("Activate", "")], &[], Way::Force, State::Active),
        (&[("Activate", "")], &later, Way::Force, State::Active),
        (&[], &[], Way::Force, State::PreActive),
    ];
    let bench = Bench::new().await;
    for (number, (way_in, more, way, expected)) in cases.into_iter().enumerate() {
        let name = format!("key {number}");
        let key = bench.key(&[&[named(&name), custom("x-owner", "\"finance\"")], more].concat()).await;
        for (operation, why) in way_in {
            let payload = if why.is_empty() { unique(&key) } else { revoke(&key, why) };
            bench.done(operation, &payload).await;
        }
        let before = (bench.material(&key).await, bench.done("Get Attributes", &unique(&key)).await);
        bench.pass(5);
        destroy(&bench, &key, way).await;
        assert!(bench.ask("Get", &unique(&key)).await.is_err(), "{number}");
        bench.pass(5);
        restore(&bench, &key).await.unwrap();
        assert_eq!(state(&bench, &key).await, expected, "{number}");
        assert_eq!(bench.material(&key).await, before.0, "{number}");
        let after = bench.done("Get Attributes", &unique(&key)).await;
        for row in [&attribute::DEACTIVATION_DATE, &attribute::DESTROY_DATE, &attribute::DIGEST, &attribute::NAME] {
            assert_eq!(value(&after, row), value(&before.1, row), "{number}: {}", row.name);
        }
        assert_eq!(ids(&bench.done("Locate", &named(&name)).await), [key]);
    }
}

#[tokio::test]
async fn an_object_without_states_comes_back_too() {
    let bench = Bench::new().await;
    let made = bench.done("Register", &opaque("00ff", &[])).await;
    let key = crate::ask::id(&made);
    let before = bench.done("Get", &unique(&key)).await;
    bench.done("Destroy", &unique(&key)).await;
    // Its Digest would be made when it is asked for: not any more.
    let attributes = bench.done("Get Attributes", &unique(&key)).await;
    assert!(value(&attributes, &attribute::DIGEST).is_none());
    restore(&bench, &key).await.unwrap();
    assert_eq!(format!("{:?}", bench.done("Get", &unique(&key)).await), format!("{before:?}"));
}

#[tokio::test]
async fn what_was_compromised_since_is_compromised() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    bench.done("Destroy", &unique(&key)).await;
    bench.done("Revoke", &revoke(&key, "Key Compromise")).await;
    restore(&bench, &key).await.unwrap();
    assert_eq!(state(&bench, &key).await, State::Compromised);
}

#[tokio::test]
async fn a_name_that_is_taken_is_lost() {
    let bench = Bench::new().await;
    let key = bench.key(&[named("mine"), named("other")]).await;
    bench.done("Destroy", &unique(&key)).await;
    let heir = bench.key(&[named("mine")]).await;
    restore(&bench, &key).await.unwrap();
    assert_eq!(ids(&bench.done("Locate", &named("mine")).await), [heir]);
    assert_eq!(ids(&bench.done("Locate", &named("other")).await), std::slice::from_ref(&key));
    let event = bench.committed().await.pop().unwrap();
    assert_eq!(event["message"], "without its names that another key has now: mine");
}

#[tokio::test]
async fn what_was_erased_does_not_come_back() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    bench.done("Destroy", &unique(&key)).await;
    bench.engine.erase_standard_key(bench.instance, uuid(&key), &by(), bench.now()).await.unwrap();
    assert_eq!(bench.engine.sealed_material(bench.instance, uuid(&key)).await.unwrap(), None);
    let outcome = restore(&bench, &key).await;
    assert!(matches!(outcome, Err(Error::StandardKey(_, Refusal::Erased))), "{outcome:?}");
}

#[tokio::test]
async fn a_deactivated_key_is_reactivated_and_no_other() {
    let cases: [(&[(&str, &str)], bool); 5] = [
        (&[], false),
        (&[("Activate", "")], false),
        (&[("Activate", ""), ("Revoke", "Superseded")], true),
        (&[("Revoke", "Key Compromise")], false),
        (&[("Destroy", "")], false),
    ];
    let bench = Bench::new().await;
    for (way, done) in cases {
        let key = bench.key(&[]).await;
        for (operation, why) in way {
            let payload = if why.is_empty() { unique(&key) } else { revoke(&key, why) };
            bench.done(operation, &payload).await;
        }
        let before = state(&bench, &key).await;
        let outcome = reactivate(&bench, &key).await;
        assert_eq!(outcome.is_ok(), done, "{before:?}: {outcome:?}");
        assert_eq!(state(&bench, &key).await, if done { State::Active } else { before });
        if done {
            bench.pass(100);
            let attributes = bench.done("Get Attributes", &unique(&key)).await;
            assert_eq!(state(&bench, &key).await, State::Active, "it stays so");
            assert!(value(&attributes, &attribute::DEACTIVATION_DATE).is_none());
            assert!(value(&attributes, &attribute::REVOCATION_REASON).is_none());
            assert!(bench.ask("Get", &unique(&key)).await.is_ok());
        }
    }
}
