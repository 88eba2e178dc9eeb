//! The credential that a door demands: of every message, and of whatever is in it.

use engine::registry::{Client, NewCredential, NewDoor};
use kmip::Version;
use kmip::enums::{Operation, ResultReason};

use crate::ask::{Asked, answers, create, message, message_with, reason, unique};
use crate::bench::Bench;
use crate::doors::{demanding, names, set};

const QUERY: (&str, &str) = ("Query", "Query Function: Query Operations\n");

type Items<'a> = Vec<Asked<'a>>;

/// A header's authentication with these credentials.
pub(crate) fn shown(credentials: &[String]) -> String {
    let indented = |text: &String| text.lines().map(|line| format!("  {line}\n")).collect::<String>();
    format!("Authentication\n{}", credentials.iter().map(indented).collect::<String>())
}

pub(crate) fn password(user: &str, password: &str) -> String {
    let password = format!("    Password: \"{password}\"\n");
    format!(
        "Credential\n  Credential Type: Username and Password\n  Credential Value\n    Username: \"{user}\"\n{password}"
    )
}

fn user_alone(user: &str) -> String {
    format!("Credential\n  Credential Type: Username and Password\n  Credential Value\n    Username: \"{user}\"\n")
}

fn device() -> String {
    "Credential\n  Credential Type: Device\n  Credential Value\n    Device Serial Number: \"1\"\n".to_owned()
}

/// The client as the registry knows it now.
fn now(bench: &Bench) -> Client {
    bench.engine.registry().admit(&bench.client.fingerprint()).unwrap()
}

/// Sends what needs no key with this in its header. Tells why it was refused.
async fn check(bench: &Bench, version: Version, header: &str) -> Option<ResultReason> {
    let (code, item) = match version {
        Version::V1_0 => (Operation::Query, QUERY),
        _ => (Operation::DiscoverVersions, ("Discover Versions", "")),
    };
    let reply = bench.send(&now(bench), &message_with(version, header, &[item])).await;
    let answers = answers(&reply.bytes, version);
    assert_eq!((answers.len(), reply.close), (1, false));
    assert_eq!(reply.succeeded.contains(code), answers[0].is_ok());
    reason(&answers[0])
}

#[tokio::test]
async fn the_credential_is_the_one_that_was_set() {
    let bench = Bench::new().await;
    set(&bench, bench.client.adapter(), demanding("vcenter", "right password")).await.unwrap();
    let right = || password("vcenter", "right password");
    let wrong = |number: usize| password("vcenter", &format!("wrong {number}"));
    let old = [Version::V1_0, Version::V1_1];
    let new = [Version::V1_2, Version::V1_3, Version::V1_4];
    let all = Version::ALL;
    let cases: Vec<(&str, String, &[Version], bool)> = vec![
        ("the right one", shown(&[right()]), &all, true),
        ("none", String::new(), &all, false),
        ("another password", shown(&[wrong(0)]), &all, false),
        ("in another case", shown(&[password("vcenter", "Right Password")]), &all, false),
        ("the beginning of it", shown(&[password("vcenter", "right passwor")]), &all, false),
        ("more than it", shown(&[password("vcenter", "right password ")]), &all, false),
        ("another user", shown(&[password("vcentre", "right password")]), &all, false),
        ("the border moved", shown(&[password("vcenterr", "ight password")]), &all, false),
        ("the two exchanged", shown(&[password("right password", "vcenter")]), &all, false),
        ("no password", shown(&[user_alone("vcenter")]), &all, false),
        ("an empty one", shown(&[password("vcenter", "")]), &all, false),
        ("another type", shown(&[device()]), &Version::ALL[..4], false),
        ("one of two", shown(&[wrong(0), right()]), &new, true),
        ("the first of two", shown(&[right(), wrong(0)]), &all, true),
        ("the second of two, where there is one", shown(&[wrong(0), right()]), &old, false),
        ("beside another type", shown(&[device(), user_alone("vcenter"), right()]), &new, true),
        ("the eighth", shown(&[(0..7).map(wrong).collect(), vec![right()]].concat()), &new, true),
        ("the ninth", shown(&[(0..8).map(wrong).collect(), vec![right()]].concat()), &new, false),
    ];
    for (what, header, versions, passes) in cases {
        for version in versions {
            let expected = if passes { None } else { Some(ResultReason::AuthenticationNotSuccessful) };
            assert_eq!(check(&bench, *version, &header).await, expected, "{what}, {version}");
        }
    }
}

