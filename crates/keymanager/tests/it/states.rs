//! The table of states against the published one, and the key manager against the table.

use crate::deeds::Deed;
use crate::deeds::Deed::{
    AllVersions, Delete, Disable, Enable, Get, Move, Payload, Purge, Restore, Rewrap, Rotate, Unwrap, Versions, Wrap,
};
use crate::{AAD, CONTENT, NOW, call, fresh, later, make, new, of, secret, seen, with_key};
use keymanager::{Action, Error, Event, Key, KeyManager, NewKey, Refusal, State};
use kmip::Timestamp;
use uuid::Uuid;
use wrap::Wrapper;

/// "Allowed in state" of Key Protect's documentation, by its numbers, with the state that follows. What is not here is refused.
/// Expiry is the step that its documentation describes beside the table.
const PUBLISHED: [(Event, &[(u8, u8)]); 8] = [
    (Event::Wrap, &[(1, 1)]),
    (Event::Unwrap, &[(1, 1), (3, 3)]),
    (Event::Rotate, &[(1, 1), (3, 3)]),
    (Event::Disable, &[(1, 2)]),
    (Event::Enable, &[(2, 1)]),
    (Event::Expire, &[(1, 3)]),
    (Event::Delete, &[(1, 5), (2, 5), (3, 5)]),
    (Event::Restore, &[(5, 1)]),
];

fn published(state: State, event: Event) -> Option<State> {
    let (_, rows) = PUBLISHED.iter().find(|(row, _)| *row == event).unwrap();
    rows.iter().find(|(from, _)| *from == state.number()).map(|(_, to)| State::from_number(*to).unwrap())
}

#[test]
fn the_table_is_the_published_one() {
    for state in State::ALL {
        for event in Event::ALL {
            assert_eq!(state.after(event).ok(), published(state, event), "{event:?} in state {state}");
        }
    }
}

#[test]
fn states_have_key_protects_numbers() {
    let rows = [(0, "pre-active"), (1, "active"), (2, "suspended"), (3, "deactivated"), (5, "destroyed")];
    assert_eq!(State::ALL.map(|state| (state.number(), state.name())), rows);
    for number in [4, 6, 7, 255] {
        assert_eq!(State::from_number(number), None);
    }
}

#[test]
fn refusals_say_what_to_do() {
    let cases = [
        (State::PreActive, Event::Wrap, Refusal::NotYetActive, "is not active yet"),
        (State::Suspended, Event::Wrap, Refusal::Disabled, "is disabled: enable it first"),
        (State::Suspended, Event::Disable, Refusal::Disabled, "is disabled: enable it first"),
        (
            State::Deactivated,
            Event::Wrap,
            Refusal::Deactivated,
            "is deactivated: it unwraps what was wrapped, and no more",
        ),
        (
            State::Destroyed,
            Event::Unwrap,
            Refusal::Deleted,
            "is deleted: it can be restored within 30 days of its deletion",
        ),
        (State::Active, Event::Enable, Refusal::NotDisabled, "is not disabled, so it needs no enabling"),
        (State::Suspended, Event::Restore, Refusal::NotDeleted, "is not deleted, so there is nothing to restore"),
    ];
    for (state, event, refusal, text) in cases {
        assert_eq!(state.after(event), Err(refusal));
        assert_eq!(refusal.to_string(), text);
    }
}

/// Key Protect's answers, by code: 200; 400 KEY_ROOT_REQ_ERR; 409 KEY_ACTION_INVALID_STATE_ERR; 410 KEY_DELETED_ERR.
const OK: u16 = 200;
const ROOT: u16 = 400;
const STATE: u16 = 409;
const GONE: u16 = 410;

const STATES: [State; 4] = [State::Active, State::Suspended, State::Deactivated, State::Destroyed];

/// "Allowed in state" of the documentation, with the answer to what is not. In the order of `STATES`.
const ROOT_KEY: [(Deed, [u16; 4]); 14] = [
    (Get, [OK, OK, OK, OK]),
    (Payload, [OK, OK, OK, OK]),
    (Move, [OK, OK, OK, GONE]),
    (Wrap, [OK, STATE, STATE, GONE]),
    (Unwrap, [OK, STATE, OK, GONE]),
    (Rewrap, [OK, STATE, OK, GONE]),
    (Rotate, [OK, STATE, OK, GONE]),
    (Enable, [STATE, OK, STATE, GONE]),
    (Disable, [OK, STATE, STATE, GONE]),
    (Versions, [OK, STATE, STATE, GONE]),
    (AllVersions, [OK, OK, OK, OK]),
    (Delete, [OK, OK, OK, GONE]),
    (Restore, [STATE, STATE, STATE, OK]),
    (Purge, [STATE, STATE, STATE, OK]),
];

