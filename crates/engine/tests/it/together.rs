//! Certificates that are put on lists together: all of them, or none.

use engine::manage::Error;
use engine::registry::{Actor, Certificate, NewCertificate, Standing};
use uuid::Uuid;

use crate::bench::Bench;
use crate::standings::enter;

/// An entry of `bench`'s own adapter: its name, what its certificate is of, what it says.
type Entry<'a> = (&'a str, &'a str, Standing);

fn listed<'a>(name: &'a str, of: &'a str) -> Entry<'a> {
    (name, of, Standing::Listed)
}

async fn add(bench: &Bench, adapter: Uuid, entries: &[Entry<'_>]) -> Result<Vec<Certificate>, Error> {
    let new = entries.iter().map(|(name, of, standing)| NewCertificate {
        adapter,
        name: Some((*name).to_owned()),
        der: format!("the certificate {of}").into_bytes(),
        standing: standing.clone(),
    });
    let by = Actor { correlation: Some("one call".to_owned()), ..Actor::new("them") };
    bench.engine.registry().add_certificates(new.collect(), &by, bench.now()).await
}

/// Refused, and nothing is other than before: neither in the store nor in memory nor in the audit.
async fn check(bench: &Bench, what: &str, entries: &[Entry<'_>], refused: impl Fn(&Error) -> bool) {
    let adapter = bench.client.adapter().id;
    let registry = bench.engine.registry();
    let names = || registry.certificates(adapter).into_iter().map(|entry| entry.name).collect::<Vec<_>>();
    let before = (bench.store.records().await, bench.committed().await, names(), registry.epoch());
    let error = add(bench, adapter, entries).await.unwrap_err();
    assert!(refused(&error), "{what}: {error:?}");
    let after = (bench.store.records().await, bench.committed().await, names(), registry.epoch());
    assert!(before == after, "{what}: something has changed");
}

#[tokio::test]
async fn all_are_added_with_an_event_each() {
    let bench = Bench::on_disk().await;
    let (adapter, seen) = (bench.client.adapter().id, bench.committed().await.len());
    let entries = [listed("one", "a"), ("two", "b", Standing::Denied), ("three", "c", Standing::Authority(Vec::new()))];
    let added = add(&bench, adapter, &entries).await.unwrap();
    let events = bench.committed().await.split_off(seen);
    assert_eq!((added.len(), events.len()), (3, 3));
    for ((entry, event), (name, _, standing)) in added.iter().zip(&events).zip(&entries) {
        assert_eq!((entry.name.as_str(), &entry.standing), (*name, standing));
        assert_eq!(
            (&event["action"], &event["correlationId"]),
            (&"kms.kmip-management.create".into(), &"one call".into())
        );
        assert_eq!(
            (event["target"]["id"].as_str().unwrap().rsplit(':').next(), &event["target"]["name"]),
            (Some(&*entry.id().to_string()), &(*name).into())
        );
    }
    let bench = bench.restarted().await;
    assert_eq!(bench.engine.registry().certificates(adapter).len(), 4);
}

#[tokio::test]
async fn none_is_added_where_one_can_t_be() {
    let bench = Bench::new().await;
    let (adapter, neighbour) = (bench.client.adapter().clone(), bench.neighbour("second").await);
    enter(&bench, &adapter, "mine", Standing::Listed).await.unwrap();
    enter(&bench, neighbour.adapter(), "theirs", Standing::Listed).await.unwrap();
    let many = Standing::Authority(vec!["x".to_owned(); 17]);
    type Refused = fn(&Error) -> bool;
    let cases: [(&str, Entry, Refused); 7] = [
        ("on another list", listed("last", "theirs"), |error| matches!(error, Error::Listed(None))),
        ("on this list", listed("last", "mine"), |error| matches!(error, Error::Listed(Some(name)) if name == "mine")),
        ("its name is taken", listed("mine", "c"), |error| matches!(error, Error::NameTaken(_))),
        ("its name is taken by the first", listed("first", "c"), |error| matches!(error, Error::NameTaken(_))),
        (
            "it is the first",
            listed("last", "a"),
            |error| matches!(error, Error::Twice(a, b) if (&**a, &**b) == ("first", "last")),
        ),
        ("no name", listed("a b", "c"), |error| matches!(error, Error::Name(_))),
        ("patterns", ("last", "c", many), |error| matches!(error, Error::Patterns)),
    ];
    for (what, last, refused) in cases {
        check(&bench, what, &[listed("first", "a"), listed("second", "b"), last], refused).await;
    }
    assert!(add(&bench, adapter.id, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_limit_counts_those_that_come_together() {
    let bench = Bench::new().await;
    let adapter = bench.client.adapter().id;
    // One is there.
    let names: Vec<_> = (0..200).map(|number| format!("client-{number}")).collect();
    let entries: Vec<_> = names.iter().map(|name| listed(name, name)).collect();
    check(&bench, "one too many", &entries, |error| matches!(error, Error::Limit(_))).await;
    assert_eq!(add(&bench, adapter, &entries[..199]).await.unwrap().len(), 199);
    check(&bench, "full", &[("denied", "d", Standing::Denied), listed("more", "e")], |error| {
        matches!(error, Error::Limit(_))
    })
    .await;
}

#[tokio::test]
async fn a_store_that_refuses_has_added_none() {
    let bench = Bench::new().await;
    let entries = [listed("one", "a"), listed("two", "b")];
    for error in [store::Error::Full("the disk".into()), store::Error::Io("no such device".into())] {
        let failing = error.clone();
        bench.store.fail(move |_| Some(failing.clone()));
        check(&bench, "a store that fails", &entries, |error| matches!(error, Error::Failed(_))).await;
    }
    bench.store.heal();
    // Somebody else's registry over the same store has added the second, of which this one doesn't know.
    let other = bench.second_engine().await.unwrap();
    let adapter = bench.client.adapter().id;
    let new = NewCertificate {
        adapter,
        name: Some("theirs".to_owned()),
        der: b"the certificate b".to_vec(),
        standing: Standing::Listed,
    };
    other.registry().add_certificate(new, &Actor::new("another"), bench.now()).await.unwrap();
    let conflict = |error: &Error| matches!(error, Error::Failed(fault) if format!("{fault:?}").contains("Conflict"));
    check(&bench, "a conflict", &entries, conflict).await;
}
