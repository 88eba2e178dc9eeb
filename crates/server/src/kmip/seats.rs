//! [`Seats`]: how many connections there may be, in all and from one address.

use crate::config::Limits;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The seats of a port.
pub(super) struct Seats {
    all: usize,
    each: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
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

impl Seats {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Seats { all: limits.connections, each: limits.connections_per_address, taken: Mutex::default() })
    }

    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Full> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.all {
            return Err(Full::All(self.all));
        }
        let here = taken.by_address.entry(address).or_default();
        if *here >= self.each {
            return Err(Full::Address(self.each));
        }
        *here += 1;
        taken.all += 1;
        Ok(Seat { seats: self.clone(), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(here) = taken.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn seats_are_counted_in_all_and_by_address_and_given_back() {
        let limits = Limits { connections: 3, connections_per_address: 2, ..Config::new("x".into()).limits };
        let seats = Seats::new(&limits);
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = seats.take(a);
        let _second = seats.take(a);
        assert!(matches!(seats.take(a), Err(Full::Address(2))));
        let _third = seats.take(b);
        assert!(matches!(seats.take(b), Err(Full::All(3))));
        drop(first);
        let _fourth = seats.take(b).unwrap_or_else(|full| panic!("{full}"));
        drop((_second, _third, _fourth));
        assert!(seats.taken.lock().unwrap().by_address.is_empty());
    }
}
