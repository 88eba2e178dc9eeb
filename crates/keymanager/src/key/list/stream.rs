//! Keys of one source, in order, fetched a page at a time.
//!
//! The invariant: **a stream holds no more than a page, and where keys overtake each other, [`OVERTAKING`] more.**

use super::kmip::Span;
use super::order::{Sequence, Way};
use crate::ledger::space;
use crate::record::Entry;
use crate::{Call, Error, Key, KeyManager, KmipKey, KmipOrder, KmipPage};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use store::{Order, Scan, Term};
use uuid::Uuid;

/// Keys that are fetched at once, at the least and at the most.
const FETCHED: (usize, usize) = (8, 256);
/// Requests that are carried out at the same time may end in another order than they began in: keys within so many of each other are
/// put into the order of their times. An order of making that is further from that of the times (a clock was put back) stays.
const OVERTAKING: usize = 128;

/// What the streams of a list share.
pub(super) struct Source<'a> {
    pub(super) manager: &'a KeyManager,
    pub(super) call: &'a Call,
    pub(super) sequence: Sequence,
    /// Keys that have been found otherwise.
    pub(super) known: HashSet<Uuid>,
    /// In a list by identifier, the key that it goes on after.
    pub(super) after: Option<Uuid>,
}

/// A stream of keys.
pub(super) struct Stream {
    from: From,
    keys: VecDeque<Arc<Key>>,
    size: usize,
    ended: bool,
}

enum From {
    /// What was found before.
    Found,
    /// The key manager's own keys that bear a term.
    Own { term: Option<Term>, order: Order },
    /// KMIP objects.
    Kmip { which: Which, span: Span, order: KmipOrder },
}

/// Which KMIP objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    All,
    Live,
    Deleted,
}

impl<'a> Source<'a> {
    pub(super) fn new(manager: &'a KeyManager, call: &'a Call, sequence: Sequence) -> Self {
        Source { manager, call, sequence, known: HashSet::new(), after: None }
    }

    /// Own keys that bear a term.
    pub(super) fn own(&self, term: Option<Term>) -> Stream {
        let order = match self.sequence.way() {
            Way::Id { .. } | Way::Sorted => Order::Id { after: self.after.map(Uuid::into_bytes) },
            Way::Made { .. } => Order::Made { after: None },
        };
        Stream::new(From::Own { term, order })
    }

    /// KMIP objects in a span.
    pub(super) fn kmip(&self, which: Which, span: Span) -> Stream {
        let order = match self.sequence.way() {
            Way::Id { .. } | Way::Sorted => KmipOrder::Id { after: self.before(span) },
            Way::Made { .. } => KmipOrder::Made { after: None },
        };
        Stream::new(From::Kmip { which, span, order })
    }

    /// Keys that are known.
    pub(super) fn found(&self, mut keys: Vec<Arc<Key>>) -> Stream {
        keys.retain(|key| self.after.is_none_or(|after| self.is_after(key.id, after)));
        keys.sort_by(|one, other| self.sequence.compare(one, other));
        Stream { keys: keys.into(), ended: true, ..Stream::new(From::Found) }
    }

    /// The identifier that is just before a span, in the list's direction, or where the list goes on, whichever is later; none for
    /// the beginning.
    fn before(&self, span: Span) -> Option<Uuid> {
        let neighbour = match span {
            Span::All | Span::Beside(..) => None,
            Span::Between(_, last) if self.descending() => last.as_u128().checked_add(1),
            Span::Between(first, _) => first.as_u128().checked_sub(1),
        };
        match (neighbour.map(Uuid::from_u128), self.after) {
            (Some(neighbour), Some(after)) => Some(if self.is_after(after, neighbour) { after } else { neighbour }),
            (neighbour, after) => neighbour.or(after),
        }
    }

    fn is_after(&self, id: Uuid, other: Uuid) -> bool {
        if self.descending() { id < other } else { id > other }
    }

    fn descending(&self) -> bool {
        match self.sequence.way() {
            Way::Id { descending } | Way::Made { descending } => descending,
            Way::Sorted => false,
        }
    }

