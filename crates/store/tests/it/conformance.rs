//! Random batches against a model, on every back end: after each one, everything that can be asked is compared.

use std::sync::Arc;

use proptest::prelude::*;
use store::{Batch, Change, Error, Event, Expect, Key, Kind, Query, Scan, Space, Store, Term};
use tempfile::TempDir;

use crate::model::Model;
use crate::scans::{Cursors, check_every_scan, probe};

pub(crate) const SPACES: u8 = 2;
pub(crate) const KINDS: u8 = 2;
pub(crate) const IDS: u8 = 4;
pub(crate) const TERMS: u8 = 4;

/// What happens to a store.
#[derive(Clone, Debug)]
enum Step {
    /// And what is asked at once, while it is pending.
    Commit(Vec<Draft>, Vec<Vec<u8>>, Vec<Scan>),
    /// Closed and opened again, where that keeps anything.
    Reopen,
}

/// A change before it is known whether its expectation is meant to hold.
#[derive(Clone, Debug)]
struct Draft {
    key: Key,
    sort: u8,
    honest: bool,
    guess: u64,
    body: Vec<u8>,
    terms: Vec<Term>,
}

fn key() -> impl Strategy<Value = Key> {
    (0..SPACES, 0..KINDS, 0..IDS).prop_map(|(space, kind, id)| Key {
        space: Space([space; 16]),
        kind: Kind(kind),
        id: [id; 16],
    })
}

fn terms() -> impl Strategy<Value = Vec<Term>> {
    prop::collection::vec((0..TERMS).prop_map(|term| Term([term; 16])), 0..4)
}

prop_compose! {
    fn draft()(
        key in key(),
        sort in 0..6u8,
        honest in prop::bool::weighted(0.9),
        guess in 0..4u64,
        body in prop::collection::vec(any::<u8>(), 0..40),
        long in prop::bool::weighted(0.05),
        terms in terms(),
    ) -> Draft {
        let body = if long { body.repeat(300) } else { body };
        Draft { key, sort, honest, guess, body, terms }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let events = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..3);
    prop_oneof![
        12 => (prop::collection::vec(draft(), 0..4), events, prop::collection::vec(probe(), 0..4))
            .prop_map(|(drafts, events, probes)| Step::Commit(drafts, events, probes)),
        1 => Just(Step::Reopen),
    ]
}

/// Makes the change, with an expectation that holds if the draft is honest and is a guess otherwise.
fn change(draft: &Draft, model: &Model) -> Change {
    let there = model.get(&draft.key).map(|(version, _)| version);
    let truth = there.map_or(Expect::Absent, Expect::Version);
    let guess = if draft.guess == 0 { Expect::Absent } else { Expect::Version(draft.guess) };
    let expect = if draft.honest { truth } else { guess };
    match draft.sort {
        0 => Change::Delete { key: draft.key, version: there.filter(|_| draft.honest).unwrap_or(draft.guess) },
        1 => Change::Check { key: draft.key, expect },
        _ => Change::Put { key: draft.key, expect, body: draft.body.clone(), terms: draft.terms.clone() },
    }
}

/// Where a store is opened, and whether it outlives being closed.
pub(crate) struct Place {
    pub(crate) address: String,
    lasts: bool,
    _folder: Option<TempDir>,
}

impl Place {
    pub(crate) fn memory() -> Self {
        Self { address: "memory:".into(), lasts: false, _folder: None }
    }

    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("store.db").display());
        Self { address, lasts: true, _folder: Some(folder) }
    }
}

/// Runs the steps against the store and the model, comparing after each.
async fn check(place: Place, steps: Vec<Step>) {
    let mut store = store::open(&place.address).await.unwrap();
    let mut model = Model::default();
    let mut cursors = Cursors::default();
    for step in steps {
        match step {
            Step::Commit(drafts, events, probes) => {
                let changes = drafts.iter().map(|draft| change(draft, &model)).collect();
                commit(&*store, &mut model, Batch { changes, events }).await;
                for probe in &probes {
                    cursors.check(&*store, &model, probe).await;
                }
            }
            Step::Reopen if place.lasts => {
                store.close().await.unwrap();
                assert_eq!(store.commit(Batch::default()).await, Err(Error::Closed));
                store = store::open(&place.address).await.unwrap();
            }
            Step::Reopen => {}
        }
        compare(&*store, &model).await;
    }
    check_every_scan(&*store, &model, &mut cursors).await;
    store.close().await.unwrap();
}

/// Which of two conflicts is named is not part of the contract; that it is one is.
async fn commit(store: &dyn Store, model: &mut Model, batch: Batch) {
    let expected = model.commit(&batch);
    match (store.commit(batch).await, expected) {
        (Ok(()), Ok(())) | (Err(Error::Conflict(_)), Err(Error::Conflict(_))) => {}
        (found, expected) => panic!("found {found:?}, expected {expected:?}"),
    }
}

