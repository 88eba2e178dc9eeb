//! Which of several index terms the fewest records bear, without counting them.
//!
//! Records stand in the order in which they were made. How close together those are that bear a term is seen from the first few and
//! the last few of them, and how far they reach from the first and the last. The invariant: **a guess costs a bounded number of
//! look-ups, and decides how much work a list is, never what is in it.**

use super::stream::Source;
use crate::ledger::space;
use crate::record::Entry;
use crate::{Error, Key};
use store::{Order, Scan, Term};

/// Records that are looked at from either end, for each path; two for each of its terms at the least.
const LOOKED_AT: usize = 16;

/// Terms of which each record that is looked for bears one.
pub(super) type Path = Vec<Option<Term>>;

impl Source<'_> {
    /// The paths with about how many records each leads by, the fewest first; there is no need to guess about a single one.
    pub(super) async fn ranked(&self, paths: Vec<Path>) -> Result<Vec<(u64, Path)>, Error> {
        let mut ranked = Vec::with_capacity(paths.len());
        let choice = paths.len() > 1;
        for path in paths {
            let mut records = 0_u64;
            if choice {
                let each = (LOOKED_AT / path.len().max(1)).max(2);
                for term in &path {
                    records = records.saturating_add(self.guess(*term, each).await?);
                }
            }
            ranked.push((records, path));
        }
        ranked.sort_by_key(|(records, _)| *records);
        Ok(ranked)
    }

    /// About how many records bear a term; exactly, if they are few.
    async fn guess(&self, term: Option<Term>, looked_at: usize) -> Result<u64, Error> {
        let first = self.places(term, looked_at, false).await?;
        if first.len() < looked_at {
            return Ok(first.len() as u64);
        }
        let last = self.places(term, looked_at, true).await?;
        let reach = extent(first.first(), last.first());
        let length = extent(first.first(), first.last()).min(extent(last.first(), last.last()));
        Ok(reach.saturating_mul(looked_at as u64) / length)
    }

    /// The places of the first records that bear a term, or of the last ones.
    async fn places(&self, term: Option<Term>, limit: usize, descending: bool) -> Result<Vec<u64>, Error> {
        let (space, order) = (space(self.call.instance), Order::Made { after: None });
        let scan = Scan { space, kind: Key::KIND, term, order, descending, limit };
        let page = self.manager.ledger.store().scan(&scan).await?;
        Ok(page.records.iter().map(|(place, _)| *place).collect())
    }
}

/// How many places there are from one to another, both included.
fn extent(one: Option<&u64>, other: Option<&u64>) -> u64 {
    one.zip(other).map_or(1, |(one, other)| one.abs_diff(*other).saturating_add(1))
}
