//! KMIP objects as the standard keys that they are in the key manager.
//!
//! A KMIP object and the standard key `vmware_kmip_<unique identifier>` are one record. It is listed and counted here for its instance,
//! deleted, restored and purged. The invariant: **what is deleted here is, over KMIP, like what never was**; only the names that it has
//! stay taken until it is purged, so that it can come back.
//!
//! Reading needs no root key. Records bear a tag under the adapter's key, though, so what is read while that can't be opened is marked
//! as unverified: good for showing, since whoever can write to the store could have made it up. What changes a key needs its root key.

mod change;
mod life;
mod merge;

use kmip::Timestamp;
use store::{Order, Query, Record};
use uuid::Uuid;

pub use life::Refusal;

use crate::Engine;
use crate::manage::Error;
pub use crate::object::Deletion;
use crate::object::Object;
use crate::record::{DELETED, DESTROYED, OBJECT, grave, place};
use crate::registry::Adapter;
use crate::viewer::{Viewed, Viewer};

/// A KMIP object as the standard key that it is in the key manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandardKey {
    /// The object's Unique Identifier.
    pub id: Uuid,
    /// The adapter that it belongs to.
    pub adapter: Uuid,
    /// When it was made, to the second.
    pub created: Timestamp,
    /// Who made it: `CertificateID-<fingerprint>`. Empty where that was not kept yet.
    pub created_by: String,
    /// When it was last changed over KMIP, to the second; none while it never was. Deletion and restoration are no such changes.
    pub updated: Option<Timestamp>,
    /// Its deletion, while it is deleted. A destroyed object counts as deleted when it was destroyed, by who destroyed it.
    pub deleted: Option<Deletion>,
    /// Whether its material is gone: erased when the time for restoring was over, or by a purge.
    pub erased: bool,
    /// Whether it was purged: what is left is that it was.
    pub purged: bool,
    /// Whether its record's tag was seen to be right. False while the adapter's root key can't be used.
    pub verified: bool,
}

/// Which standard keys, by whether they are deleted. One that was destroyed counts as deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those that are not deleted.
    Live,
    /// Those that are.
    Deleted,
}

/// Which standard keys to list.
#[derive(Clone, Copy, Debug)]
pub struct StandardKeyPage {
    /// Deleted ones, the others, or both.
    pub which: Which,
    /// The order, and the cursor in it, which is one for all adapters of the instance.
    pub order: Order,
    /// The other way round, the cursor too.
    pub descending: bool,
    /// At most so many.
    pub limit: usize,
}

/// How many standard keys there are. Purged ones are in neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that are neither deleted nor destroyed.
    pub live: u64,
    /// Those that are deleted or destroyed.
    pub deleted: u64,
}

impl StandardKey {
    fn of(adapter: &Adapter, Viewed { object, verified }: &Viewed) -> Self {
        StandardKey {
            id: object.id.0,
            adapter: adapter.id,
            created: object.created_at().unwrap_or(NEVER),
            created_by: object.history.created_by.clone().unwrap_or_default(),
            updated: object.updated_at(),
            deleted: deletion(object),
            erased: object.sealed.is_none(),
            purged: object.history.purged_at.is_some(),
            verified: *verified,
        }
    }
}

impl Which {
    fn has(self, key: &StandardKey) -> bool {
        match self {
            Which::All => true,
            Which::Live => key.deleted.is_none(),
            Which::Deleted => key.deleted.is_some(),
        }
    }
}

/// The time of what has none.
const NEVER: Timestamp = Timestamp::from_millis(0);

fn deletion(object: &Object) -> Option<Deletion> {
    let destroyed = || Deletion {
        at: object.destroyed_at().unwrap_or(NEVER),
        by: object.history.destroyed_by.clone().unwrap_or_default(),
    };
    object.history.deleted.clone().or_else(|| object.is_destroyed().then(destroyed))
}

impl Engine {
    /// One of an instance's standard keys, deleted and purged ones too.
    ///
    /// # Errors
    /// A record that can't be read, failures of the store.
    pub async fn standard_key(&self, instance: Uuid, id: Uuid) -> Result<Option<StandardKey>, Error> {
        let Some((adapter, record)) = self.standard_key_record(instance, id).await? else { return Ok(None) };
        let viewed = Viewer::new(&self.keyring, &adapter).await.view(&record)?;
        Ok(Some(StandardKey::of(&adapter, &viewed)))
    }

    /// The adapter that has a key, and the key's record or tombstone.
    async fn standard_key_record(
        &self,
        instance: Uuid,
        id: Uuid,
    ) -> Result<Option<(std::sync::Arc<Adapter>, Record)>, Error> {
        for place in [place, grave] {
            for adapter in self.registry.adapters(instance) {
                if let Some(record) = self.store.get(&place(&adapter, id)).await? {
                    return Ok(Some((adapter, record)));
                }
            }
        }
        Ok(None)
    }

    /// A page of an instance's standard keys, purged ones never, each with its place in the order in which all records of this
    /// installation were made, the cursor of [`Order::Made`]. A page that is short is the last one. A record that can't be read is left
    /// out and logged.
    ///
    /// Deleted ones are found by the index, and the others by going through all, past those that are deleted.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn standard_keys(
        &self,
        instance: Uuid,
        page: &StandardKeyPage,
    ) -> Result<Vec<(u64, StandardKey)>, Error> {
        merge::page(self, self.registry.adapters(instance), page).await
    }

    /// How many standard keys an instance has, from the index. What changes in the meantime may be counted either way.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn count_standard_keys(&self, instance: Uuid) -> Result<Counts, Error> {
        let mut counts = Counts::default();
        for adapter in self.registry.adapters(instance) {
            let Counts { live, deleted } = self.count_live(&adapter).await?;
            counts = Counts { live: counts.live + live, deleted: counts.deleted + deleted };
        }
        Ok(counts)
    }

    /// How many of an adapter's objects are there, and how many are deleted or destroyed.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn count_live(&self, adapter: &Adapter) -> Result<Counts, Error> {
        let mut query = Query { space: adapter.space(), kind: OBJECT, terms: vec![DELETED], after: 0, limit: 0 };
        let mut deleted = self.store.count(&query).await?;
        query.terms = vec![DESTROYED];
        deleted += self.store.count(&query).await?;
        query.terms = Vec::new();
        let live = self.store.count(&query).await?.saturating_sub(deleted);
        Ok(Counts { live, deleted })
    }

    /// A standard key's material as it is at rest: sealed under its adapter's key. None where there is no such key, or its material is
    /// gone. While the root key can't be used, these are the bytes that stand in the record; the seal itself tells whether they are
    /// what was sealed, to whoever can open it.
    ///
    /// # Errors
    /// A damaged record, failures of the store.
    pub async fn sealed_material(&self, instance: Uuid, id: Uuid) -> Result<Option<Vec<u8>>, Error> {
        let Some((adapter, record)) = self.standard_key_record(instance, id).await? else { return Ok(None) };
        let object = Viewer::new(&self.keyring, &adapter).await.trusted(&record)?;
        Ok(object.sealed.as_ref().map(|sealed| sealed.as_bytes().to_vec()))
    }
}