/// The same of a standard key, which is never suspended.
const STANDARD_KEY: [(Deed, [u16; 4]); 14] = [
    (Get, [OK, 0, OK, OK]),
    (Payload, [OK, 0, OK, OK]),
    (Move, [OK, 0, OK, GONE]),
    (Wrap, [ROOT, 0, ROOT, ROOT]),
    (Unwrap, [ROOT, 0, ROOT, ROOT]),
    (Rewrap, [ROOT, 0, ROOT, ROOT]),
    (Rotate, [ROOT, 0, ROOT, ROOT]),
    (Enable, [ROOT, 0, ROOT, ROOT]),
    (Disable, [ROOT, 0, ROOT, ROOT]),
    (Versions, [ROOT, 0, ROOT, ROOT]),
    (AllVersions, [ROOT, 0, ROOT, ROOT]),
    (Delete, [OK, 0, OK, GONE]),
    (Restore, [STATE, 0, STATE, OK]),
    (Purge, [STATE, 0, STATE, OK]),
];

/// A key in a state, with something that it wrapped before; and a time at which no timer stands against anything.
async fn in_state(state: State, extractable: bool) -> (KeyManager, Key, Vec<u8>, Timestamp) {
    let (manager, instance) = fresh().await;
    let expires = (state == State::Deactivated).then_some(later(1000));
    let key = make(&manager, instance, NewKey { expires, ..NewKey::named("key", extractable) }).await;
    let wrapped = Wrap.run(&manager, &key, NOW, &[]).await;
    assert_eq!(wrapped.is_err(), extractable);
    let id = key.id.to_string();
    let old = match extractable {
        true => Vec::new(),
        false => manager.wrap_data(&call(instance, Action::WrapKey), &id, None, &[]).await.unwrap().ciphertext,
    };
    match state {
        State::PreActive => panic!("no key is ever made so"),
        State::Active | State::Deactivated => {}
        State::Suspended => drop(Disable.run(&manager, &key, NOW, &[]).await.unwrap()),
        State::Destroyed => drop(Delete.run(&manager, &key, NOW, &[]).await.unwrap()),
    }
    assert_eq!(seen(&manager, &key, later(100_000)).await.state, state);
    (manager, key, old, later(100_000))
}

#[tokio::test]
async fn each_state_allows_what_the_documentation_says() {
    for (extractable, table) in [(false, ROOT_KEY), (true, STANDARD_KEY)] {
        for (deed, answers) in table {
            for (state, answer) in STATES.into_iter().zip(answers).filter(|(_, answer)| *answer != 0) {
                let (manager, key, old, now) = in_state(state, extractable).await;
                let found = deed.run(&manager, &key, now, &old).await;
                let what = format!("{deed:?} of a key with extractable {extractable} in state {state}: {found:?}");
                assert_eq!(code(&found, key.id), answer, "{what}");
                if let Ok(Some(after)) = found {
                    assert_eq!(seen(&manager, &key, now).await, after, "what is answered is what is stored: {what}");
                }
            }
        }
    }
}

fn code(found: &Result<Option<Key>, Error>, key: Uuid) -> u16 {
    match found {
        Ok(_) => OK,
        Err(Error::RootKeyRequired(id)) if *id == key => ROOT,
        Err(Error::State { key: id, .. } | Error::NotDeleted(id)) if *id == key => STATE,
        Err(Error::Deleted(id)) if *id == key => GONE,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_epoch_moves_with_the_state_alone() {
    let (manager, key) = with_key().await;
    let steps = [
        (Rotate, false),
        (Enable, false),
        (Move, false),
        (Disable, true),
        (Disable, false),
        (Enable, true),
        (Delete, true),
        (Restore, true),
    ];
    for (number, (step, moves)) in (1..).zip(steps) {
        let before = manager.epoch();
        let _ = step.run(&manager, &key, later(number * 100), &[]).await;
        assert_eq!(manager.epoch() > before, moves, "{step:?}");
    }
    let before = manager.epoch();
    manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
    assert_eq!(manager.epoch(), before);
}

/// An expiry counts for the API at once, before anything was written; for the engine with the first change that writes it down.
#[tokio::test]
async fn an_expiry_counts_at_once() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, NewKey { expires: Some(later(60)), ..new("crk") }).await;
    let before_it = Timestamp::from_millis(later(60).millis() - 1);
    for (now, state) in [(NOW, State::Active), (before_it, State::Active), (later(60), State::Deactivated)] {
        assert_eq!(seen(&manager, &key, now).await.state, state);
        assert_eq!(Wrap.run(&manager, &key, now, &[]).await.is_ok(), state == State::Active);
    }
    assert!(manager.wrap(&of(&key), &secret(CONTENT), AAD).await.is_ok(), "the engine has no clock");
    let before = manager.epoch();
    assert_eq!(Rotate.run(&manager, &key, later(60), &[]).await.unwrap().unwrap().state, State::Deactivated);
    assert!(manager.epoch() > before);
    let refused = manager.wrap(&of(&key), &secret(CONTENT), AAD).await;
    assert!(matches!(refused, Err(wrap::Error::Disabled(id)) if id == key.id));
}

/// A disabled key does not expire, and is deactivated when it is enabled too late.
#[tokio::test]
async fn a_disabled_key_expires_when_it_is_enabled() {
    let (manager, instance) = fresh().await;
    let key = make(&manager, instance, NewKey { expires: Some(later(60)), ..new("crk") }).await;
    Disable.run(&manager, &key, NOW, &[]).await.unwrap();
    assert_eq!(seen(&manager, &key, later(100)).await.state, State::Suspended);
    assert_eq!(Enable.run(&manager, &key, later(100), &[]).await.unwrap().unwrap().state, State::Deactivated);
}
