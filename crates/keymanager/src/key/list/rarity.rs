//! Which of several index terms the fewest records bear, without counting them.
//!
//! Records stand in the order in which they were made. From a few points, spread over all of it, the distance to the next record that
//! bears a term is looked up: where few bear it, it is far. The invariant: **a guess costs a bounded number of look-ups, and decides
//! how much work a list is, never what is in it.**

use super::stream::Source;
use crate::ledger::space;
use crate::record::Entry;
use crate::{Error, Key};
use store::{Order, Scan, Term};

/// Points that are looked from, for each path.
const POINTS: u64 = 8;

/// Terms of which the records that are looked for bear one each.
type Path = Vec<Option<Term>>;

impl Source<'_> {
    /// The path that leads by the fewest records, as far as can be told.
    pub(super) async fn rarest(&self, mut paths: Vec<Path>) -> Result<Path, Error> {
        if paths.len() <= 1 {
            return Ok(paths.pop().unwrap_or_default());
        }
        let first = self.record(None, None, false).await?.unwrap_or_default();
        let last = self.record(None, None, true).await?.unwrap_or_default();
        let mut best: Option<(u64, Path)> = None;
        for path in paths {
            let records = self.guess(&path, first, last).await?;
            if best.as_ref().is_none_or(|(least, _)| records < *least) {
                best = Some((records, path));
            }
        }
        Ok(best.map(|(_, path)| path).unwrap_or_default())
    }

    /// About how many records a path has, if they are spread evenly.
    async fn guess(&self, path: &Path, first: u64, last: u64) -> Result<u64, Error> {
        let each = (POINTS / path.len().max(1) as u64).max(1);
        let all = (path.len() as u64).saturating_mul(each).max(1);
        let length = last.saturating_sub(first).saturating_add(1);
        let (mut records, mut point) = (0_u64, 0_u64);
        for term in path {
            let mut distance = 0_u64;
            for _ in 0..each {
                let from = first.saturating_add(length / all * point).saturating_sub(1);
                point += 1;
                distance = distance.saturating_add(match self.record(*term, Some(from), false).await? {
                    Some(next) => next.saturating_sub(from),
                    None => last.saturating_sub(from).saturating_mul(2),
                });
            }
            records = records.saturating_add(length.saturating_mul(each) / distance.max(1));
        }
        Ok(records)
    }

    /// The place of the next key's record that bears a term, in the order of making.
    async fn record(&self, term: Option<Term>, after: Option<u64>, descending: bool) -> Result<Option<u64>, Error> {
        let (space, order) = (space(self.call.instance), Order::Made { after });
        let page = self
            .manager
            .ledger
            .store()
            .scan(&Scan { space, kind: Key::KIND, term, order, descending, limit: 1 })
            .await?;
        Ok(page.records.first().map(|(place, _)| *place))
    }
}
