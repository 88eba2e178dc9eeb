//! Keys and aliases are found by index terms. Where what they are found by has changed since their records were written, the records
//! are written anew when the store is opened.
//!
//! The invariant: **once the key manager is open, every key and alias bears the terms that this version looks for.** The records
//! say the same as before, so this is no change that has an event.

use crate::change::ATTEMPTS;
use crate::key::INDEX_FORMAT;
use crate::ledger::{Ledger, space};
use crate::record::{Check, Entry};
use crate::{Alias, Error, Instance, Key};
use store::{Batch, Expect, Query, Space};
use uuid::Uuid;

/// Records that are written in one batch.
const AT_ONCE: usize = 128;

/// Writes all keys and aliases anew, unless the mark says that they bear these terms.
pub(crate) async fn bring_up_to_date(ledger: &Ledger) -> Result<(), Error> {
    let Some(mark) = ledger.get::<Check>(Space::INSTALLATION, Uuid::nil()).await? else { return Ok(()) };
    if mark.entry.index == Some(INDEX_FORMAT) {
        return Ok(());
    }
    for instance in ledger.all::<Instance>(Space::INSTALLATION, Vec::new()).await? {
        write_anew::<Key>(ledger, instance.entry.id).await?;
        write_anew::<Alias>(ledger, instance.entry.id).await?;
    }
    let now = Check { index: Some(INDEX_FORMAT), ..mark.entry };
    let changes = vec![ledger.put(Expect::Version(mark.version), &now)];
    Ok(ledger.commit(Batch { changes, events: Vec::new() }).await?)
}

async fn write_anew<T: Entry>(ledger: &Ledger, instance: Uuid) -> Result<(), Error> {
    let mut query = Query { space: space(instance), kind: T::KIND, terms: Vec::new(), after: 0, limit: AT_ONCE };
    let mut conflicts = 0;
    while conflicts < ATTEMPTS {
        let page = ledger.store().find(&query).await?;
        let mut changes = Vec::with_capacity(page.records.len());
        for (_, record) in &page.records {
            let place = store::Key { space: query.space, kind: T::KIND, ..record.key };
            match ledger.verified::<T>(&place, record) {
                Ok(stored) => changes.push(ledger.put(Expect::Version(stored.version), &*stored.entry)),
                // Whoever asks for it will hear that; it must not keep all others from theirs.
                Err(error) => tracing::warn!(%error, "a record is left out of the index"),
            }
        }
        match ledger.commit(Batch { changes, events: Vec::new() }).await {
            Ok(()) => conflicts = 0,
            Err(store::Error::Conflict(_)) => {
                conflicts += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        match page.records.last() {
            Some((cursor, _)) if page.more => query.after = *cursor,
            Some(_) | None => return Ok(()),
        }
    }
    Err(Error::Busy)
}