    /// How many keys must be at hand before the first of them is known to be the first.
    fn overtaking(&self) -> usize {
        match self.sequence.way() {
            Way::Id { .. } | Way::Sorted => 0,
            Way::Made { .. } => OVERTAKING,
        }
    }

    /// Whether KMIP objects after this one can be in a span.
    fn goes_on(&self, span: Span, last: &KmipKey) -> bool {
        match (span, self.sequence.way()) {
            (Span::All | Span::Beside(..), _) | (Span::Between(..), Way::Made { .. }) => true,
            (Span::Between(_, end), Way::Id { descending: false } | Way::Sorted) => last.id < end,
            (Span::Between(end, _), Way::Id { descending: true }) => last.id > end,
        }
    }
}

impl Stream {
    fn new(from: From) -> Self {
        Stream { from, keys: VecDeque::new(), size: FETCHED.0, ended: false }
    }

    /// How many keys are fetched first.
    pub(super) fn sized(mut self, size: usize) -> Self {
        self.size = size.clamp(FETCHED.0, FETCHED.1);
        self
    }

    /// The next key of the stream, as it is now.
    pub(super) async fn peek(&mut self, source: &Source<'_>) -> Result<Option<&Arc<Key>>, Error> {
        while !self.ended && self.keys.len() <= source.overtaking() {
            self.fetch(source).await?;
            // A long list must not keep others from their turn.
            tokio::task::yield_now().await;
        }
        Ok(self.keys.front())
    }

    pub(super) fn pop(&mut self) -> Option<Arc<Key>> {
        self.keys.pop_front()
    }

    async fn fetch(&mut self, source: &Source<'_>) -> Result<(), Error> {
        let limit = self.size;
        self.size = limit.saturating_mul(2).min(FETCHED.1);
        let (keys, ended) = match &mut self.from {
            From::Found => (Vec::new(), true),
            From::Own { term, order } => own(source, *term, order, limit).await?,
            From::Kmip { which, span, order } => kmip(source, (*which, *span), order, limit).await?,
        };
        self.ended = ended;
        self.keys.extend(keys.into_iter().filter(|key| !source.known.contains(&key.id)));
        if source.overtaking() > 0 {
            self.keys.make_contiguous().sort_by(|one, other| source.sequence.compare(one, other));
        }
        Ok(())
    }
}

type Fetched = (Vec<Arc<Key>>, bool);

async fn own(source: &Source<'_>, term: Option<Term>, order: &mut Order, limit: usize) -> Result<Fetched, Error> {
    let (space, kind, descending) = (space(source.call.instance), Key::KIND, source.descending());
    let scan = Scan { space, kind, term, order: *order, descending, limit };
    let (keys, more) = source.manager.ledger.scan::<Key>(&scan).await?;
    if let Some((cursor, key)) = keys.last() {
        *order = match order {
            Order::Id { .. } => Order::Id { after: Some(*key.id.as_bytes()) },
            Order::Made { .. } => Order::Made { after: Some(*cursor) },
        };
    }
    let ended = !more || keys.is_empty();
    Ok((keys.into_iter().map(|(_, key)| Key::at(key, source.call.now)).collect(), ended))
}

async fn kmip(
    source: &Source<'_>,
    (which, span): (Which, Span),
    order: &mut KmipOrder,
    limit: usize,
) -> Result<Fetched, Error> {
    let (service, instance) = (source.manager.kmip(), source.call.instance);
    let page = KmipPage { by: *order, descending: source.descending(), limit };
    let keys = match which {
        Which::All => service.list(instance, page).await?,
        Which::Live => service.list_by_state(instance, page, false).await?,
        Which::Deleted => service.list_by_state(instance, page, true).await?,
    };
    let Some(last) = keys.last() else { return Ok((Vec::new(), true)) };
    *order = order.following(last);
    let ended = !source.goes_on(span, last);
    let within = keys.iter().filter(|key| span.has(key.id));
    Ok((within.map(|key| Arc::new(Key::of_kmip(instance, key))).collect(), ended))
}
