//! Many at once: nothing is lost, nothing is given twice, and one name is one object's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kmip::enums::ResultReason;
use kmip::{Value, attribute, tag};
use store::{Batch, Change, Error};

use crate::ask::{Answer, attribute, attributes, create, id, ids, named, reason, structured, unique, value};
use crate::bench::Bench;

const TASKS: usize = 32;

/// The same for many tasks at once; what each of them got.
async fn at_once<F: Future<Output = Answer> + Send + 'static>(
    bench: &Arc<Bench>,
    ask: impl Fn(Arc<Bench>, usize) -> F,
) -> Vec<Answer> {
    let tasks: Vec<_> = (0..TASKS).map(|number| tokio::spawn(ask(Arc::clone(bench), number))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// In memory and on disk.
async fn benches() -> [Arc<Bench>; 2] {
    [Arc::new(Bench::new().await), Arc::new(Bench::on_disk().await)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_attribute_is_lost() {
    for bench in benches().await {
        let key = bench.key(&[]).await;
        let payload = unique(&key);
        let answers = at_once(&bench, |bench, number| {
            let payload = payload.clone() + &attribute("x-number", &number.to_string());
            async move { bench.ask("Add Attribute", &payload).await }
        })
        .await;
        assert!(answers.iter().all(Answer::is_ok), "{answers:?}");
        let there = attributes(&bench.done("Get Attributes", &(payload + "Attribute Name: \"x-number\"")).await);
        let mut numbers: Vec<i32> = there.iter().map(|there| there.value.as_integer().unwrap()).collect();
        let mut indices: Vec<i32> = there.iter().map(|there| there.index.unwrap_or(0)).collect();
        numbers.sort_unstable();
        indices.sort_unstable();
        assert_eq!((numbers, indices), ((0..32).collect(), (0..32).collect()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_is_allocated_than_there_is() {
    for bench in benches().await {
        let limits = structured("Usage Limits", "Usage Limits Total: Long Integer 100\nUsage Limits Unit: Byte");
        let key = bench.key(&[limits]).await;
        bench.done("Activate", &unique(&key)).await;
        let payload = unique(&key) + "Usage Limits Count: Long Integer 7\n";
        let answers = at_once(&bench, |bench, _| {
            let payload = payload.clone();
            async move { bench.ask("Get Usage Allocation", &payload).await }
        })
        .await;
        let denied = answers.iter().filter(|answer| reason(answer) == Some(ResultReason::PermissionDenied)).count();
        let given = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!((given, denied), (14, 18), "{answers:?}");
        let limits = value(&bench.done("Get Attributes", &unique(&key)).await, &attribute::USAGE_LIMITS).unwrap();
        assert_eq!(limits.field(tag::USAGE_LIMITS_COUNT), Some(&Value::LongInteger(2)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_is_one_objects() {
    for bench in benches().await {
        for round in 0..5 {
            let name = named(&format!("round {round}"));
            let answers = at_once(&bench, |bench, _| {
                let payload = create(std::slice::from_ref(&name));
                async move { bench.ask("Create", &payload).await }
            })
            .await;
            let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Answer::is_ok);
            assert_eq!(made.len(), 1);
            assert!(refused.iter().all(|answer| reason(answer) == Some(ResultReason::InvalidField)), "{refused:?}");
            assert_eq!(ids(&bench.done("Locate", &name).await), [id(made[0].as_ref().unwrap())]);
        }
        assert_eq!(bench.engine.count_objects(bench.client.adapter()).await.unwrap(), 5);
    }
}

/// A key is destroyed and given out at the same time: who gets it had it before.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_is_destroyed_once() {
    let bench = Arc::new(Bench::new().await);
    let key = bench.key(&[named("short-lived")]).await;
    let answers = at_once(&bench, |bench, number| {
        let payload = unique(&key);
        async move { bench.ask(if number % 2 == 0 { "Destroy" } else { "Get" }, &payload).await }
    })
    .await;
    assert_eq!(answers.iter().step_by(2).filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(reason(&bench.ask("Get", &unique(&key)).await), Some(ResultReason::ItemNotFound));
    assert!(bench.ask("Create", &create(&[named("short-lived")])).await.is_ok());
}

/// Fails so many commits of changes with a conflict. What is left of them is told.
fn conflicts(bench: &Bench, times: usize) -> Arc<AtomicUsize> {
    let left = Arc::new(AtomicUsize::new(times));
    let counter = Arc::clone(&left);
    bench.store.fail(move |batch: &Batch| {
        let Some(Change::Put { key, .. }) = batch.changes.first() else { return None };
        let less = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        less.is_ok().then_some(Error::Conflict(*key))
    });
    left
}

#[tokio::test]
async fn what_was_overtaken_is_tried_again() {
    let bench = Bench::new().await;
    let key = bench.key(&[]).await;
    for times in [1, 7, 40] {
        let left = conflicts(&bench, times);
        bench.done("Add Attribute", &(unique(&key) + &attribute("x-tried", &times.to_string()))).await;
        assert_eq!(left.load(Ordering::SeqCst), 0);
        let left = conflicts(&bench, times);
        let made = bench.batch(&[("Create", &create(&[])), ("Get", "")]).await;
        assert!(made.iter().all(Answer::is_ok), "the ID placeholder is that of the attempt that was written: {made:?}");
        assert_eq!(left.load(Ordering::SeqCst), 0);
    }
    let left = conflicts(&bench, 1_000_000);
    let before = bench.store.records().await;
    let answer = bench.ask("Activate", &unique(&key)).await;
    assert_eq!(reason(&answer), Some(ResultReason::GeneralFailure));
    assert!(left.load(Ordering::SeqCst) > 999_000, "it ends");
    assert_eq!(bench.store.records().await, before);
    let objects = bench.engine.count_objects(bench.client.adapter()).await.unwrap();
    assert_eq!(objects, 4);
}
