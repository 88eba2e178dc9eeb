//! In which order a list is, and what of it an index can give.
//!
//! The invariant: **an order is total**: ties are broken by the identifier, so that pages neither share a key nor leave one out.

use super::SortBy;
use crate::Key;
use std::cmp::Ordering;

/// An order of keys.
#[derive(Clone, Debug)]
pub(super) struct Sequence(Vec<(SortBy, bool)>);

/// How a list comes into its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As the store has it, by identifier.
    Id { descending: bool },
    /// As the store has it, in order of making, which is that of creation but for requests that overtook each other.
    Made { descending: bool },
    /// By having all of it and sorting it.
    Sorted,
}

impl Sequence {
    pub(super) fn new(sort: &[(SortBy, bool)]) -> Self {
        Sequence(sort.to_vec())
    }

    pub(super) fn way(&self) -> Way {
        match self.0.first() {
            None => Way::Id { descending: false },
            Some((SortBy::Id, descending)) => Way::Id { descending: *descending },
            Some((SortBy::Creation, descending)) => Way::Made { descending: *descending },
            Some((
                SortBy::State
                | SortBy::Extractable
                | SortBy::Imported
                | SortBy::LastUpdate
                | SortBy::LastRotate
                | SortBy::Deletion
                | SortBy::Expiration,
                _,
            )) => Way::Sorted,
        }
    }

    pub(super) fn compare(&self, one: &Key, other: &Key) -> Ordering {
        let by = |(by, descending): &(SortBy, bool)| {
            let ascending = compare(*by, one, other);
            if *descending { ascending.reverse() } else { ascending }
        };
        let unequal = self.0.iter().map(by).find(|ordering| ordering.is_ne());
        unequal.unwrap_or_else(|| one.id.cmp(&other.id))
    }
}

/// A key without the time comes before one with it.
fn compare(by: SortBy, one: &Key, other: &Key) -> Ordering {
    match by {
        SortBy::Id => one.id.cmp(&other.id),
        SortBy::State => one.state.number().cmp(&other.state.number()),
        SortBy::Extractable => one.extractable.cmp(&other.extractable),
        SortBy::Imported => one.imported.cmp(&other.imported),
        SortBy::Creation => one.created.cmp(&other.created),
        SortBy::LastUpdate => one.updated.cmp(&other.updated),
        SortBy::LastRotate => one.rotated.cmp(&other.rotated),
        SortBy::Deletion => one.deleted.cmp(&other.deleted),
        SortBy::Expiration => one.expires.cmp(&other.expires),
    }
}
