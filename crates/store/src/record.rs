//! The words of the waist: spaces, keys, terms, records, batches, events.
//!
//! Nothing here has behaviour. The invariant: **what a body means is never known here**, so that it can be sealed.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

/// The space that a record lives in: the UUID of an adapter or an instance. Nothing is ever read across spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Space(pub [u8; 16]);

impl Space {
    /// The installation's own space: what belongs to no tenant.
    pub const INSTALLATION: Space = Space([0; 16]);
}

/// What sort of record it is. Each owner of records declares its own constants; the numbers are part of the data format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(pub u8);

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The tenant's space.
    pub space: Space,
    /// The sort of record.
    pub kind: Kind,
    /// The record's identifier within space and kind.
    pub id: [u8; 16],
}

/// An index term: 16 bytes that the caller derives from what is to be found (a truncated digest of attribute and value).
/// Terms may collide, so the caller checks what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Term(pub [u8; 16]);

/// A stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub key: Key,
    /// 1 when first put, one more with each change.
    pub version: u64,
    /// The caller's bytes.
    pub body: Bytes,
    /// What a reader made of the body, for the next one.
    pub memo: Memo,
}

impl Record {
    /// A record of which nothing was made yet.
    pub fn new(key: Key, version: u64, body: Bytes) -> Self {
        Record { key, version, body, memo: Memo::default() }
    }
}

/// What a reader made of a record's body (decoded it, checked its tag), kept for as long as the store keeps this version of the
/// record in memory, so that the next reader need not do it again. It is no part of the record: two records that differ in it are
/// equal. The rule of caches holds: nothing goes in here that may not be kept, so never material in the clear.
#[derive(Clone, Default)]
pub struct Memo(Arc<Mutex<Option<Arc<dyn Any + Send + Sync>>>>);

impl Memo {
    /// What was put here, if it is of this type.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.lock().clone()?.downcast().ok()
    }

    /// Puts something here, in the place of what was.
    pub fn set<T: Any + Send + Sync>(&self, value: Arc<T>) {
        *self.0.lock() = Some(value);
    }
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memo")
    }
}

impl PartialEq for Memo {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Memo {}

/// What must be true of a record for its batch to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// There is no such record.
    Absent,
    /// The record exists and has this version.
    Version(u64),
}

impl Expect {
    /// The version that must be there; 0: there must be no record.
    pub(crate) fn version(self) -> u64 {
        match self {
            Expect::Absent => 0,
            Expect::Version(version) => version,
        }
    }

    /// Whether a record of that version is as expected.
    pub(crate) fn holds(self, version: u64) -> bool {
        match self {
            Expect::Absent => version == 0,
            Expect::Version(expected) => version == expected && version > 0,
        }
    }

    /// The version that a record has after it was put.
    pub(crate) fn next_version(self) -> u64 {
        self.version().saturating_add(1)
    }
}

/// One change of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Writes a record and replaces its terms. Its version becomes 1, or the expected one plus 1.
    Put {
        /// Where.
        key: Key,
        /// What must be there now.
        expect: Expect,
        /// The new bytes.
        body: Vec<u8>,
        /// The new terms.
        terms: Vec<Term>,
    },
    /// Removes a record and its terms.
    Delete {
        /// Which.
        key: Key,
        /// The version that it must have.
        version: u64,
    },
    /// Changes nothing, and fails the batch unless the expectation holds.
    Check {
        /// Which.
        key: Key,
        /// What must be there now.
        expect: Expect,
    },
}

impl Change {
    /// Which record it names.
    pub(crate) fn key(&self) -> &Key {
        match self {
            Change::Put { key, .. } | Change::Delete { key, .. } | Change::Check { key, .. } => key,
        }
    }

    /// What must be there for it to hold.
    pub(crate) fn expect(&self) -> Expect {
        match self {
            Change::Put { expect, .. } | Change::Check { expect, .. } => *expect,
            Change::Delete { version, .. } => Expect::Version(*version),
        }
    }
}

/// Changes and audit events that are committed together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Applied in order; no two of them name the same key.
    pub changes: Vec<Change>,
    /// Appended to the event log in order.
    pub events: Vec<Vec<u8>>,
}

impl Batch {
    /// About how many bytes it is.
    pub(crate) fn size(&self) -> usize {
        let bodies = self.changes.iter().map(|change| match change {
            Change::Put { body, terms, .. } => 64 + body.len() + 16 * terms.len(),
            Change::Delete { .. } | Change::Check { .. } => 64,
        });
        bodies.chain(self.events.iter().map(Vec::len)).sum()
    }

    /// Whether anything is different after it.
    pub(crate) fn writes(&self) -> bool {
        !self.events.is_empty() || self.changes.iter().any(|change| !matches!(change, Change::Check { .. }))
    }
}

/// An audit event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the log: strictly rising, without meaning otherwise.
    pub sequence: u64,
    /// The caller's bytes.
    pub body: Bytes,
}
