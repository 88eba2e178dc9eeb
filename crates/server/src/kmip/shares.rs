//! [`Shares`]: how many connections the clients of one adapter may have.
//!
//! The invariant: each admitted connection holds exactly one share, and what is dropped is given back.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// See the module.
pub(super) struct Shares {
    each: usize,
    taken: Mutex<HashMap<Uuid, usize>>,
}

/// A connection's share, given back when it is dropped.
pub(super) struct Share {
    shares: Arc<Shares>,
    adapter: Uuid,
}

impl Shares {
    /// So many for each adapter.
    pub(super) fn new(each: usize) -> Arc<Self> {
        Arc::new(Shares { each, taken: Mutex::default() })
    }

    /// A share of an adapter, unless all are taken; then, how many there are.
    pub(super) fn take(self: &Arc<Self>, adapter: Uuid) -> Result<Share, usize> {
        let mut taken = self.taken.lock();
        let count = taken.entry(adapter).or_default();
        if *count >= self.each {
            return Err(self.each);
        }
        *count += 1;
        Ok(Share { shares: self.clone(), adapter })
    }
}

impl Share {
    /// Whose share it is.
    pub(super) fn adapter(&self) -> Uuid {
        self.adapter
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock();
        if let Some(count) = taken.get_mut(&self.adapter) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.adapter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_adapter_has_its_own_and_gets_them_back() {
        let shares = Shares::new(2);
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = shares.take(a).unwrap();
        let _second = shares.take(a).unwrap();
        assert_eq!(shares.take(a).map(drop), Err(2));
        let _other = shares.take(b).unwrap();
        drop(first);
        let _third = shares.take(a).unwrap();
        drop((_second, _third, _other));
        assert!(shares.taken.lock().is_empty());
    }
}
