//! What a backup's verification asks of the engine: that each adapter's key opens, and each of its objects.
//!
//! The invariant: **what is counted was opened**, its tag checked first.

use std::collections::BTreeMap;

use kmip::Timestamp;
use kmip::enums::State;
use store::Query;

use crate::Engine;
use crate::manage::Error;
use crate::record::{OBJECT, verified};
use crate::registry::Adapter;

/// How many records are read at a time.
const PAGE: usize = 1000;

/// What was found, and opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Adapters whose key was opened.
    pub adapters: usize,
    /// Adapters whose root key is disabled or deleted: nothing of theirs can be opened.
    pub closed: usize,
    /// Objects by their state, in KMIP's numbers; 0 for those that have none.
    pub states: BTreeMap<u32, usize>,
    /// Objects that are deleted as standard keys.
    pub deleted: usize,
    /// When the newest object was made.
    pub newest: Option<Timestamp>,
}

impl Examined {
    /// How many objects there are.
    pub fn objects(&self) -> usize {
        self.states.values().sum::<usize>() + self.deleted
    }
}

impl Engine {
    /// Opens everything that is here.
    ///
    /// # Errors
    /// The first thing that can't be opened; an adapter whose root key may not be used is counted, and none.
    pub async fn examine(&self) -> Result<Examined, Error> {
        let mut found = Examined::default();
        for adapter in self.registry.all() {
            self.examine_adapter(&adapter, &mut found).await?;
        }
        Ok(found)
    }

    async fn examine_adapter(&self, adapter: &Adapter, found: &mut Examined) -> Result<(), Error> {
        use crate::error::{Failure, Refusal};
        let key = match self.keyring.key(&adapter.key).await {
            Ok(key) => key,
            Err(Failure::Refused(Refusal::RootKey)) => {
                found.closed += 1;
                return Ok(());
            }
            Err(failure) => return Err(failure.into()),
        };
        found.adapters += 1;
        let mut query = Query { space: adapter.space(), kind: OBJECT, terms: Vec::new(), after: 0, limit: PAGE };
        loop {
            let page = self.store.find(&query).await?;
            for (cursor, record) in &page.records {
                query.after = *cursor;
                let object = verified(&key, &record.key, record)?;
                if let Some(sealed) = &object.sealed {
                    key.open(object.id.0, sealed)?;
                }
                found.newest = found.newest.max(object.created_at());
                match object.is_deleted() {
                    true => found.deleted += 1,
                    false => *found.states.entry(object.state().map_or(0, State::number)).or_default() += 1,
                }
            }
            if !page.more || page.records.is_empty() {
                return Ok(());
            }
        }
    }
}
