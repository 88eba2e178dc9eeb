//! What is asked of a store for more than one record, and the page that answers.
//!
//! The invariant: **a cursor stays good whatever happens to its record**: it names where to go on, not what is there.

use crate::{Kind, Record, Space, Term};

/// Which records to find: those in `space` of `kind` that bear **all** of `terms` (none: every record), in the order in which
/// they were first put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The tenant's space.
    pub space: Space,
    /// The sort of record.
    pub kind: Kind,
    /// Terms that a record must bear, the most selective first.
    pub terms: Vec<Term>,
    /// Only records after this cursor (0: from the start).
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}

/// Which records of a kind to go through, and in which order.
///
/// A page costs as much among a million records as among a thousand, with one exception: identifiers' order and a term. No index
/// has both, so the records in their order and those that bear the term are looked at in turns, and whichever way is shorter ends
/// the search. Where a million records have random identifiers and the page has a hundred, that is some 20,000 index entries at
/// the worst (for a term that one record in a hundred bears), and far fewer for rarer and for commoner terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The tenant's space.
    pub space: Space,
    /// The sort of record.
    pub kind: Kind,
    /// The term that a record must bear; none: every record.
    pub term: Option<Term>,
    /// By what they are ordered, and after which cursor the page begins.
    pub order: Order,
    /// From the last to the first. The cursor goes with the direction: what is "after" it comes before it in ascending order.
    pub descending: bool,
    /// At most so many.
    pub limit: usize,
}

/// An order of records, and the cursor in it: only what follows it, in the scan's direction, is on the page. None: from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By identifier, byte by byte.
    Id {
        /// An identifier; there need be no such record.
        after: Option<[u8; 16]>,
    },
    /// In which they were first put.
    Made {
        /// A cursor of a [`Page`].
        after: Option<u64>,
    },
}

/// A page of found records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records with the cursor of each: its place in the order in which they were first put, also where another was asked for.
    pub records: Vec<(u64, Record)>,
    /// Whether more follow after the last cursor.
    pub more: bool,
}
