//! What an entry of an allow-list says of its certificate: listed, an authority, or denied.

use engine::manage::Error;
use engine::origin::Origin;
use engine::registry::{Adapter, Certificate, Client, Fingerprint, NewCertificate, Standing, certificate_id};
use kmip::Version;
use kmip::enums::ResultReason;

use crate::ask::{answers, create, id, message, reason, unique};
use crate::bench::{Bench, HOME, by};

/// An entry under its own name.
pub(crate) async fn enter(
    bench: &Bench,
    adapter: &Adapter,
    name: &str,
    standing: Standing,
) -> Result<Certificate, Error> {
    let der = format!("the certificate {name}").into_bytes();
    let new = NewCertificate { adapter: adapter.id, name: Some(name.into()), der, standing };
    bench.engine.registry().add_certificate(new, &by(), bench.now()).await
}

fn any() -> Standing {
    Standing::Authority(Vec::new())
}

fn patterns() -> Standing {
    Standing::Authority(vec!["CN=vcenter-*".into(), "CN=ärger".into()])
}

/// What the registry says of a certificate: a client, an authority, denied.
fn check(bench: &Bench, fingerprint: &Fingerprint, expected: (bool, bool, bool)) {
    let registry = bench.engine.registry();
    let authority = registry.authorities().iter().any(|client| client.fingerprint() == *fingerprint);
    let found = (registry.admit(fingerprint).is_some(), authority, registry.is_denied(fingerprint));
    assert_eq!(found, expected, "{fingerprint}: admitted, authority, denied");
}

#[tokio::test]
async fn an_entry_is_what_it_says_also_after_a_restart() {
    let mut bench = Bench::on_disk().await;
    let adapter = bench.client.adapter().clone();
    let cases = [
        ("listed", Standing::Listed, (true, false, false)),
        ("authority", any(), (false, true, false)),
        ("with-patterns", patterns(), (false, true, false)),
        ("denied", Standing::Denied, (false, false, true)),
    ];
    let mut epoch = bench.engine.registry().epoch();
    let mut entries = Vec::new();
    for (name, standing, expected) in cases {
        let entry = enter(&bench, &adapter, name, standing.clone()).await.unwrap();
        assert_eq!(entry.standing, standing);
        check(&bench, &entry.fingerprint, expected);
        let before = std::mem::replace(&mut epoch, bench.engine.registry().epoch());
        assert!(epoch > before, "{name}");
        entries.push((entry, standing, expected));
    }
    bench = bench.restarted().await;
    for (entry, standing, expected) in &entries {
        check(&bench, &entry.fingerprint, *expected);
        let read = bench.engine.registry().certificate(adapter.id, &entry.name).unwrap();
        assert_eq!((&read.standing, &read.der), (standing, &entry.der));
    }
    for (entry, ..) in &entries {
        bench.engine.registry().remove_certificate(entry, &by(), bench.now()).await.unwrap();
        check(&bench, &entry.fingerprint, (false, false, false));
    }
}

#[tokio::test]
async fn a_certificate_is_on_one_list_whatever_that_says() {
    let bench = Bench::new().await;
    let (mine, theirs) = (bench.client.adapter().clone(), bench.neighbour("second").await.adapter().clone());
    for (number, first) in [Standing::Listed, any(), Standing::Denied].into_iter().enumerate() {
        let name = format!("certificate-{number}");
        enter(&bench, &mine, &name, first.clone()).await.unwrap();
        for second in [Standing::Listed, any(), Standing::Denied] {
            let same = enter(&bench, &mine, &name, second.clone()).await;
            assert!(matches!(&same, Err(Error::Listed(Some(listed))) if *listed == name), "{first:?}, {second:?}");
            let other = enter(&bench, &theirs, &name, second.clone()).await;
            assert!(matches!(other, Err(Error::Listed(None))), "{first:?}, {second:?}");
        }
    }
}

#[tokio::test]
async fn patterns_are_few_and_short() {
    let bench = Bench::new().await;
    let cases: [(&str, Vec<String>, bool); 6] = [
        ("none", vec![], true),
        ("most", vec!["x".repeat(256); 16], true),
        ("umlauts", vec!["ä".repeat(128)], true),
        ("too-many", vec!["x".into(); 17], false),
        ("empty", vec!["x".into(), String::new()], false),
        ("too-long", vec!["ä".repeat(129)], false),
    ];
    for (name, patterns, fits) in cases {
        let made = enter(&bench, bench.client.adapter(), name, Standing::Authority(patterns)).await;
        assert_eq!(made.is_ok(), fits, "{name}: {made:?}");
        assert!(fits || matches!(made, Err(Error::Patterns)), "{name}");
    }
}

