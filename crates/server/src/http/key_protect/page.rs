//! Pages of lists that are short enough to be had whole: cut here.

use axum::http::StatusCode;

use crate::api::{Collection, Resource};
use crate::http::answer::Reply;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::query::Parameters;

/// Which part of a list is wanted.
pub(super) struct Page {
    limit: usize,
    offset: usize,
    counted: bool,
}

impl Page {
    /// `limit` (so many when left out, so many at most), `offset`, `totalCount`.
    pub(super) fn of(query: &Parameters, usual: usize, most: usize) -> Result<Self, Error> {
        Ok(Page {
            limit: query.number("limit", usual, 1..=most)?,
            offset: query.number("offset", 0, 0..=usize::MAX)?,
            counted: query.flag("totalCount")?.unwrap_or(false),
        })
    }

    /// Cuts the page out of the whole list.
    pub(super) fn reply<T: Resource>(&self, caller: &Caller, all: Vec<T>) -> Reply {
        let total = all.len();
        let page: Vec<T> = all.into_iter().skip(self.offset).take(self.limit).collect();
        self.counted(caller, page, Some(total as u64))
    }

    /// The page as it is, of so many.
    pub(super) fn counted<T: Resource>(&self, caller: &Caller, page: Vec<T>, total: Option<u64>) -> Reply {
        caller.visit.note("totalResources", page.len());
        let mut collection = Collection::new(page);
        collection.metadata.total_count = total.filter(|_| self.counted);
        Reply::collection(StatusCode::OK, &collection)
    }

    /// How many to leave out.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// How many at most.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the total was asked for.
    pub(super) fn is_counted(&self) -> bool {
        self.counted
    }
}
