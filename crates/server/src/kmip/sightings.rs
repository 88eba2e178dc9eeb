//! [`Sightings`]: how far the pairing with an adapter's clients has come, as it was seen on the wire.
//!
//! The invariant: **to see costs nearly nothing**: what was noted within the last second is not noted again, and then no lock is taken.
//! It is kept in memory and bounded, and nothing is decided by it.

use engine::registry::Adapter;
use kmip::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// For how many adapters sightings are kept.
const ADAPTERS: usize = 4096;
/// How often a step is noted, at most, in milliseconds.
const EVERY: u64 = 1000;

/// A step of the pairing, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A connection came to the door.
    Tcp,
    /// A TLS handshake was finished at the door, with a client certificate or without.
    Tls,
    /// A client's certificate was admitted.
    Certificate,
    /// A client asked which KMIP versions there are.
    DiscoverVersions,
    /// A client had a key made.
    Create,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Step; 5] = [Step::Tcp, Step::Tls, Step::Certificate, Step::DiscoverVersions, Step::Create];
}

/// When a step was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// The client's address.
    pub address: IpAddr,
    /// What was seen: the TLS version and cipher suite, the certificate's name. May be empty.
    pub detail: String,
}

/// What was seen at one door, or of one adapter's clients.
#[derive(Default)]
pub(super) struct Track([Slot; 5]);

#[derive(Default)]
struct Slot {
    noted: AtomicI64,
    seen: Mutex<Option<Seen>>,
}

/// See the module.
#[derive(Default)]
pub struct Sightings {
    shared: Arc<Track>,
    adapters: Mutex<HashMap<Uuid, Arc<Track>>>,
}

impl Sightings {
    /// What was last seen of each step, in the order of [`Step::ALL`]. A connection and its handshake are seen at a door, the rest is
    /// the adapter's own.
    pub fn of(&self, adapter: &Adapter) -> [Option<Seen>; 5] {
        let own = self.adapters.lock().get(&adapter.id).cloned();
        Step::ALL.map(|step| {
            let own = own.as_ref().and_then(|track| track.seen(step));
            let shared = if is_shared(adapter, step) { self.shared.seen(step) } else { None };
            [own, shared].into_iter().flatten().max_by_key(|seen| seen.at)
        })
    }

    /// Where to note what is seen at the shared door.
    pub(super) fn at_shared_door(&self) -> Arc<Track> {
        self.shared.clone()
    }

    /// Where to note what is seen of an adapter, at its own door or of its clients.
    pub(super) fn of_adapter(&self, adapter: Uuid) -> Arc<Track> {
        let mut adapters = self.adapters.lock();
        if adapters.len() >= ADAPTERS && !adapters.contains_key(&adapter) {
            let stalest = adapters.iter().min_by_key(|(_, track)| track.last()).map(|(id, _)| *id);
            stalest.and_then(|id| adapters.remove(&id));
        }
        adapters.entry(adapter).or_default().clone()
    }
}

/// Whether a step is seen at the shared door for this adapter too.
fn is_shared(adapter: &Adapter, step: Step) -> bool {
    match step {
        // A host name is asked for at the shared port.
        Step::Tcp => adapter.door.shared || !adapter.door.names.is_empty(),
        Step::Tls => adapter.door.shared,
        Step::Certificate | Step::DiscoverVersions | Step::Create => false,
    }
}

impl Track {
    /// Notes that a step was seen, unless it was within the last second.
    pub(super) fn note(&self, step: Step, now: Timestamp, address: IpAddr, detail: impl FnOnce() -> String) {
        let slot = &self.0[step as usize];
        let noted = slot.noted.load(Ordering::Relaxed);
        if noted.abs_diff(now.millis()) < EVERY {
            return;
        }
        slot.noted.store(now.millis(), Ordering::Relaxed);
        *slot.seen.lock() = Some(Seen { at: now, address, detail: detail() });
    }

    fn seen(&self, step: Step) -> Option<Seen> {
        self.0[step as usize].seen.lock().clone()
    }

    fn last(&self) -> i64 {
        self.0.iter().map(|slot| slot.noted.load(Ordering::Relaxed)).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_noted_once_a_second_even_when_the_clock_goes_back() {
        let track = Track::default();
        for (at, seen) in [(10_000, 10_000), (10_999, 10_000), (11_000, 11_000), (10_500, 11_000), (5_000, 5_000)] {
            let address = IpAddr::from([192, 0, 2, 1]);
            track.note(Step::Create, Timestamp::from_millis(at), address, String::new);
            assert_eq!(track.seen(Step::Create).unwrap().at.millis(), seen, "at {at}");
        }
        assert!(track.seen(Step::DiscoverVersions).is_none());
    }

    #[test]
    fn the_adapter_that_was_seen_longest_ago_gives_way() {
        let sightings = Sightings::default();
        for number in 0..=ADAPTERS {
            let (at, address) = (i64::try_from(number).unwrap() + 10_000, IpAddr::from([192, 0, 2, 1]));
            let track = sightings.of_adapter(Uuid::from_u128(number as u128));
            track.note(Step::Tls, Timestamp::from_millis(at), address, String::new);
        }
        let adapters = sightings.adapters.lock();
        assert_eq!(adapters.len(), ADAPTERS);
        assert!(!adapters.contains_key(&Uuid::from_u128(0)) && adapters.contains_key(&Uuid::from_u128(1)));
    }
}
