//! [`Seats`]: how many connections there may be: waiting to be let in, and seated, in all and from one address.
//!
//! The invariant: **a newcomer always finds room to wait**, whoever else waits; and who was let in is never turned out for one who
//! wasn't.

mod queue;

use crate::config::Limits;
use queue::{Place, Queue};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// The seats of all ports.
pub(super) struct Seats {
    all: usize,
    each: usize,
    room: Mutex<Room>,
}

struct Room {
    waiting: Queue,
    seated: usize,
    seated_from: HashMap<IpAddr, usize>,
}

/// A connection that waits to be let in. Dropped, it waits no longer.
pub(super) struct Waiting {
    seats: Arc<Seats>,
    address: IpAddr,
    place: Place,
    crowded: oneshot::Receiver<()>,
}

/// A seat, given back when it is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

/// Why there is no seat.
#[derive(Debug, thiserror::Error)]
pub(super) enum Full {
    #[error("there are {0} already (limits.connections)")]
    All(usize),
    #[error("there are {0} from its address already (limits.connections_per_address)")]
    Address(usize),
}

/// Why a wait came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Its time is over.
    Time,
    /// The room was wanted for somebody else.
    Crowded,
}

impl Seats {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let room = Room { waiting: Queue::new(limits.waiting), seated: 0, seated_from: HashMap::new() };
        Arc::new(Seats { all: limits.connections, each: limits.connections_per_address, room: Mutex::new(room) })
    }

    /// Has a connection wait. Where there is no room for it, another one's wait ends: the longest of the address that has most.
    pub(super) fn wait(self: &Arc<Self>, address: IpAddr) -> Waiting {
        let address = address.to_canonical();
        let (notice, crowded) = oneshot::channel();
        let place = self.room().waiting.join(address, notice);
        Waiting { seats: self.clone(), address, place, crowded }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Waits for `work`, but not beyond the deadline, nor when its room is wanted.
    pub(super) async fn until<T>(&mut self, deadline: Instant, work: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            biased;
            _ = &mut self.crowded => Err(Cut::Crowded),
            done = timeout_at(deadline, work) => done.map_err(|_| Cut::Time),
        }
    }

    /// The address is another than was thought: a load balancer has said whom it stands for.
    pub(super) fn is_from(&mut self, address: IpAddr) {
        let address = address.to_canonical();
        let mut room = self.seats.room();
        if let Some(place) = room.waiting.relocate(self.place, address) {
            (self.place, self.address) = (place, address);
        }
    }

    /// Takes a seat.
    pub(super) fn sit(self) -> Result<Seat, Full> {
        let (seats, address) = (self.seats.clone(), self.address);
        drop(self);
        let mut room = seats.room();
        if room.seated >= seats.all {
            return Err(Full::All(seats.all));
        }
        let here = room.seated_from.entry(address).or_default();
        if *here >= seats.each {
            return Err(Full::Address(seats.each));
        }
        *here += 1;
        room.seated += 1;
        drop(room);
        Ok(Seat { seats, address })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.seats.room().waiting.leave(self.place);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut room = self.seats.room();
        room.seated -= 1;
        if let Some(here) = room.seated_from.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                room.seated_from.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::future::pending;
    use std::time::Duration;

    fn seats(waiting: usize) -> Arc<Seats> {
        let limits = Config::new("x".into()).limits;
        Seats::new(&Limits { connections: 3, connections_per_address: 2, waiting, ..limits })
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[test]
    fn seats_are_counted_in_all_and_by_address_and_given_back() {
        let seats = seats(9);
        let sit = |last| seats.wait(address(last)).sit();
        let first = sit(1);
        let _second = sit(1);
        assert!(matches!(sit(1), Err(Full::Address(2))));
        let _third = sit(2);
        assert!(matches!(sit(2), Err(Full::All(3))));
        drop(first);
        let _fourth = sit(2).unwrap_or_else(|full| panic!("{full}"));
        drop((_second, _third, _fourth));
        assert!(seats.room().seated_from.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_wait_of_the_address_with_most_makes_room() {
        let seats = seats(3);
        let mut honest = seats.wait(address(1));
        let mut flood = [seats.wait(address(2)), seats.wait(address(2))];
        let mut newcomer = seats.wait(address(3));
        let soon = Instant::now() + Duration::from_secs(1);
        let mut cuts = Vec::new();
        for waiting in [&mut honest, &mut newcomer].into_iter().chain(&mut flood) {
            cuts.push(waiting.until(soon, pending::<()>()).await.unwrap_err());
        }
        assert_eq!(cuts, [Cut::Time, Cut::Time, Cut::Crowded, Cut::Time]);
        assert!(honest.sit().is_ok() && newcomer.sit().is_ok());
    }

    #[test]
    fn whom_a_load_balancer_stands_for_is_who_counts() {
        let seats = seats(9);
        let mut waiting = [1, 2, 3].map(|_| seats.wait(address(9)));
        waiting.iter_mut().for_each(|it| it.is_from(address(1)));
        let seated: Vec<_> = waiting.into_iter().map(Waiting::sit).collect();
        assert!(matches!(&seated[..], [Ok(_), Ok(_), Err(Full::Address(2))]));
    }
}
