//! How many keys there are.
//!
//! The invariant: **a count says what the whole list would show**; from the index where that knows, else by going through the list.

use super::merge::Merge;
use super::plan::{standings, which};
use super::selection::Selection;
use super::stream::{Source, Which};
use super::terms::{Timeline, class};
use crate::ledger::space;
use crate::{Error, Key, State};

impl Source<'_> {
    /// How many keys a selection has.
    pub(super) async fn count(mut self, selection: Selection) -> Result<u64, Error> {
        if selection.is_plain() {
            return Ok(self.own_count(&selection).await? + self.kmip_count(&selection).await?);
        }
        let streams = self.plan(&selection, usize::MAX).await?;
        let (mut merge, mut count) = (Merge::new(self, selection, streams).patiently(), 0);
        while merge.next().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    async fn own_count(&self, selection: &Selection) -> Result<u64, Error> {
        let (space, mut count) = (space(self.call.instance), 0_u64);
        let rings = selection.rings();
        for standing in standings(selection) {
            for ring in &rings {
                let class = class(standing, selection.extractable, *ring).into_iter().collect();
                count += self.manager.ledger.count::<Key>(space, class).await?;
            }
        }
        if !selection.splits_expiry() {
            return Ok(count);
        }
        let overdue = self.overdue(selection).await?;
        let deactivated = selection.states.contains(&State::Deactivated);
        Ok(if deactivated { count + overdue } else { count.saturating_sub(overdue) })
    }

    /// How many keys are deactivated now though their records say active.
    async fn overdue(&self, selection: &Selection) -> Result<u64, Error> {
        let mut count = 0;
        for term in Timeline::Expiring.until(self.call.now) {
            let keys = self.manager.ledger.all::<Key>(space(self.call.instance), vec![term]).await?;
            let keys = keys.iter().map(|stored| &stored.entry).filter(|key| selection.has_in_its_classes(key));
            count += keys.filter(|key| key.state_at(self.call.now) != key.state).count() as u64;
        }
        Ok(count)
    }

    async fn kmip_count(&self, selection: &Selection) -> Result<u64, Error> {
        let Some(which) = which(selection) else { return Ok(0) };
        let counts = self.manager.kmip().count(self.call.instance).await?;
        Ok(match which {
            Which::All => counts.live + counts.deleted,
            Which::Live => counts.live,
            Which::Deleted => counts.deleted,
        })
    }
}
