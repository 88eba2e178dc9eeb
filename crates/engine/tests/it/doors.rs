//! Doors: where an adapter's clients come in, whose names and ports are whose, and what is kept of them.

use engine::manage::Error;
use engine::registry::{Adapter, Expired, Invalid, NewCredential, NewDoor};
use uuid::Uuid;
use wrap::Secret;
use zeroize::Zeroizing;

use crate::bench::{Bench, by};

/// A door like the one that every adapter has at first.
pub(crate) fn plain() -> NewDoor {
    let (names, port, shared) = (Vec::new(), None, true);
    NewDoor { names, port, shared, expired: Expired::Served, credential: NewCredential::None }
}

pub(crate) fn names(names: &[&str]) -> NewDoor {
    NewDoor { names: names.iter().map(|name| (*name).to_owned()).collect(), ..plain() }
}

fn port(port: u16) -> NewDoor {
    NewDoor { port: Some(port), ..plain() }
}

pub(crate) fn demanding(user: &str, password: &str) -> NewDoor {
    NewDoor { credential: credential(user, password.as_bytes()), ..plain() }
}

pub(crate) fn credential(user: &str, password: &[u8]) -> NewCredential {
    NewCredential::Set { user: user.to_owned(), password: Secret::new(Zeroizing::new(password.to_vec())) }
}

pub(crate) async fn set(bench: &Bench, adapter: &Adapter, door: NewDoor) -> Result<Adapter, Error> {
    bench.engine.registry().set_door(adapter, door, &by(), bench.now()).await
}

/// Name, port, whether it is on the shared port, whether an expired certificate is served, user name.
type Shown = (Vec<String>, Option<u16>, bool, Expired, Option<String>);

fn shown(adapter: &Adapter) -> Shown {
    let door = &adapter.door;
    (door.names.clone(), door.port, door.shared, door.expired, door.user.clone())
}

fn shown_by_name(bench: &Bench, name: &str) -> Shown {
    shown(&bench.engine.registry().adapter(bench.instance, name).unwrap())
}

fn with_doors(bench: &Bench) -> Vec<Uuid> {
    bench.engine.registry().adapters_with_doors().iter().map(|adapter| adapter.id).collect()
}

#[tokio::test]
async fn a_door_is_as_it_was_set_also_after_a_restart() {
    let mut bench = Bench::on_disk().await;
    let adapter = bench.client.adapter().clone();
    let at_first: Shown = (vec![], None, true, Expired::Served, None);
    assert_eq!((shown(&adapter), with_doors(&bench)), (at_first.clone(), vec![]));
    let all = NewDoor {
        names: vec!["KMS-1.Example.com".into(), "a".into(), "kms-1.example.COM".into()],
        port: Some(1),
        shared: false,
        expired: Expired::Refused,
        credential: credential("vcenter", b"a password"),
    };
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let full = (named(&["a", "kms-1.example.com"]), Some(1), false, Expired::Refused, Some("vcenter".into()));
    let user = Some("vcenter".to_owned());
    let cases: [(NewDoor, Shown); 6] = [
        (all, full),
        (
            NewDoor { credential: NewCredential::Keep, ..names(&["b"]) },
            (named(&["b"]), None, true, Expired::Served, user),
        ),
        (port(65535), (vec![], Some(65535), true, Expired::Served, None)),
        (NewDoor { credential: NewCredential::Keep, ..plain() }, at_first.clone()),
        (demanding("ä", "12345678"), (vec![], None, true, Expired::Served, Some("ä".into()))),
        (plain(), at_first),
    ];
    for (new, expected) in cases {
        let epoch = bench.engine.registry().epoch();
        assert_eq!(shown(&set(&bench, &adapter, new).await.unwrap()), expected);
        assert!(bench.engine.registry().epoch() > epoch);
        let own = expected.1.is_some() || !expected.0.is_empty();
        for _ in 0..2 {
            assert_eq!(shown_by_name(&bench, "default"), expected);
            assert_eq!(shown(bench.engine.registry().admit(&bench.client.fingerprint()).unwrap().adapter()), expected);
            assert_eq!(with_doors(&bench), if own { vec![adapter.id] } else { vec![] });
            bench = bench.restarted().await;
        }
    }
}