/// What is demanded follows the door, from one message to the next.
#[tokio::test]
async fn the_credential_can_be_kept_changed_and_dropped() {
    let mut bench = Bench::on_disk().await;
    let adapter = bench.client.adapter().clone();
    let (first, second) = (shown(&[password("vcenter", "password 1")]), shown(&[password("vcenter", "password 2")]));
    let steps = [
        (None, [true, true, true]),
        (Some(demanding("vcenter", "password 1")), [false, true, false]),
        (Some(NewDoor { credential: NewCredential::Keep, ..names(&["a"]) }), [false, true, false]),
        (Some(demanding("vcenter", "password 2")), [false, false, true]),
        (Some(NewDoor { credential: NewCredential::Keep, ..names(&["b"]) }), [false, false, true]),
        (Some(names(&["a"])), [true, true, true]),
        (Some(NewDoor { credential: NewCredential::Keep, ..names(&["b"]) }), [true, true, true]),
    ];
    for (number, (door, passes)) in steps.into_iter().enumerate() {
        if let Some(door) = door {
            set(&bench, &adapter, door).await.unwrap();
        }
        for _ in 0..2 {
            for (header, passes) in ["", &first, &second].into_iter().zip(passes) {
                assert_eq!(check(&bench, Version::V1_1, header).await.is_none(), passes, "step {number}: {header}");
            }
            bench = bench.restarted().await;
        }
    }
}

/// The same user name and password is another credential at another adapter.
#[tokio::test]
async fn a_credential_is_its_adapters() {
    let bench = Bench::new().await;
    let neighbour = bench.neighbour("second").await;
    for adapter in [bench.client.adapter(), neighbour.adapter()] {
        set(&bench, adapter, demanding("vcenter", "a password")).await.unwrap();
    }
    let doors: Vec<_> =
        bench.store.records().await.into_iter().filter(|record| record.key.kind == store::Kind(0x22)).collect();
    let verifier = |body: &[u8]| body[body.len() - 64..body.len() - 32].to_vec();
    assert_eq!(doors.len(), 2);
    assert_ne!(verifier(&doors[0].body), verifier(&doors[1].body));
}

/// Nothing runs of a batch that shows no credential, one event tells of it, and one item answers it.
#[tokio::test]
async fn nothing_runs_of_a_message_that_is_refused() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    set(&bench, bench.client.adapter(), demanding("vcenter", "right password")).await.unwrap();
    let (create, key) = (create(&[]), unique(&key));
    let batches: Vec<(Items<'_>, Option<&str>)> = vec![
        (vec![("Create", &create)], Some("Create")),
        (vec![("Get", &key)], Some("Get")),
        (vec![("Create", &create), ("Activate", ""), ("Get", "")], None),
        (vec![("Discover Versions", ""), ("Destroy", &key)], None),
    ];
    let header = shown(&[password("vcenter", "wrong password")]) + "Batch Error Continuation Option: ";
    for (items, operation) in batches {
        let before = (bench.store.records().await.len(), bench.committed().await.len(), bench.journaled().len());
        for option in ["Continue\n", "Stop\n", "Undo\n"] {
            let frame = message_with(Version::V1_4, &format!("{header}{option}"), &items);
            let reply = bench.send(&now(&bench), &frame).await;
            let answers = answers(&reply.bytes, Version::V1_4);
            let reasons: Vec<_> = answers.iter().map(reason).collect();
            assert_eq!(reasons, [Some(ResultReason::AuthenticationNotSuccessful)], "{items:?}");
            assert!(reply.succeeded.is_empty());
        }
        let mut events = bench.journaled();
        let after = (bench.store.records().await.len(), bench.committed().await.len(), events.len());
        assert_eq!(after, (before.0, before.1, before.2 + 3), "{items:?}");
        let event = events.pop().unwrap();
        assert_eq!((event["outcome"].as_str(), event["action"].as_str()), (Some("failure"), Some("kms.kmip.default")));
        assert_eq!(event["reason"]["reasonType"], "Authentication Not Successful");
        assert_eq!(event["initiator"]["id"], bench.client.initiator());
        assert_eq!(event["target"].get("operation").and_then(|operation| operation.as_str()), operation);
        assert!(!event.to_string().contains("password"));
    }
}

