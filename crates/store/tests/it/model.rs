//! What a store means, as simply as it can be said: vectors, searched from front to back.

use store::{Batch, Change, Error, Expect, Key, Order, Query, Record, Scan, Term};

/// A record with its terms, in the order of first put.
#[derive(Clone, Debug)]
struct Held {
    /// Counts those that were put before it, and itself.
    place: u64,
    key: Key,
    version: u64,
    body: Vec<u8>,
    terms: Vec<Term>,
}

/// The whole store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    held: Vec<Held>,
    last_place: u64,
    pub(crate) events: Vec<Vec<u8>>,
}

impl Model {
    pub(crate) fn get(&self, key: &Key) -> Option<(u64, Vec<u8>)> {
        self.held.iter().find(|held| held.key == *key).map(|held| (held.version, held.body.clone()))
    }

    /// Keys that a query finds, without its cursor and limit.
    pub(crate) fn find(&self, query: &Query) -> Vec<Key> {
        let found = self.held.iter().filter(|held| {
            held.key.space == query.space
                && held.key.kind == query.kind
                && query.terms.iter().all(|term| held.terms.contains(term))
        });
        found.map(|held| held.key).collect()
    }

    /// What a scan finds, without its limit. In the order of making, places and cursor are the model's own.
    pub(crate) fn scan(&self, scan: &Scan) -> Vec<(u64, Record)> {
        let mut held: Vec<_> = self.held.iter().filter(|held| follows(held, scan) && belongs(held, scan)).collect();
        if let Order::Id { .. } = scan.order {
            held.sort_by_key(|held| held.key.id);
        }
        if scan.descending {
            held.reverse();
        }
        let record = |held: &Held| Record::new(held.key, held.version, held.body.clone().into());
        held.into_iter().map(|held| (held.place, record(held))).collect()
    }

    pub(crate) fn commit(&mut self, batch: &Batch) -> Result<(), Error> {
        let mut next = self.clone();
        let mut seen = Vec::new();
        for change in &batch.changes {
            let key = next.apply(change)?;
            if seen.contains(&key) {
                return Err(Error::Conflict(key));
            }
            seen.push(key);
        }
        next.events.extend(batch.events.iter().cloned());
        *self = next;
        Ok(())
    }

    fn apply(&mut self, change: &Change) -> Result<Key, Error> {
        match change {
            Change::Put { key, expect, body, terms } => {
                let at = self.expect(key, *expect)?;
                let (body, terms) = (body.clone(), terms.clone());
                match at {
                    Some(at) => {
                        let Held { place, version, .. } = self.held[at];
                        self.held[at] = Held { place, key: *key, version: version + 1, body, terms };
                    }
                    None => {
                        self.last_place += 1;
                        self.held.push(Held { place: self.last_place, key: *key, version: 1, body, terms });
                    }
                }
                Ok(*key)
            }
            Change::Delete { key, version } => {
                let at = self.expect(key, Expect::Version(*version))?;
                self.held.remove(at.unwrap());
                Ok(*key)
            }
            Change::Check { key, expect } => self.expect(key, *expect).map(|_| *key),
        }
    }

    fn expect(&self, key: &Key, expect: Expect) -> Result<Option<usize>, Error> {
        let at = self.held.iter().position(|held| held.key == *key);
        match expect {
            Expect::Absent if at.is_none() => Ok(None),
            Expect::Version(version) if at.is_some_and(|at| self.held[at].version == version) => Ok(at),
            Expect::Absent | Expect::Version(_) => Err(Error::Conflict(*key)),
        }
    }
}

fn belongs(held: &Held, scan: &Scan) -> bool {
    held.key.space == scan.space
        && held.key.kind == scan.kind
        && scan.term.is_none_or(|term| held.terms.contains(&term))
}

fn follows(held: &Held, scan: &Scan) -> bool {
    let way = match scan.order {
        Order::Id { after } => after.map(|after| held.key.id.cmp(&after)),
        Order::Made { after } => after.map(|after| held.place.cmp(&after)),
    };
    way.is_none_or(|way| if scan.descending { way.is_lt() } else { way.is_gt() })
}
