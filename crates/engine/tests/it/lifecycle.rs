//! The life cycle against the specification's transitions (KMIP 1.4, 3.22), one by one, in the table and over the wire.

use engine::lifecycle::{Event, next};
use kmip::attribute;
use kmip::enums::{ResultReason, State};

use crate::ask::{attribute, date, reason, revoke, structured, unique, value};
use crate::bench::{Bench, NOW};

const EVENTS: [Event; 4] = [Event::Activate, Event::Deactivate, Event::Compromise, Event::Destroy];

/// What follows in each state on Activate, Deactivate, Compromise and Destroy: the ten transitions of the specification's figure, but
/// for the first, by which an object comes to be.
const TABLE: [(State, [Option<State>; 4]); 6] = {
    use State::{Active, Compromised, Deactivated, Destroyed, DestroyedCompromised, PreActive};
    [
        (PreActive, [Some(Active), None, Some(Compromised), Some(Destroyed)]),
        (Active, [None, Some(Deactivated), Some(Compromised), None]),
        (Deactivated, [None, None, Some(Compromised), Some(Destroyed)]),
        (Compromised, [None, None, None, Some(DestroyedCompromised)]),
        (Destroyed, [None, None, Some(DestroyedCompromised), None]),
        (DestroyedCompromised, [None, None, None, None]),
    ]
};

#[test]
fn the_table_is_the_specifications() {
    assert_eq!(TABLE.map(|(state, _)| state), State::ALL);
    for (state, after) in TABLE {
        for (event, after) in EVENTS.into_iter().zip(after) {
            assert_eq!(next(state, event).ok(), after, "{state:?} {event:?}");
        }
    }
    let unknown = EVENTS.map(|event| next(State::Unknown(0x8000_0001), event).ok());
    assert_eq!(unknown, [None; 4], "a state that nobody knows leads nowhere");
    // What an administrator alone may do.
    for state in State::ALL.iter().copied().chain([State::Unknown(0x8000_0001)]) {
        let after = (state == State::Deactivated).then_some(State::Active);
        assert_eq!(next(state, Event::Reactivate).ok(), after, "{state:?}");
    }
}

/// A key in a state.
async fn key_in(bench: &Bench, state: State, attributes: &[String]) -> String {
    let key = bench.key(attributes).await;
    let way: &[(&str, &str)] = match state {
        State::PreActive => &[],
        State::Active => &[("Activate", "")],
        State::Deactivated => &[("Activate", ""), ("Revoke", "Superseded")],
        State::Compromised => &[("Revoke", "Key Compromise")],
        State::Destroyed => &[("Destroy", "")],
        _ => &[("Revoke", "Key Compromise"), ("Destroy", "")],
    };
    for (operation, why) in way {
        let payload = if why.is_empty() { unique(&key) } else { revoke(&key, why) };
        bench.done(operation, &payload).await;
    }
    assert_eq!(state_of(bench, &key).await, state);
    key
}

async fn state_of(bench: &Bench, key: &str) -> State {
    let payload = bench.done("Get Attributes", &unique(key)).await;
    State::from_number(value(&payload, &attribute::STATE).unwrap().as_enumeration().unwrap())
}

#[tokio::test]
async fn operations_take_the_same_transitions() {
    let bench = Bench::new().await;
    for (state, after) in TABLE {
        for (event, after) in EVENTS.into_iter().zip(after) {
            let key = key_in(&bench, state, &[]).await;
            bench.pass(1);
            let before = bench.store.records().await;
            let answer = match event {
                Event::Activate => bench.ask("Activate", &unique(&key)).await,
                Event::Deactivate => bench.ask("Revoke", &revoke(&key, "Cessation of Operation")).await,
                Event::Compromise => bench.ask("Revoke", &revoke(&key, "CA Compromise")).await,
                Event::Destroy => bench.ask("Destroy", &unique(&key)).await,
                Event::Reactivate => continue, // no operation of KMIP's
            };
            assert_eq!(answer.is_ok(), after.is_some(), "{state:?} {event:?}");
            assert_eq!(state_of(&bench, &key).await, after.unwrap_or(state), "{state:?} {event:?}");
            assert!(answer.is_ok() || bench.store.records().await == before, "{state:?} {event:?} changed something");
        }
    }
}

/// An operation, the states in which it is done, and its payload about a key.
type Row = (&'static str, &'static str, fn(&str) -> String);

/// What may be done in each state besides: P, A, D, C, and X for both destroyed ones.
#[tokio::test]
async fn the_state_decides_what_may_be_done() {
    let rows: [Row; 11] = [
        ("Get", "PADC", unique),
        ("Get Attributes", "PADCX", unique),
        ("Get Attribute List", "PADCX", unique),
        ("Check", "PADC", unique),
        ("Obtain Lease", "PA", unique),
        ("Add Attribute", "PADC", |key| unique(key) + &attribute("x-more", "1")),
        ("Modify Attribute", "PADC", |key| unique(key) + &attribute("x-there", "2")),
        ("Delete Attribute", "PADC", |key| unique(key) + "Attribute Name: \"x-there\""),
        ("Re-key", "PADC", unique),
        ("Add Attribute", "PA", |key| unique(key) + &attribute("Protect Stop Date", &date(NOW + 90))),
        ("Get Usage Allocation", "A", |key| unique(key) + "Usage Limits Count: Long Integer 1"),
    ];
    let bench = Bench::new().await;
    for (state, letter) in State::ALL.iter().zip("PADCXX".chars()) {
        for (operation, allowed, payload) in &rows {
            let key = key_in(&bench, *state, &[attribute("x-there", "1"), limits()]).await;
            let allowed = allowed.contains(letter);
            let answer = bench.ask(operation, &payload(&key)).await;
            assert_eq!(answer.is_ok(), allowed, "{operation} in {state:?}: {answer:?}");
            if letter == 'X' && !allowed {
                assert!(matches!(reason(&answer), Some(ResultReason::ItemNotFound)), "{operation} in {state:?}");
            }
        }
    }
}

fn limits() -> String {
    structured("Usage Limits", "Usage Limits Total: Long Integer 5\nUsage Limits Unit: Byte")
}
