//! [`Uses`]: what has gathered in memory since it was last written.
//!
//! The invariant: it holds [`MOST`] keys at most, and what it was told stays until it is written: a write that fails loses nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use kmip::Timestamp;
use kmip::enums::Operation;
use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

use super::Use;
use crate::registry::Client;

/// Keys of which uses gather: some 20 MiB. More in one interval are not noted; the journal has them.
const MOST: usize = 100_000;

/// Whose use it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) adapter: Uuid,
    pub(crate) object: Uuid,
}

/// What has gathered of a key.
#[derive(Clone, Default)]
pub(crate) struct Waiting {
    pub(super) last: Option<Last>,
    pub(super) count: u64,
    pub(super) other: Option<(Timestamp, Operation)>,
}

/// A use before its words are needed.
#[derive(Clone)]
pub(super) struct Last {
    at: Timestamp,
    client: Client,
    address: IpAddr,
}

impl Last {
    pub(super) fn to_use(&self) -> Use {
        Use::of(&self.client, self.address, self.at)
    }
}

impl Use {
    /// Somebody's, of which no more is known than that it was asked for.
    pub(crate) fn unknown(at: Timestamp) -> Self {
        Use { at, by: String::new(), name: String::new(), address: None }
    }

    /// This client's, now.
    pub(crate) fn of(client: &Client, address: IpAddr, at: Timestamp) -> Self {
        let (by, name) = (client.initiator().to_owned(), client.certificate().name.clone());
        Use { at, by, name, address: Some(address) }
    }
}

/// Uses that are not written yet.
#[derive(Default)]
pub(crate) struct Uses {
    waiting: Mutex<HashMap<Place, Waiting>>,
    pressing: Notify,
    overflowing: AtomicBool,
}

impl Uses {
    /// Notes that an operation was done on an object. One that makes an object is no use of it.
    pub(crate) fn note(&self, client: &Client, address: IpAddr, object: Uuid, operation: Operation, now: Timestamp) {
        if matches!(operation, Operation::Create | Operation::Register | Operation::ReKey) {
            return;
        }
        let place = Place { adapter: client.adapter().id, object };
        let mut all = self.waiting.lock();
        if all.len() >= MOST / 2 {
            self.pressing.notify_one();
        }
        let full = all.len() >= MOST;
        match all.entry(place) {
            Entry::Vacant(_) if full => self.overflow(),
            entry => entry.or_default().note(client, address, operation, now),
        }
    }

    fn overflow(&self) {
        if !self.overflowing.swap(true, Ordering::Relaxed) {
            tracing::warn!("more than {MOST} keys are used at a time: the last use of some is in the audit alone");
        }
    }

    /// Returns when half of the room is taken.
    pub(crate) async fn press(&self) {
        self.pressing.notified().await;
    }

    /// What waits of a key.
    pub(crate) fn waiting(&self, place: &Place) -> Option<Waiting> {
        self.waiting.lock().get(place).cloned()
    }

    /// All that waits, by adapter.
    pub(crate) fn by_adapter(&self) -> Vec<(Uuid, Vec<(Place, Waiting)>)> {
        let mut all: HashMap<Uuid, Vec<(Place, Waiting)>> = HashMap::new();
        for (place, waiting) in &*self.waiting.lock() {
            all.entry(place.adapter).or_default().push((*place, waiting.clone()));
        }
        all.into_iter().collect()
    }

    /// Takes away what was written; what came since stays.
    pub(crate) fn settle(&self, place: &Place, written: &Waiting) {
        let mut all = self.waiting.lock();
        if let Entry::Occupied(mut entry) = all.entry(*place)
            && entry.get_mut().is_settled(written)
        {
            entry.remove();
        }
        self.overflowing.store(false, Ordering::Relaxed);
    }

    /// Forgets an object that is no more.
    pub(crate) fn forget(&self, place: &Place) {
        self.waiting.lock().remove(place);
    }
}

impl Waiting {
    fn note(&mut self, client: &Client, address: IpAddr, operation: Operation, now: Timestamp) {
        if operation == Operation::Get {
            self.count += 1;
            self.last = Some(Last { at: now, client: client.clone(), address });
        } else {
            self.other = Some((now, operation));
        }
    }

    /// Whether nothing came since it was `written`; the count goes down by what was.
    fn is_settled(&mut self, written: &Waiting) -> bool {
        self.count = self.count.saturating_sub(written.count);
        let at = |waiting: &Waiting| waiting.last.as_ref().map(|last| last.at);
        self.count == 0 && at(self) == at(written) && self.other == written.other
    }
}