async fn compare(store: &dyn Store, model: &Model) {
    for space in (0..SPACES).map(|space| Space([space; 16])) {
        for kind in (0..KINDS).map(Kind) {
            for id in 0..IDS {
                let key = Key { space, kind, id: [id; 16] };
                let found = store.get(&key).await.unwrap();
                assert_eq!(found.map(|record| (record.version, record.body.to_vec())), model.get(&key));
            }
            for mask in 0..1u8 << TERMS {
                let terms = (0..TERMS).filter(|term| mask >> term & 1 == 1).map(|term| Term([term; 16])).collect();
                compare_query(store, model, Query { space, kind, terms, after: 0, limit: 3 }).await;
            }
        }
    }
    let events = store.events(0, usize::MAX).await.unwrap();
    assert_eq!(events.iter().map(|event| event.body.to_vec()).collect::<Vec<_>>(), model.events);
    compare_event_pages(store, &events).await;
}

/// Page by page.
async fn compare_query(store: &dyn Store, model: &Model, mut query: Query) {
    let expected = model.find(&query);
    assert_eq!(store.count(&query).await.unwrap(), expected.len() as u64);
    let mut found = Vec::new();
    loop {
        let page = store.find(&query).await.unwrap();
        assert!(page.records.len() <= query.limit);
        for (cursor, record) in page.records {
            assert!(cursor > query.after);
            assert_eq!(Some((record.version, record.body.to_vec())), model.get(&record.key));
            query.after = cursor;
            found.push(record.key);
        }
        if !page.more {
            break;
        }
    }
    assert_eq!(found, expected);
    let nothing = store.find(&Query { limit: 0, after: 0, ..query }).await.unwrap();
    assert_eq!((nothing.records.len(), nothing.more), (0, !expected.is_empty()));
}

async fn compare_event_pages(store: &dyn Store, all: &[Event]) {
    assert!(all.is_sorted_by(|a, b| a.sequence < b.sequence));
    for (at, event) in all.iter().enumerate() {
        assert_eq!(
            store.events(event.sequence, 2).await.unwrap(),
            all[at + 1..].iter().take(2).cloned().collect::<Vec<_>>()
        );
    }
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_like_the_model(steps in prop::collection::vec(step(), 0..40)) {
        block_on(check(Place::memory(), steps));
    }

    #[test]
    fn sqlite_is_like_the_model(steps in prop::collection::vec(step(), 0..25)) {
        block_on(check(Place::sqlite(), steps));
    }
}

/// A page's cursor must not meet the place of a record that is gone, whoever deleted it.
async fn check_cursor(place: Place, reopen: bool) {
    let mut store = store::open(&place.address).await.unwrap();
    let key = |id| Key { space: Space([1; 16]), kind: Kind(1), id: [id; 16] };
    let put = |id| Change::Put { key: key(id), expect: Expect::Absent, body: vec![id], terms: vec![] };
    let commit = async |store: &Arc<dyn Store>, change| {
        store.commit(Batch { changes: vec![change], events: vec![] }).await.unwrap();
    };
    for id in 1..=3 {
        commit(&store, put(id)).await;
    }
    let query = Query { space: Space([1; 16]), kind: Kind(1), terms: vec![], after: 0, limit: 9 };
    let (last, _) = store.find(&query).await.unwrap().records.pop().unwrap();
    commit(&store, Change::Delete { key: key(3), version: 1 }).await;
    if reopen {
        store.close().await.unwrap();
        store = store::open(&place.address).await.unwrap();
    }
    commit(&store, put(4)).await;
    let later = store.find(&Query { after: last, ..query }).await.unwrap();
    assert_eq!(later.records.iter().map(|(_, record)| record.key).collect::<Vec<_>>(), [key(4)]);
}

#[tokio::test]
async fn a_cursor_never_meets_a_place_twice() {
    check_cursor(Place::memory(), false).await;
    check_cursor(Place::sqlite(), false).await;
    check_cursor(Place::sqlite(), true).await;
}

/// More than a read may do in place: the search moves to a thread and gives the same answer.
#[tokio::test]
async fn a_long_search_gives_the_whole_answer() {
    for place in [Place::memory(), Place::sqlite()] {
        let store = store::open(&place.address).await.unwrap();
        let id = |number: u128| Key { space: Space([1; 16]), kind: Kind(1), id: number.to_be_bytes() };
        let terms = |number: u128| vec![Term([1; 16]), Term([if number % 1000 == 999 { 3 } else { 2 }; 16])];
        let put = |number| Change::Put { key: id(number), expect: Expect::Absent, body: vec![], terms: terms(number) };
        store.commit(Batch { changes: (0..3000).map(put).collect(), events: vec![] }).await.unwrap();
        let query = |terms: &[u8]| {
            let terms = terms.iter().map(|&term| Term([term; 16])).collect();
            Query { space: Space([1; 16]), kind: Kind(1), terms, after: 0, limit: 2 }
        };
        let page = store.find(&query(&[1, 3])).await.unwrap();
        assert_eq!(page.records.iter().map(|(_, record)| record.key).collect::<Vec<_>>(), [id(999), id(1999)]);
        assert!(page.more);
        for (terms, count) in [(&[][..], 3000), (&[1, 2], 2997), (&[3, 1], 3), (&[4], 0)] {
            assert_eq!(store.count(&query(terms)).await.unwrap(), count);
        }
    }
}
