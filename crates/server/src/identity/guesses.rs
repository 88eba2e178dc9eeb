//! [`Guesses`]: failed attempts to show an API key or token, counted by address.
//!
//! The invariant: **only failures are counted**, so that nobody can lock somebody else's good key out; and what is kept of them is
//! bounded by the addresses of the last minutes.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// Failures at once, and then one in each interval.
const BURST: u32 = 10;
const INTERVAL: Duration = Duration::from_secs(6);
/// After so many failures, addresses that have not failed for a while are forgotten.
const SWEEP: u32 = 1024;

/// Failed attempts by address.
pub struct Guesses {
    limiter: RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>,
    seen: AtomicU32,
}

impl Guesses {
    /// Nobody has failed yet.
    pub fn new() -> Self {
        let burst = NonZeroU32::new(BURST).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(INTERVAL).unwrap_or(Quota::per_minute(burst)).allow_burst(burst);
        Guesses { limiter: RateLimiter::dashmap(quota), seen: AtomicU32::new(0) }
    }

    /// Counts a failure, and says whether the address has had too many.
    pub fn is_one_too_many(&self, peer: Option<IpAddr>) -> bool {
        if self.seen.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
        }
        peer.is_some_and(|peer| self.limiter.check_key(&block(peer)).is_err())
    }
}

impl Default for Guesses {
    fn default() -> Self {
        Self::new()
    }
}

/// Whom an address stands for: an IPv6 host has a whole /64 to guess from (RFC 4291, section 2.5.4).
fn block(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
    }
}