#[tokio::test]
async fn a_credential_that_nobody_asks_for_is_ignored() {
    let bench = Bench::new().await;
    let other = bench.neighbour("second").await;
    set(&bench, other.adapter(), demanding("vcenter", "right password")).await.unwrap();
    for door in [None, Some(names(&["a"]))] {
        if let Some(door) = door {
            set(&bench, bench.client.adapter(), door).await.unwrap();
        }
        for header in [String::new(), shown(&[password("who", "ever")]), shown(&[user_alone("x")]), shown(&[device()])]
        {
            assert_eq!(check(&bench, Version::V1_1, &header).await, None, "{header}");
        }
    }
}

/// An adapter whose root key can't be used lets nobody in who shows nothing.
#[tokio::test]
async fn a_door_that_can_t_be_checked_stays_shut() {
    let bench = Bench::new().await;
    set(&bench, bench.client.adapter(), demanding("vcenter", "right password")).await.unwrap();
    bench.disable().await;
    for header in [String::new(), shown(&[password("vcenter", "right password")])] {
        assert_eq!(check(&bench, Version::V1_1, &header).await, Some(ResultReason::PermissionDenied));
    }
}

#[tokio::test]
async fn the_reply_says_what_succeeded() {
    use Operation::{Activate, Create, Destroy, DiscoverVersions, Get, GetAttributes, Locate, Query, Register};
    let bench = Bench::new().await;
    let create = create(&[]);
    let cases: [(&str, Items<'_>, Vec<Operation>); 5] = [
        ("Stop", vec![("Discover Versions", ""), QUERY], vec![DiscoverVersions, Query]),
        ("Stop", vec![("Create", &create), ("Get", ""), ("Activate", "")], vec![Create, Get, Activate]),
        ("Stop", vec![("Get", ""), ("Create", &create)], vec![]),
        ("Continue", vec![("Get", ""), ("Create", &create), ("Create", "")], vec![Create]),
        ("Undo", vec![("Create", &create)], vec![]),
    ];
    for (option, items, expected) in cases {
        let header = format!("Batch Error Continuation Option: {option}\n");
        let reply = bench.send(&bench.client, &message_with(Version::V1_4, &header, &items)).await;
        for operation in [Activate, Create, Destroy, DiscoverVersions, Get, GetAttributes, Locate, Query, Register] {
            let found = reply.succeeded.contains(operation);
            assert_eq!(found, expected.contains(&operation), "{items:?}: {operation:?}");
        }
        assert_eq!(reply.succeeded.is_empty(), expected.is_empty());
        assert!(!reply.succeeded.contains(Operation::Unknown(96)) && !reply.succeeded.contains(Operation::Unknown(0)));
    }
    assert!(bench.send(&bench.client, b"rubbish").await.succeeded.is_empty());
    assert!(bench.send(&bench.client, &message(Version::V1_4, &[QUERY])).await.succeeded.contains(Query));
}
