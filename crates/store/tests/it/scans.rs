//! Pages in every order, both ways and from every cursor, compared with the model.

use std::collections::BTreeMap;

use proptest::prelude::*;
use store::{Batch, Change, Expect, Key, Kind, Order, Scan, Space, Store, Term};

use crate::common::{KIND, SPACE};
use crate::conformance::{IDS, KINDS, Place, SPACES, TERMS};
use crate::model::Model;

/// More than are ever put in one run of steps.
const PLACES: u64 = 200;

/// Any scan; in the order of making, its cursor is a place of the model's.
pub(crate) fn probe() -> impl Strategy<Value = Scan> {
    let id = prop::option::of(id()).prop_map(|after| Order::Id { after });
    let made = prop::option::of(0..PLACES / 10).prop_map(|after| Order::Made { after });
    let place = (0..SPACES, 0..KINDS, prop::option::of(0..TERMS));
    (place, prop_oneof![id, made], any::<bool>(), prop_oneof![4 => 0..5usize, 1 => Just(usize::MAX)]).prop_map(
        |((space, kind, term), order, descending, limit)| {
            let (space, kind) = (Space([space; 16]), Kind(kind));
            Scan { space, kind, term: term.map(|term| Term([term; 16])), order, descending, limit }
        },
    )
}

/// One of a record, or one beside it.
fn id() -> impl Strategy<Value = [u8; 16]> {
    (0..IDS, prop::option::weighted(0.2, any::<u8>())).prop_map(|(id, last)| beside(id, last.unwrap_or(id)))
}

fn beside(id: u8, last: u8) -> [u8; 16] {
    let mut bytes = [id; 16];
    bytes[15] = last;
    bytes
}

/// The store's places by the model's, as far as pages have shown them; also of records that are gone.
#[derive(Default)]
pub(crate) struct Cursors(BTreeMap<u64, u64>);

impl Cursors {
    /// Compares a page, where the scan's cursor is known.
    pub(crate) async fn check(&mut self, store: &dyn Store, model: &Model, scan: &Scan) {
        let Some(order) = self.translate(scan.order) else { return };
        let expected = model.scan(scan);
        let page = store.scan(&Scan { order, ..*scan }).await.unwrap();
        assert_eq!(page.more, expected.len() > scan.limit, "{scan:?}");
        let found: Vec<_> = page.records.iter().map(|(_, record)| record).collect();
        let due: Vec<_> = expected.iter().take(scan.limit).map(|(_, record)| record).collect();
        assert_eq!(found, due, "{scan:?}");
        for ((due, _), (place, _)) in expected.iter().zip(&page.records) {
            assert_eq!(self.0.entry(*due).or_insert(*place), place, "a place is for good");
        }
        assert!(self.0.values().is_sorted_by(|a, b| a < b), "{:?}", self.0);
    }

    fn translate(&self, order: Order) -> Option<Order> {
        let ends = [(0, 0), (u64::MAX, u64::MAX)];
        match order {
            Order::Id { .. } | Order::Made { after: None } => Some(order),
            Order::Made { after: Some(after) } => {
                let known = self.0.iter().map(|(&model, &store)| (model, store)).chain(ends);
                let cursor = known.into_iter().find(|(model, _)| *model == after);
                cursor.map(|(_, store)| Order::Made { after: Some(store) })
            }
        }
    }

    fn every_order(&self) -> Vec<Order> {
        let ids = (0..IDS).flat_map(|id| [0, id, u8::MAX].map(|last| beside(id, last))).chain([[u8::MAX; 16]]);
        let ids = ids.map(Some).chain([None]).map(|after| Order::Id { after });
        let made = self.0.keys().copied().chain([0, u64::MAX]).map(Some).chain([None]);
        ids.chain(made.map(|after| Order::Made { after })).collect()
    }
}

/// Every scan there is, from every cursor there was.
pub(crate) async fn check_every_scan(store: &dyn Store, model: &Model, cursors: &mut Cursors) {
    let terms: Vec<_> = (0..TERMS).map(|term| Some(Term([term; 16]))).chain([None]).collect();
    for (space, kind) in (0..SPACES).flat_map(|space| (0..KINDS).map(move |kind| (Space([space; 16]), Kind(kind)))) {
        for &term in &terms {
            for (order, descending) in
                cursors.every_order().into_iter().flat_map(|order| [(order, false), (order, true)])
            {
                for limit in [0, 1, 2, usize::MAX] {
                    cursors.check(store, model, &Scan { space, kind, term, order, descending, limit }).await;
                }
            }
        }
    }
}

/// The terms of the n-th record: one that all bear, one for each third, and one for each thousandth.
fn terms(number: u128) -> Vec<Term> {
    let some = [(1, true), (2, number.is_multiple_of(3)), (3, number.is_multiple_of(1000))];
    some.iter().filter(|(_, bears)| *bears).map(|(term, _)| Term([*term; 16])).collect()
}

/// Page by page to the end: more than a read may do in place, and terms that are rare, common and borne by none.
async fn check_pages(store: &dyn Store, model: &Model, mut scan: Scan) {
    let expected: Vec<_> = model.scan(&scan).into_iter().map(|(_, record)| record).collect();
    let mut found = Vec::new();
    loop {
        let page = store.scan(&scan).await.unwrap();
        assert!(page.records.len() == scan.limit || !page.more);
        if let Some((place, record)) = page.records.last() {
            scan.order = match scan.order {
                Order::Id { .. } => Order::Id { after: Some(record.key.id) },
                Order::Made { .. } => Order::Made { after: Some(*place) },
            };
        }
        found.extend(page.records.into_iter().map(|(_, record)| record));
        assert!(found.len() <= expected.len(), "{scan:?} goes round and round");
        if !page.more {
            break;
        }
    }
    assert!(found == expected, "{scan:?}: {} of {}", found.len(), expected.len());
}

#[tokio::test]
async fn long_scans_give_every_record_once_and_in_order() {
    for place in [Place::memory(), Place::sqlite()] {
        let store = store::open(&place.address).await.unwrap();
        let mut model = Model::default();
        let id = |number: u128| number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes();
        let key = |number| Key { space: SPACE, kind: KIND, id: id(number) };
        let put = |n| Change::Put { key: key(n), expect: Expect::Absent, body: vec![], terms: terms(n) };
        let batch = Batch { changes: (0..3000).map(put).collect(), events: vec![] };
        model.commit(&batch).unwrap();
        store.commit(batch).await.unwrap();
        for term in [None, Some(1), Some(2), Some(3), Some(4)].map(|term| term.map(|term| Term([term; 16]))) {
            for order in [Order::Id { after: None }, Order::Made { after: None }] {
                for (descending, limit) in [(false, 700), (true, 700), (false, 90), (true, 90)] {
                    let scan = Scan { space: SPACE, kind: KIND, term, order, descending, limit };
                    check_pages(&*store, &model, scan).await;
                }
            }
        }
    }
}
