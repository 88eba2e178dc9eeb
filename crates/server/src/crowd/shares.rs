//! [`Shares`]: how many connections one of many may have: the clients of one adapter, or one address.
//!
//! The invariant: each connection that counts holds exactly one share, and what is dropped is given back.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// See the module.
pub(crate) struct Shares<K> {
    each: usize,
    taken: Mutex<HashMap<K, usize>>,
}

/// A connection's share, given back when it is dropped.
pub(crate) struct Share<K: Copy + Eq + Hash> {
    shares: Arc<Shares<K>>,
    whose: K,
}

impl<K: Copy + Eq + Hash> Shares<K> {
    /// So many for each.
    pub(crate) fn new(each: usize) -> Arc<Self> {
        Arc::new(Shares { each, taken: Mutex::default() })
    }

    /// One of somebody's shares, unless all are taken; then, how many there are.
    pub(crate) fn take(self: &Arc<Self>, whose: K) -> Result<Share<K>, usize> {
        let mut taken = self.taken.lock();
        let count = taken.entry(whose).or_default();
        if *count >= self.each {
            return Err(self.each);
        }
        *count += 1;
        Ok(Share { shares: self.clone(), whose })
    }
}

impl<K: Copy + Eq + Hash> Share<K> {
    /// Whose share it is.
    pub(crate) fn whose(&self) -> K {
        self.whose
    }
}

impl<K: Copy + Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock();
        if let Some(count) = taken.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_and_gets_them_back() {
        let shares = Shares::new(2);
        let (a, b) = ('a', 'b');
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