/// A list that is full of clients still has room to shut one out.
#[tokio::test]
async fn no_standing_takes_anothers_room() {
    let bench = Bench::new().await;
    let adapter = bench.client.adapter();
    for number in 1..200 {
        enter(&bench, adapter, &format!("client-{number}"), Standing::Listed).await.unwrap();
    }
    assert!(matches!(enter(&bench, adapter, "one-more", Standing::Listed).await, Err(Error::Limit(_))));
    for number in 0..200 {
        enter(&bench, adapter, &format!("denied-{number}"), Standing::Denied).await.unwrap();
    }
    assert!(matches!(enter(&bench, adapter, "one-more", Standing::Denied).await, Err(Error::Limit(_))));
    assert!(enter(&bench, adapter, "authority", any()).await.is_ok());
}

#[tokio::test]
async fn events_say_what_an_entry_says() {
    let bench = Bench::new().await;
    let cases = [
        (Standing::Listed, None),
        (any(), Some("an authority that vouches for clients")),
        (Standing::Denied, Some("a certificate that is denied")),
    ];
    for (number, (standing, expected)) in cases.into_iter().enumerate() {
        let entry = enter(&bench, bench.client.adapter(), &format!("entry-{number}"), standing).await.unwrap();
        bench.engine.registry().remove_certificate(&entry, &by(), bench.now()).await.unwrap();
        let events = bench.committed().await;
        for (event, action) in events.iter().rev().zip(["delete", "create"]) {
            assert_eq!(event["action"], format!("kms.kmip-management.{action}"));
            assert_eq!(event["target"]["name"], entry.name);
            let plain = format!("Keystead: {action} kmip-management {}", entry.name);
            assert_eq!(event["message"], expected.unwrap_or(&plain));
        }
    }
}

#[tokio::test]
async fn a_client_that_is_vouched_for_goes_by_its_own_certificate() {
    let bench = Bench::new().await;
    let adapter = bench.client.adapter();
    let authority = enter(&bench, adapter, "authority", patterns()).await.unwrap();
    let leaf = Fingerprint::of(b"a leaf");
    let client = bench.engine.registry().authorities()[0].standing_for(leaf);
    assert_eq!((client.fingerprint(), client.certificate().fingerprint), (leaf, authority.fingerprint));
    assert_eq!(client.initiator(), format!("CertificateID-{leaf}"));
    assert_eq!(certificate_id(client.initiator()), Some(leaf.id()));
    let key = id(&bench.ask_as(&client, Version::V1_4, "Create", &create(&[])).await.unwrap());
    let event = bench.committed().await.pop().unwrap();
    assert_eq!(event["initiator"]["id"], client.initiator());
    assert_eq!(event["target"]["adapter"], adapter.id.to_string());
    assert!(bench.ask("Get", &unique(&key)).await.is_ok(), "it is the adapter's key");
}

/// An entry serves as what it says alone: the gate asks again, whatever was made of it before.
#[tokio::test]
async fn an_entry_serves_as_what_it_says_alone() {
    let bench = Bench::new().await;
    let stranger = Fingerprint::of(b"a stranger");
    enter(&bench, bench.client.adapter(), "authority", any()).await.unwrap();
    let authority = bench.engine.registry().authorities()[0].clone();
    let itself = authority.certificate().fingerprint;
    let cases: [(&str, Client, bool); 5] = [
        ("a listed one", bench.client.clone(), true),
        ("whom a listed one vouches for", bench.client.standing_for(stranger), false),
        ("whom an authority vouches for", authority.standing_for(stranger), true),
        ("an authority as a client", authority.clone(), false),
        ("an authority that vouches for itself", authority.standing_for(itself), false),
    ];
    for (what, client, served) in cases {
        let query = "Query Function: Query Operations".to_owned();
        for (operation, payload) in [("Create", create(&[])), ("Locate", String::new()), ("Query", query)] {
            let origin = Origin::Client { client: &client, address: HOME };
            let frame = message(Version::V1_4, &[(operation, &payload)]);
            let reply = bench.engine.handle(&origin, &frame, bench.now()).await;
            let answer = answers(&reply.bytes, Version::V1_4).remove(0);
            let expected = if served { None } else { Some(ResultReason::PermissionDenied) };
            assert_eq!(reason(&answer), expected, "{what}: {operation}: {answer:?}");
        }
    }
}
