//! [`Queue`]: who waits, by address, and whose wait ends when another one wants the room.
//!
//! The invariant: **the addresses are in order of how many wait from each, and then of how long**, so that the one that has to give way
//! is found without looking at all. IPv6 addresses of one /64 are one: whoever has one of them has them all.

use crate::crowd::block;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use tokio::sync::oneshot;

/// See the module.
pub(super) struct Queue {
    room: usize,
    count: usize,
    next: u64,
    lines: HashMap<IpAddr, Line>,
    /// How many wait from an address, and the longest-waiting one of them: the last gives way first.
    order: BTreeSet<(usize, Reverse<u64>, IpAddr)>,
}

/// Those of one address, in the order in which they came. Who waits hears it when its notice is dropped.
type Line = BTreeMap<u64, oneshot::Sender<()>>;

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    line: IpAddr,
    number: u64,
}

impl Queue {
    /// With room for so many, one at least.
    pub(super) fn new(room: usize) -> Self {
        Queue { room: room.max(1), count: 0, next: 0, lines: HashMap::new(), order: BTreeSet::new() }
    }

    /// Takes somebody in, at the cost of another where there is no room.
    pub(super) fn join(&mut self, address: IpAddr, notice: oneshot::Sender<()>) -> Place {
        while self.count >= self.room && self.make_room() {}
        let place = Place { line: block(address), number: self.next };
        self.next += 1;
        self.put(place, notice);
        place
    }

    /// Lets somebody go, who may be gone already.
    pub(super) fn leave(&mut self, place: Place) {
        drop(self.take(place));
    }

    /// Moves somebody to another address; its time goes on. None: it is gone already.
    pub(super) fn relocate(&mut self, place: Place, address: IpAddr) -> Option<Place> {
        let notice = self.take(place)?;
        let place = Place { line: block(address), ..place };
        self.put(place, notice);
        Some(place)
    }

    fn make_room(&mut self) -> bool {
        let Some((_, Reverse(number), line)) = self.order.last().copied() else { return false };
        self.take(Place { line, number }).is_some()
    }

    fn put(&mut self, place: Place, notice: oneshot::Sender<()>) {
        self.change(place.line, |line| line.insert(place.number, notice));
        self.count += 1;
    }

    fn take(&mut self, place: Place) -> Option<oneshot::Sender<()>> {
        let notice = self.change(place.line, |line| line.remove(&place.number))?;
        self.count -= 1;
        Some(notice)
    }

    fn change<T>(&mut self, address: IpAddr, change: impl FnOnce(&mut Line) -> T) -> T {
        let line = self.lines.entry(address).or_default();
        if let Some(rank) = rank(address, line) {
            self.order.remove(&rank);
        }
        let changed = change(line);
        match rank(address, line) {
            Some(rank) => drop(self.order.insert(rank)),
            None => drop(self.lines.remove(&address)),
        }
        changed
    }
}

fn rank(address: IpAddr, line: &Line) -> Option<(usize, Reverse<u64>, IpAddr)> {
    line.first_key_value().map(|(longest, _)| (line.len(), Reverse(*longest), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_most_gives_way_and_nothing_is_left_behind() {
        // Who comes in turn, and whose wait has ended after the last.
        let cases: [(&[&str], &[usize]); 5] = [
            (&["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"], &[0]),
            (&["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"], &[0]),
            (&["192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.2", "192.0.2.2"], &[1, 2]),
            (&["192.0.2.1", "2001:db8::1", "2001:db8::2", "192.0.2.3"], &[1]),
            (&["192.0.2.1", "2001:db8:0:1::", "2001:db8:0:2::", "192.0.2.3"], &[0]),
        ];
        for (addresses, gone) in cases {
            let mut queue = Queue::new(3);
            let mut waits: Vec<_> = addresses.iter().map(|text| join(&mut queue, text)).collect();
            let ended: Vec<usize> = (0..waits.len()).filter(|at| waits[*at].1.try_recv() != EMPTY).collect();
            assert_eq!((ended.as_slice(), queue.count), (gone, 3), "{addresses:?}");
            waits.iter().for_each(|(place, _)| queue.leave(*place));
            assert!(queue.lines.is_empty() && queue.order.is_empty() && queue.count == 0);
        }
    }

    const EMPTY: Result<(), oneshot::error::TryRecvError> = Err(oneshot::error::TryRecvError::Empty);

    fn join(queue: &mut Queue, address: &str) -> (Place, oneshot::Receiver<()>) {
        let (notice, hears) = oneshot::channel();
        (queue.join(address.parse().unwrap(), notice), hears)
    }
}
