//! The records that follow a cursor most closely, of those that are offered in any order.
//!
//! The invariant: **never more than a page of them and one**, however many are offered.

use std::collections::BTreeMap;

use crate::Scan;

/// Places by identifier.
pub(super) struct Nearest {
    after: Option<[u8; 16]>,
    descending: bool,
    most: usize,
    places: BTreeMap<[u8; 16], i64>,
}

impl Nearest {
    /// Nothing was offered yet. One more than the scan's page is kept, which says whether more follow.
    pub(super) fn new(scan: &Scan, after: Option<[u8; 16]>) -> Self {
        let most = scan.limit.saturating_add(1);
        Self { after, descending: scan.descending, most, places: BTreeMap::new() }
    }

    pub(super) fn offer(&mut self, id: [u8; 16], place: i64) {
        let follows = self.after.is_none_or(|after| if self.descending { id < after } else { id > after });
        if !follows {
            return;
        }
        self.places.insert(id, place);
        if self.places.len() > self.most {
            if self.descending {
                self.places.pop_first()
            } else {
                self.places.pop_last()
            };
        }
    }

    /// The nearest first.
    pub(super) fn places(&self) -> Box<dyn Iterator<Item = i64> + '_> {
        let places = self.places.values().copied();
        if self.descending { Box::new(places.rev()) } else { Box::new(places) }
    }
}
