//! One list out of several streams.
//!
//! The invariant: **what comes out is in order, was admitted on its record, and is no more in memory than it must be.**

use super::bookmark::Bookmark;
use super::order::Way;
use super::selection::Selection;
use super::stream::{Source, Stream};
use super::{ListQuery, MOST_CANDIDATES};
use crate::{Error, Key};
use std::sync::Arc;

/// Keys of several streams, in the order of the list.
pub(super) struct Merge<'a> {
    pub(super) source: Source<'a>,
    selection: Selection,
    streams: Vec<Stream>,
    /// Keys that were passed by in vain.
    passed: usize,
    /// Keys that may be passed by in vain; none: any number.
    patience: Option<usize>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(source: Source<'a>, selection: Selection, streams: Vec<Stream>) -> Self {
        let patience = selection.word.is_some().then_some(MOST_CANDIDATES);
        Merge { source, selection, streams, passed: 0, patience }
    }

    /// Goes on from a bookmark.
    pub(super) fn go_on(&mut self, bookmark: Bookmark) {
        self.passed = bookmark.passed;
    }

    /// Goes on for however long it takes.
    pub(super) fn patiently(mut self) -> Self {
        self.patience = None;
        self
    }

    /// Whether a search gave up after so many keys that it did not find.
    pub(super) fn gave_up(&self) -> bool {
        self.patience.is_some_and(|patience| self.passed >= patience)
    }

    /// Keeps the place where a page has ended, in a list that has bookmarks.
    pub(super) fn bookmark(&self, query: &ListQuery, shown: usize, last: &Key) {
        if let Way::Id { .. } = self.source.sequence.way() {
            let ended = (shown, last.id, self.passed);
            self.source.manager.bookmarks.keep(self.source.call, &self.selection, query, ended);
        }
    }

    /// The next key that is shown.
    pub(super) async fn next(&mut self) -> Result<Option<Arc<Key>>, Error> {
        while !self.gave_up() {
            let Some(key) = self.first().await? else { return Ok(None) };
            if self.selection.admits(&key) {
                return Ok(Some(key));
            }
            self.passed += 1;
        }
        Ok(None)
    }

    /// The first key of all streams.
    async fn first(&mut self) -> Result<Option<Arc<Key>>, Error> {
        let mut first: Option<(usize, Arc<Key>)> = None;
        for (nth, stream) in self.streams.iter_mut().enumerate() {
            let Some(key) = stream.peek(&self.source).await? else { continue };
            if first.as_ref().is_none_or(|(_, best)| self.source.sequence.compare(key, best).is_lt()) {
                first = Some((nth, Arc::clone(key)));
            }
        }
        Ok(first.and_then(|(nth, _)| self.streams.get_mut(nth)).and_then(Stream::pop))
    }
}
