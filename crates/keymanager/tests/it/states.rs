//! The table of states against the published one, and the key manager against the table.

use crate::{AAD, CONTENT, NOW, by, of, secret, with_key};
use keymanager::{Error, Event, KeyManager, Refusal, RootKey, State};
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

/// What the key manager does for an event: the state that the key is in afterwards, if the event went through.
async fn act(manager: &KeyManager, key: &RootKey, event: Event) -> Result<State, Error> {
    let (instance, id) = (key.instance, key.id);
    let after = match event {
        Event::Rotate => manager.rotate(instance, id, None, &by(), NOW).await?,
        Event::Disable => manager.disable(instance, id, &by(), NOW).await?,
        Event::Enable => manager.enable(instance, id, &by(), NOW).await?,
        Event::Delete => manager.delete(instance, id, &[], false, &by(), NOW).await?,
        Event::Restore => manager.restore(instance, id, &by(), NOW).await?,
        Event::Wrap | Event::Unwrap | Event::Expire => panic!("not for administrators"),
    };
    assert_eq!(manager.root_key(instance, &id.to_string()).await.unwrap(), after, "what is answered is what is stored");
    Ok(after.state)
}

#[tokio::test]
async fn administrators_get_what_the_table_says() {
    let ways: [(State, &[Event]); 3] =
        [(State::Active, &[]), (State::Suspended, &[Event::Disable]), (State::Destroyed, &[Event::Delete])];
    for (state, way) in ways {
        for event in [Event::Rotate, Event::Disable, Event::Enable, Event::Delete, Event::Restore] {
            let (manager, key) = with_key().await;
            for step in way {
                act(&manager, &key, *step).await.unwrap();
            }
            match (act(&manager, &key, event).await, state.after(event)) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(Error::State { key: id, refusal }), Err(expected)) => {
                    assert_eq!((id, refusal), (key.id, expected))
                }
                (found, expected) => panic!("{event:?} in {state}: {found:?} instead of {expected:?}"),
            }
        }
    }
}

#[tokio::test]
async fn the_epoch_moves_with_the_state_alone() {
    let (manager, key) = with_key().await;
    let steps = [
        (Event::Rotate, false),
        (Event::Enable, false),
        (Event::Disable, true),
        (Event::Disable, false),
        (Event::Enable, true),
        (Event::Delete, true),
        (Event::Restore, true),
    ];
    for (step, moves) in steps {
        let before = manager.epoch();
        let _ = act(&manager, &key, step).await;
        assert_eq!(manager.epoch() > before, moves, "{step:?}");
    }
    let before = manager.epoch();
    manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
    assert_eq!(manager.epoch(), before);
}
