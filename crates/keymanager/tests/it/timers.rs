//! What has to wait, what ends, and that the limits are where they are said to be: a millisecond before, and at them.

use crate::fake_kmip::FakeKmip;
use crate::{call_at, later, seen, with_key};
use keymanager::{Action, Error, Key, KeyManager, State};
use kmip::Timestamp;
use uuid::Uuid;

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// When everything begins: not when the key was made.
fn start() -> Timestamp {
    later(100_000)
}

fn after(millis: i64) -> Timestamp {
    Timestamp::from_millis(start().millis() + millis)
}

async fn act(manager: &KeyManager, key: &Key, action: Action, now: Timestamp) -> Result<Key, Error> {
    let (call, id) = (call_at(key.instance, action, now), key.id.to_string());
    match action {
        Action::RotateKey => manager.rotate(&call, &id, None).await,
        Action::EnableKey => manager.enable(&call, &id).await,
        Action::DisableKey => manager.disable(&call, &id).await,
        Action::DeleteKey => manager.delete_key(&call, &id, false).await,
        Action::RestoreKey => manager.restore(&call, &id).await,
        Action::PurgeKey => manager.purge(&call, &id).await,
        other => panic!("{other:?}"),
    }
}

fn wait(found: &Result<Key, Error>) -> Answer {
    match found {
        Ok(_) => Ok(()),
        Err(Error::TooEarly { seconds, .. } | Error::RotatedRecently { seconds, .. }) => Err(Some(*seconds)),
        Err(Error::RestoreExpired(_)) => Err(None),
        Err(error) => panic!("{error}"),
    }
}

/// Done, or how many seconds there are to wait; none when it is too late.
type Answer = Result<(), Option<i64>>;

/// What comes first, what then, how many milliseconds after it, and the answer.
const CASES: &[(Action, Action, i64, Answer)] = &[
    (Action::DisableKey, Action::EnableKey, 0, Err(Some(30))),
    (Action::DisableKey, Action::EnableKey, 1, Err(Some(30))),
    (Action::DisableKey, Action::EnableKey, 29 * SECOND, Err(Some(1))),
    (Action::DisableKey, Action::EnableKey, 30 * SECOND - 1, Err(Some(1))),
    (Action::DisableKey, Action::EnableKey, 30 * SECOND, Ok(())),
    (Action::DisableKey, Action::EnableKey, -SECOND, Err(Some(31))),
    (Action::DisableKey, Action::DeleteKey, 0, Ok(())),
    (Action::RotateKey, Action::RotateKey, 0, Err(Some(3600))),
    (Action::RotateKey, Action::RotateKey, HOUR - 1, Err(Some(1))),
    (Action::RotateKey, Action::RotateKey, HOUR, Ok(())),
    (Action::RotateKey, Action::DisableKey, 0, Ok(())),
    (Action::DeleteKey, Action::RestoreKey, 0, Err(Some(30))),
    (Action::DeleteKey, Action::RestoreKey, 30 * SECOND - 1, Err(Some(1))),
    (Action::DeleteKey, Action::RestoreKey, 30 * SECOND, Ok(())),
    (Action::DeleteKey, Action::RestoreKey, 30 * DAY, Ok(())),
    (Action::DeleteKey, Action::RestoreKey, 30 * DAY + 1, Err(None)),
    (Action::DeleteKey, Action::PurgeKey, 0, Err(Some(14_400))),
    (Action::DeleteKey, Action::PurgeKey, 4 * HOUR - 1, Err(Some(1))),
    (Action::DeleteKey, Action::PurgeKey, 4 * HOUR, Ok(())),
    (Action::DeleteKey, Action::PurgeKey, 1000 * DAY, Ok(())),
];

#[tokio::test]
async fn what_has_to_wait_waits() {
    for (first, second, millis, expected) in CASES {
        let (manager, key) = with_key().await;
        act(&manager, &key, *first, start()).await.unwrap();
        let found = act(&manager, &key, *second, after(*millis)).await;
        assert_eq!(wait(&found), *expected, "{second:?} {millis} ms after {first:?}");
    }
}

/// A KMIP object's deletion has the same periods.
#[tokio::test]
async fn what_has_to_wait_waits_for_kmip_too() {
    let of_deletion = CASES.iter().filter(|(first, ..)| *first == Action::DeleteKey);
    for (first, second, millis, expected) in of_deletion {
        let (manager, key) = with_key().await;
        let service = FakeKmip::over(&manager);
        let object = service.add(key.instance, Uuid::from_u128(7));
        let object = Key { id: object.id, ..key };
        act(&manager, &object, *first, start()).await.unwrap();
        let found = act(&manager, &object, *second, after(*millis)).await;
        assert_eq!(wait(&found), *expected, "{second:?} {millis} ms after {first:?}");
    }
}

/// Making a key is no rotation, and enabling it again is no disabling.
#[tokio::test]
async fn what_does_not_count_does_not_count() {
    let (manager, key) = with_key().await;
    act(&manager, &key, Action::RotateKey, key.created).await.unwrap();
    for (number, action) in [(1, Action::DisableKey), (2, Action::EnableKey), (3, Action::DisableKey)] {
        act(&manager, &key, action, after(number * DAY)).await.unwrap();
    }
    let found = act(&manager, &key, Action::EnableKey, after(3 * DAY + SECOND)).await;
    assert_eq!(wait(&found), Err(Some(29)), "the latest counts");
    act(&manager, &key, Action::DeleteKey, after(3 * DAY + SECOND)).await.unwrap();
    act(&manager, &key, Action::RestoreKey, after(4 * DAY)).await.unwrap();
    assert_eq!(seen(&manager, &key, after(4 * DAY)).await.state, State::Active);
}