#[tokio::test]
async fn a_door_that_can_t_be_is_refused() {
    let bench = Bench::new().await;
    let adapter = bench.client.adapter().clone();
    let label = "x".repeat(63);
    let longest = [label.as_str(), &label, &label, &"x".repeat(61)].join(".");
    let host = |name: &str| (names(&[name]), Some(Invalid::HostName(name.to_owned())));
    let secret = |user: &str, password: &[u8], why: Option<Invalid>| {
        (NewDoor { credential: credential(user, password), ..plain() }, why)
    };
    let eight: Vec<String> = (0..8).map(|number| format!("n{number}")).collect();
    let nine = [eight.clone(), vec!["n8".to_owned()]].concat();
    let cases = vec![
        (names(&[&longest]), None),
        (names(&["a", "1a", "a1.b-c.d2", "xn--mnchen-3ya.de"]), None),
        (NewDoor { names: eight, ..plain() }, None),
        (NewDoor { names: nine, ..plain() }, Some(Invalid::Names)),
        host(""),
        host("."),
        host("a."),
        host(".a"),
        host("a..b"),
        host("-a"),
        host("a-.b"),
        host("a_b"),
        host("a b"),
        host("ä.de"),
        host("*.example.com"),
        host("192.0.2.1"),
        host("1"),
        host("2001:db8::1"),
        host("a\0"),
        host(&format!("{label}x.de")),
        host(&format!("{longest}x")),
        (port(0), Some(Invalid::Port)),
        (NewDoor { shared: false, ..plain() }, Some(Invalid::NoWayIn)),
        (NewDoor { shared: false, ..port(5) }, None),
        (NewDoor { shared: false, ..names(&["a"]) }, None),
        secret("", b"12345678", Some(Invalid::User)),
        secret(&"ä".repeat(64), b"12345678", None),
        secret(&"ä".repeat(65), b"12345678", Some(Invalid::User)),
        secret("a\n", b"12345678", Some(Invalid::User)),
        secret("a", b"1234567", Some(Invalid::Password)),
        secret("a", &[b'x'; 128], None),
        secret("a", &[b'x'; 129], Some(Invalid::Password)),
        secret("a", b"1234567\xFF", Some(Invalid::Password)),
        secret("a", "äöüß".as_bytes(), None),
    ];
    for (new, expected) in cases {
        let before = shown_by_name(&bench, "default");
        match (set(&bench, &adapter, new).await, &expected) {
            (Ok(_), None) => {}
            (Err(Error::Door(why)), Some(expected)) => {
                assert_eq!(why, *expected);
                assert_eq!(shown_by_name(&bench, "default"), before);
            }
            (result, _) => panic!("{expected:?}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn no_name_or_port_is_two_adapters() {
    let bench = Bench::new().await;
    let mine = bench.client.adapter().clone();
    let neighbour = bench.neighbour("second").await.adapter().clone();
    let tenant = bench.stranger(Some("another tenant"), "third").await.adapter().clone();
    set(&bench, &mine, NewDoor { port: Some(5697), ..names(&["kms.example.com", "b"]) }).await.unwrap();
    let cases = [
        (names(&["KMS.example.com"]), Some("host name `kms.example.com`")),
        (names(&["a", "B"]), Some("host name `b`")),
        (port(5697), Some("port 5697")),
        (NewDoor { port: Some(5698), ..names(&["c"]) }, None),
        (names(&["example.com"]), None),
    ];
    for adapter in [&neighbour, &tenant] {
        for (new, expected) in &cases {
            let new = NewDoor { names: new.names.clone(), port: new.port, ..plain() };
            let set = set(&bench, adapter, new).await;
            match expected {
                Some(taken) => assert!(matches!(&set, Err(Error::DoorTaken(what)) if what == taken), "{set:?}"),
                None => assert!(set.is_ok(), "{set:?}"),
            }
        }
        set(&bench, adapter, plain()).await.unwrap();
    }
    // One's own are no obstacle, and what was given up is free.
    set(&bench, &mine, NewDoor { port: Some(5697), ..names(&["B"]) }).await.unwrap();
    set(&bench, &tenant, names(&["kms.example.com"])).await.unwrap();
    bench.engine.remove_adapter(&mine, false, &by(), bench.now()).await.unwrap();
    set(&bench, &neighbour, NewDoor { port: Some(5697), ..names(&["b"]) }).await.unwrap();
}

#[tokio::test]
async fn a_door_goes_with_its_adapter() {
    let bench = Bench::new().await;
    for door in [None, Some(plain()), Some(port(5))] {
        let client = bench.neighbour("short-lived").await;
        if let Some(door) = door {
            set(&bench, client.adapter(), door).await.unwrap();
        }
        bench.engine.remove_adapter(client.adapter(), false, &by(), bench.now()).await.unwrap();
        let left = bench.store.records().await;
        let of = |id: [u8; 16]| id == client.adapter().id.into_bytes();
        assert!(!left.iter().any(|record| of(record.key.id) && record.key.space == store::Space::INSTALLATION));
        let late = set(&bench, client.adapter(), plain()).await;
        assert!(matches!(late, Err(Error::NotFound("adapter"))), "{late:?}");
    }
}

#[tokio::test]
async fn a_door_needs_its_root_key() {
    let bench = Bench::new().await;
    let adapter = bench.client.adapter().clone();
    bench.disable().await;
    let refused = set(&bench, &adapter, port(5)).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    assert!(with_doors(&bench).is_empty());
}

#[tokio::test]
async fn the_event_of_a_door_says_all_but_the_password() {
    let bench = Bench::new().await;
    let new = NewDoor { names: vec!["a".into()], port: Some(7), shared: false, ..demanding("vcenter", "the password") };
    set(&bench, bench.client.adapter(), new).await.unwrap();
    let event = bench.committed().await.pop().unwrap();
    assert_eq!(event["action"], "kms.kmip-management.update");
    assert_eq!(event["target"]["name"], "default");
    let expected = "host names: [\"a\"]; port: 7; on the shared port: false; expired certificates: Served; \
                    user name: Some(\"vcenter\")";
    assert_eq!(event["message"], expected);
    for record in bench.store.records().await {
        assert!(!record.body.windows(12).any(|part| part == b"the password"));
    }
}
