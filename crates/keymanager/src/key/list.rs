//! Lists of keys: filtered, searched, sorted, in pages.
//!
//! A list is the union of the key manager's own keys and the KMIP objects of the instance, each read as streams in the order of the
//! list, a few hundred keys at a time (`stream`), and merged (`merge`). Which streams, `plan` decides:
//!
//! | asked for | own keys | KMIP objects |
//! |---|---|---|
//! | states, extractability, rings, in any combination | a term for each state and ring (`terms`, class) | those that are deleted, those that are not, or all; none for root keys, other rings and other states |
//! | deactivated keys without active ones | also the timeline of expirations, up to now | none |
//! | a time that not every key has | or the term for having it | none if it is one that they never have |
//! | a whole name | or the term for it | the one with that name |
//! | a part of a name, of 3 characters or more | or the terms for each 3 characters of it | a span of identifiers, then the others (`kmip`) |
//! | an alias, or a part of one | the records of aliases, 1000 at the most | none |
//! | an identifier | the record | the record |
//! | a shorter word, or a word that is not there | as without it | as without it |
//!
//! Where there is a choice, the way with the fewest records is taken (`rarity`); where these are not too many, the keys that all ways
//! lead to are had from the index. What is found is asked for everything that the list asks for (`selection`).
//!
//! | order | how |
//! |---|---|
//! | identifier | the store has it. An offset of 1000 or more goes on where the page before ended (`bookmark`), else it is passed by |
//! | creation | the store has it, as the order of making. An offset is passed by |
//! | any other | all of the list is read and sorted; [`Error::TooBroad`] where that is more than 5000 keys |
//!
//! A search gives up, and says so, after 5000 keys that were looked at in vain. Conditions on times of creation and of the last
//! change have no index: the list is gone through for them, however long it is.
//!
//! The invariant: **a page costs what it shows, not what the instance holds**, wherever an index can serve what is asked.

mod bookmark;
mod count;
mod kmip;
mod merge;
mod order;
mod plan;
mod rarity;
mod selection;
mod stream;
mod terms;

pub(crate) use bookmark::Bookmarks;
pub(crate) use terms::{INDEX_FORMAT, Standing, Timeline, class, folded, name_parts, named, rotating, terms};

use crate::{Call, Error, Key, KeyManager, State};
use ::kmip::Timestamp;
use bookmark::Bookmark;
use merge::Merge;
use order::{Sequence, Way};
use selection::Selection;
use std::sync::Arc;
use stream::Source;

/// Keys that a search passes by in vain before it gives up, and keys that are sorted, at the most (Key Protect API: "List keys").
const MOST_CANDIDATES: usize = 5000;

/// What of a list is wanted (Key Protect API: "List keys").
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Which keys.
    pub filter: Filter,
    /// In which order; ties by identifier. Empty: by identifier.
    pub sort: Vec<(SortBy, bool /* descending */)>,
    /// How many to leave out at the start.
    pub offset: usize,
    /// How many at most: 1 to 5000.
    pub limit: usize,
}

/// Which keys.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In one of these states; none: all but destroyed.
    pub states: Option<Vec<State>>,
    /// Standard keys only, or root keys only.
    pub extractable: Option<bool>,
    /// In this ring only.
    pub ring: Option<String>,
    /// Conditions on times: all must hold.
    pub moments: Vec<(Moment, Comparison, Option<Timestamp>)>,
    /// Words in names.
    pub search: Option<Search>,
}

/// A time of a key's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the API's names")]
pub enum Moment {
    Creation,
    Deletion,
    Expiration,
    LastRotate,
    LastUpdate,
}

/// How a time is compared; with none as the other side, `Equal` means "has no such time".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the API's lt, lte, gt, gte and =")]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

/// A search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The word.
    pub word: String,
    /// Where it is looked for.
    pub scopes: Vec<Scope>,
    /// Keys that don't match instead.
    pub not: bool,
    /// The whole name, not a part of it.
    pub exact: bool,
}

/// Where a search looks; none named: both, and the identifier exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the API's names")]
pub enum Scope {
    Name,
    Alias,
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the API's names")]
pub enum SortBy {
    Id,
    State,
    Extractable,
    Imported,
    Creation,
    LastUpdate,
    LastRotate,
    Deletion,
    Expiration,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct KeyList {
    /// The keys.
    pub keys: Vec<Key>,
    /// How many match in all, where that was known without counting.
    pub total: Option<u64>,
    /// Whether the search stopped before it had seen every candidate.
    pub incomplete: bool,
}

impl KeyManager {
    /// A page of the keys that the call may list, KMIP objects' standard keys among them.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::TooBroad`], [`Error::Damaged`], [`Error::Store`].
    pub async fn list_keys(&self, call: &Call, query: &ListQuery) -> Result<KeyList, Error> {
        let selection = Selection::new(self, call, &query.filter).await?;
        let mut source = Source::new(self, call, Sequence::new(&query.sort));
        match source.sequence.way() {
            Way::Id { .. } => {
                let bookmark = self.bookmarks.find(call, &selection, query);
                source.after = bookmark.map(|bookmark| bookmark.after);
                let wanted = bookmark.map_or(query.offset, |_| 0).saturating_add(query.limit);
                let streams = source.plan(&selection, wanted).await?;
                streamed(Merge::new(source, selection, streams), query, bookmark).await
            }
            Way::Made { .. } => {
                let streams = source.plan(&selection, query.offset.saturating_add(query.limit)).await?;
                streamed(Merge::new(source, selection, streams), query, None).await
            }
            Way::Sorted => {
                let streams = source.plan(&selection, MOST_CANDIDATES).await?;
                sorted(Merge::new(source, selection, streams), query).await
            }
        }
    }

    /// How many keys match, of those that the call may list.
    ///
    /// # Errors
    /// As [`KeyManager::list_keys`].
    pub async fn count_keys(&self, call: &Call, filter: &Filter) -> Result<u64, Error> {
        let selection = Selection::new(self, call, filter).await?;
        Source::new(self, call, Sequence::new(&[])).count(selection).await
    }
}

/// The page of a list that comes in its order.
async fn streamed(mut merge: Merge<'_>, query: &ListQuery, from: Option<Bookmark>) -> Result<KeyList, Error> {
    let mut left_out = 0;
    match from {
        Some(bookmark) => merge.go_on(bookmark),
        None => {
            while left_out < query.offset && merge.next().await?.is_some() {
                left_out += 1;
            }
        }
    }
    let mut keys = Vec::new();
    while keys.len() < query.limit
        && let Some(key) = merge.next().await?
    {
        keys.push(Arc::unwrap_or_clone(key));
    }
    if let Some(last) = keys.last() {
        merge.bookmark(query, keys.len(), last);
    }
    let counted = from.is_none() && keys.len() < query.limit && !merge.gave_up();
    let total = counted.then_some((left_out + keys.len()) as u64);
    Ok(KeyList { keys, total, incomplete: merge.gave_up() })
}

/// The page of a list that is sorted here.
async fn sorted(mut merge: Merge<'_>, query: &ListQuery) -> Result<KeyList, Error> {
    let mut all = Vec::new();
    while let Some(key) = merge.next().await? {
        if all.len() == MOST_CANDIDATES {
            return Err(Error::TooBroad);
        }
        all.push(key);
    }
    all.sort_by(|one, other| merge.source.sequence.compare(one, other));
    let incomplete = merge.gave_up();
    let total = (!incomplete).then_some(all.len() as u64);
    let page = all.into_iter().skip(query.offset).take(query.limit);
    Ok(KeyList { keys: page.map(Arc::unwrap_or_clone).collect(), total, incomplete })
}
