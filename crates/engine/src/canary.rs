//! Whether an adapter's key and its objects can be opened, found out by opening them.
//!
//! The invariant: **what is tried is what a client would need**: the adapter's key is unwrapped anew, whatever is held open already, and
//! what is opened is wiped at once and shown to nobody.

use kmip::Timestamp;
use store::{Order, Scan};
use uuid::Uuid;

use crate::Engine;
use crate::error::{Failure, Fault};
use crate::record::{OBJECT, read};
use crate::registry::Adapter;

/// How many objects are looked through for one that has material.
const LOOKED_THROUGH: usize = 64;

impl Engine {
    /// Unwraps an adapter's key.
    ///
    /// # Errors
    /// A root key that may not be used is a refusal, its owner's doing; all else is a fault.
    pub async fn try_key(&self, adapter: &Adapter) -> Result<(), Failure> {
        self.keyring.anew(&adapter.key).await.map(drop)
    }

    /// Unwraps an adapter's key and opens one of its objects with it: the first one after `from`, in the order of identifiers, that has
    /// material. None: there was none.
    ///
    /// # Errors
    /// As [`Engine::try_key`]; a damaged record, failures of the store.
    pub async fn try_object(&self, adapter: &Adapter, from: Uuid, now: Timestamp) -> Result<Option<Uuid>, Failure> {
        let key = self.keyring.anew(&adapter.key).await?;
        for after in [Some(from.into_bytes()), None] {
            let (space, order) = (adapter.space(), Order::Id { after });
            let scan = Scan { space, kind: OBJECT, term: None, order, descending: false, limit: LOOKED_THROUGH };
            for (_, record) in self.store.scan(&scan).await?.records {
                let object = read(&key, &record.key, &record, now)?.object;
                if let Some(sealed) = &object.sealed {
                    key.open(object.id.0, sealed).map_err(|_| Fault::Damaged(object.id.0.to_string()))?;
                    return Ok(Some(object.id.0));
                }
            }
        }
        Ok(None)
    }
}
