//! One list over all adapters of an instance, each of which has its objects in order.
//!
//! The invariant: from no stream are more records read than a page has, but for those that are passed over and as many again; and a
//! page is short only where nothing follows.

use std::collections::VecDeque;
use std::sync::Arc;

use store::{Order, Record, Scan, Term};

use super::{StandardKey, StandardKeyPage, Which};
use crate::Engine;
use crate::manage::Error;
use crate::record::{DELETED, DESTROYED, OBJECT};
use crate::registry::Adapter;
use crate::viewer::Viewer;

/// Records that are read from a stream at a time, at least, where a page has room for them.
const LEAST: usize = 16;
/// Records that are read from a stream at a time for as many that were passed over, at most.
const MOST: usize = 256;

/// The page, with the place of each key.
pub(super) async fn page(
    engine: &Engine,
    adapters: Vec<Arc<Adapter>>,
    page: &StandardKeyPage,
) -> Result<Vec<(u64, StandardKey)>, Error> {
    let mut streams = Vec::new();
    for adapter in adapters {
        let terms = terms(engine, &adapter, page.which).await?;
        streams.extend(terms.iter().map(|term| Stream::new(Arc::clone(&adapter), *term, page)));
    }
    let share = (page.limit / streams.len().max(1)).max(LEAST);
    let mut keys: Vec<(u64, StandardKey)> = Vec::new();
    while keys.len() < page.limit {
        for stream in &mut streams {
            stream.fill(engine, share.min(page.limit - keys.len())).await?;
        }
        let Some(first) = first(&mut streams, page) else { break };
        let key = first.take(engine).await;
        // What was deleted when one stream was read can be destroyed when the other is.
        let is_new = |(_, key): &(u64, StandardKey)| keys.last().is_none_or(|(_, last)| last.id != key.id);
        keys.extend(key.filter(is_new));
    }
    Ok(keys)
}

/// The terms of an adapter's objects of which each that is asked for bears one; none: all have to be looked at.
async fn terms(engine: &Engine, adapter: &Adapter, which: Which) -> Result<Vec<Option<Term>>, Error> {
    Ok(match which {
        Which::Deleted if is_indexed(engine, adapter).await? => vec![Some(DELETED), Some(DESTROYED)],
        Which::All | Which::Live | Which::Deleted => vec![None],
    })
}

/// Whether all that is destroyed of an adapter's objects bears its term. Those versions that gave no such terms kept no creator either,
/// and what they made comes before all that was made since.
async fn is_indexed(engine: &Engine, adapter: &Adapter) -> Result<bool, Error> {
    let (space, order) = (adapter.space(), Order::Made { after: None });
    let first = Scan { space, kind: OBJECT, term: None, order, descending: false, limit: 1 };
    let page = engine.store.scan(&first).await?;
    let Some((_, record)) = page.records.first() else { return Ok(true) };
    let viewed = Viewer::new(&engine.keyring, adapter).await.try_view(record);
    Ok(viewed.is_some_and(|viewed| viewed.object.history.created_by.is_some()))
}

/// The stream whose next record comes first.
fn first<'s>(streams: &'s mut [Stream], page: &StandardKeyPage) -> Option<&'s mut Stream> {
    let waiting = streams.iter_mut().filter_map(|stream| Some((stream.rank()?, stream)));
    let first =
        if page.descending { waiting.max_by_key(|(rank, _)| *rank) } else { waiting.min_by_key(|(rank, _)| *rank) };
    first.map(|(_, stream)| stream)
}

/// An adapter's objects, or those of them that bear a term, in order.
struct Stream {
    adapter: Arc<Adapter>,
    which: Which,
    scan: Scan,
    waiting: VecDeque<(u64, Record)>,
    more: bool,
    /// How many records were passed over.
    passed: usize,
    viewer: Option<Viewer>,
}

impl Stream {
    fn new(adapter: Arc<Adapter>, term: Option<Term>, page: &StandardKeyPage) -> Self {
        let StandardKeyPage { which, order, descending, limit } = *page;
        let scan = Scan { space: adapter.space(), kind: OBJECT, term, order, descending, limit };
        Stream { adapter, which, scan, waiting: VecDeque::new(), more: true, passed: 0, viewer: None }
    }

    /// Reads on, where nothing waits and something may follow.
    async fn fill(&mut self, engine: &Engine, limit: usize) -> Result<(), Error> {
        if self.more && self.waiting.is_empty() {
            let limit = limit.max(self.passed.min(MOST));
            let page = engine.store.scan(&Scan { limit, ..self.scan }).await?;
            self.more = page.more && !page.records.is_empty();
            if let Some((place, record)) = page.records.last() {
                self.scan.order = after(self.scan.order, *place, record);
            }
            self.waiting = page.records.into();
        }
        Ok(())
    }

    /// Where the next record stands among all.
    fn rank(&self) -> Option<([u8; 16], u64)> {
        let (place, record) = self.waiting.front()?;
        Some(match self.scan.order {
            Order::Id { .. } => (record.key.id, 0),
            Order::Made { .. } => ([0; 16], *place),
        })
    }

    /// The next key, unless its record can't be read or it isn't asked for.
    async fn take(&mut self, engine: &Engine) -> Option<(u64, StandardKey)> {
        let (place, record) = self.waiting.pop_front()?;
        let viewer = match &mut self.viewer {
            Some(viewer) => viewer,
            none => none.insert(Viewer::new(&engine.keyring, &self.adapter).await),
        };
        let key = viewer.try_view(&record).map(|viewed| StandardKey::of(&self.adapter, &viewed));
        let asked = key.filter(|key| self.which.has(key));
        self.passed += usize::from(asked.is_none());
        Some((place, asked?))
    }
}

/// The same order, after a record.
fn after(order: Order, place: u64, record: &Record) -> Order {
    match order {
        Order::Id { .. } => Order::Id { after: Some(record.key.id) },
        Order::Made { .. } => Order::Made { after: Some(place) },
    }
}
