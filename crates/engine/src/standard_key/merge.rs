//! One list over all adapters of an instance, each of which has its objects in order.
//!
//! The invariant: from no adapter are more records read than a page has, and a page is short only where nothing follows.

use std::collections::VecDeque;
use std::sync::Arc;

use store::{Order, Record, Scan};

use super::{StandardKey, StandardKeyPage};
use crate::Engine;
use crate::manage::Error;
use crate::record::OBJECT;
use crate::registry::Adapter;
use crate::viewer::Viewer;

/// Records that are read from an adapter at a time, at least.
const LEAST: usize = 16;

/// The page, with the place of each key.
pub(super) async fn page(
    engine: &Engine,
    adapters: Vec<Arc<Adapter>>,
    page: &StandardKeyPage,
) -> Result<Vec<(u64, StandardKey)>, Error> {
    let share = (page.limit / adapters.len().max(1)).max(LEAST);
    let mut streams: Vec<Stream> = adapters.into_iter().map(|adapter| Stream::new(adapter, page)).collect();
    let mut keys = Vec::new();
    while keys.len() < page.limit {
        for stream in &mut streams {
            stream.fill(engine, share.min(page.limit - keys.len())).await?;
        }
        let Some(first) = first(&mut streams, page) else { break };
        keys.extend(first.take(engine).await);
    }
    Ok(keys)
}

/// The stream whose next record comes first.
fn first<'s>(streams: &'s mut [Stream], page: &StandardKeyPage) -> Option<&'s mut Stream> {
    let waiting = streams.iter_mut().filter_map(|stream| Some((stream.rank()?, stream)));
    let first =
        if page.descending { waiting.max_by_key(|(rank, _)| *rank) } else { waiting.min_by_key(|(rank, _)| *rank) };
    first.map(|(_, stream)| stream)
}

/// An adapter's objects in order.
struct Stream {
    adapter: Arc<Adapter>,
    scan: Scan,
    waiting: VecDeque<(u64, Record)>,
    more: bool,
    viewer: Option<Viewer>,
}

impl Stream {
    fn new(adapter: Arc<Adapter>, page: &StandardKeyPage) -> Self {
        let StandardKeyPage { order, descending, limit } = *page;
        let scan = Scan { space: adapter.space(), kind: OBJECT, term: None, order, descending, limit };
        Stream { adapter, scan, waiting: VecDeque::new(), more: true, viewer: None }
    }

    /// Reads on, where nothing waits and something may follow.
    async fn fill(&mut self, engine: &Engine, limit: usize) -> Result<(), Error> {
        if self.more && self.waiting.is_empty() {
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

    /// The next key, unless its record can't be read.
    async fn take(&mut self, engine: &Engine) -> Option<(u64, StandardKey)> {
        let (place, record) = self.waiting.pop_front()?;
        let viewer = match &mut self.viewer {
            Some(viewer) => viewer,
            none => none.insert(Viewer::new(&engine.keyring, &self.adapter).await),
        };
        let viewed = viewer.try_view(&record)?;
        Some((place, StandardKey::of(&self.adapter, &viewed)))
    }
}

/// The same order, after a record.
fn after(order: Order, place: u64, record: &Record) -> Order {
    match order {
        Order::Id { .. } => Order::Id { after: Some(record.key.id) },
        Order::Made { .. } => Order::Made { after: Some(place) },
    }
}
