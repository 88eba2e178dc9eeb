//! What a search costs: its plan, and the index entries that it looks at.

use rusqlite::OpenFlags;

use super::super::fault::Place;
use super::*;
use crate::{Batch, Change, Expect};

const SPACE: Space = Space([1; 16]);
const KIND: Kind = Kind(1);
const ALL: Term = Term([1; 16]);
const FEW: Term = Term([2; 16]);
const NONE: Term = Term([3; 16]);

/// So many records bear `FEW`; with random identifiers, which are all over the order.
const BEARERS: u128 = 5;

/// A connection to a store of so many records.
async fn filled(folder: &tempfile::TempDir, records: u128) -> Connection {
    let path = folder.path().join("store.db");
    let store = crate::open(&format!("sqlite:{}", path.display())).await.unwrap();
    let put = |number: u128| {
        let id = number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes();
        let terms = if number.is_multiple_of(records / BEARERS) { vec![ALL, FEW] } else { vec![ALL] };
        Change::Put { key: Key { space: SPACE, kind: KIND, id }, expect: Expect::Absent, body: vec![7], terms }
    };
    store.commit(Batch { changes: (0..records).map(put).collect(), events: vec![] }).await.unwrap();
    store.close().await.unwrap();
    super::super::connect(&Place::new(&path), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// A page of ten looks at so many entries and no more, among however many records.
#[tokio::test]
async fn a_page_looks_at_few_entries() {
    let folder = tempfile::tempdir().unwrap();
    let db = filled(&folder, 10_000).await;
    let (id, made) = (Order::Id { after: None }, Order::Made { after: None });
    let middle = (Order::Id { after: Some([0x80; 16]) }, Order::Made { after: Some(5000) });
    let cases = [
        (id, None, 11, 10),
        (made, None, 11, 10),
        (middle.0, None, 11, 10),
        (middle.1, None, 11, 10),
        (made, Some(ALL), 11, 10),
        (made, Some(FEW), 5, 5),
        (made, Some(NONE), 0, 0),
        (id, Some(ALL), 22, 10),
        (middle.0, Some(ALL), 22, 10),
        (id, Some(FEW), 12, 5),
        (id, Some(NONE), 2, 0),
    ];
    for (order, term, budget, found) in cases {
        for descending in [false, true] {
            let asked = Scan { space: SPACE, kind: KIND, term, order, descending, limit: 10 };
            let page = scan(&db, &asked, budget).unwrap();
            let page = page.unwrap_or_else(|| panic!("{asked:?} looks at more than {budget} entries"));
            assert_eq!(page.records.len(), found, "{asked:?}");
            let less = budget.checked_sub(1).and_then(|less| scan(&db, &asked, less).unwrap());
            assert!(less.is_none(), "{asked:?} looks at fewer than {budget} entries");
        }
    }
}

/// Each statement goes down an index and along it: nothing is sorted, and no table is gone through.
#[tokio::test]
async fn every_statement_follows_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let db = filled(&folder, 10).await;
    let term = |last| format!("SEARCH term USING PRIMARY KEY (space=? AND kind=? AND term=? AND seq{last}?)");
    let id = |last| {
        format!("SEARCH record USING COVERING INDEX sqlite_autoindex_record_1 (space=? AND kind=? AND id{last}?)")
    };
    let place = || "SEARCH record USING INTEGER PRIMARY KEY (rowid=?)".to_owned();
    let plans = [
        (LATER, term(">")),
        (EARLIER, term("<")),
        (BEARS, term("=")),
        (ABOVE, id(">")),
        (BELOW, id("<")),
        (RECORD, place()),
        (ID, place()),
    ];
    for (sql, plan) in plans {
        let mut explained = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = explained.raw_query().mapped(|row| row.get("detail"));
        assert_eq!(steps.collect::<rusqlite::Result<Vec<String>>>().unwrap(), [plan], "{sql}");
    }
}
