//! Where pages of long lists ended, so that the next page need not pass by all that came before it.
//!
//! Only lists by identifier have bookmarks, and only far ones: what is near is counted. The invariant: **a bookmark holds for the very
//! same question, asked with the same reach, and for a minute**; who goes through a long list by it sees each key once, though others
//! come and go in between.

use super::ListQuery;
use super::selection::Selection;
use crate::Call;
use kmip::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use uuid::Uuid;
use wrap::primitive::digest;

/// Keys that are passed by rather than bookmarked.
const NEAR: usize = 1000;
/// How long a bookmark holds, in milliseconds.
const HOLDS: i64 = 60_000;
/// Bookmarks that are kept at the most.
const MOST: usize = 256;

/// The bookmarks of a key manager.
#[derive(Default)]
pub(crate) struct Bookmarks(Mutex<HashMap<[u8; 32], Bookmark>>);

/// A place in a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bookmark {
    /// The last key before it.
    pub(super) after: Uuid,
    /// Keys that a search passed by in vain before it.
    pub(super) passed: usize,
    made: Timestamp,
}

impl Bookmarks {
    /// The place at an offset, if somebody has come by it lately.
    pub(super) fn find(&self, call: &Call, selection: &Selection, query: &ListQuery) -> Option<Bookmark> {
        let found = *self.0.lock().get(&name(call, selection, query, query.offset))?;
        let age = call.now.millis().saturating_sub(found.made.millis());
        (0..=HOLDS).contains(&age).then_some(found)
    }

    /// Keeps the place where a page has ended: after so many keys, the last of which was this one, and so many passed by in vain.
    pub(super) fn keep(&self, call: &Call, selection: &Selection, query: &ListQuery, ended: (usize, Uuid, usize)) {
        let (shown, after, passed) = ended;
        let offset = query.offset.saturating_add(query.limit);
        if query.offset.saturating_add(shown) < NEAR {
            return;
        }
        let mut kept = self.0.lock();
        if kept.len() >= MOST
            && let Some(oldest) = kept.iter().min_by_key(|(_, bookmark)| bookmark.made).map(|(name, _)| *name)
        {
            kept.remove(&oldest);
        }
        kept.insert(name(call, selection, query, offset), Bookmark { after, passed, made: call.now });
    }
}

fn name(call: &Call, selection: &Selection, query: &ListQuery, offset: usize) -> [u8; 32] {
    let question = format!("{:?} {:?} {:?} {offset}", selection.rings, query.filter, query.sort);
    digest(&[call.instance.as_bytes(), question.as_bytes()])
}
