//! The removal of an adapter.
//!
//! The invariant: what can still be read is not removed. Whether there is such a thing is counted in the index, so that an adapter whose
//! root key is gone can be removed too.

use kmip::Timestamp;

use super::Error;
use crate::Engine;
use crate::error::Failure;
use crate::registry::{Actor, Adapter};
use crate::seal::WrappedAdapterKey;

impl Engine {
    /// Removes an adapter and its allow-list. Objects that are deleted as standard keys go with it: there is no restoring them then.
    /// Where its root key is deleted, `force` removes it whatever it has: nobody could read that any more.
    ///
    /// # Errors
    /// An adapter that has objects which are neither destroyed nor deleted, failures of the store; with `force`, a key manager that
    /// can't be reached.
    pub async fn remove_adapter(
        &self,
        adapter: &Adapter,
        force: bool,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let shredded = force && self.is_shredded(adapter).await?;
        // What is counted stays so: until the adapter is removed, nothing is written in any.
        let _held_off = self.registry.hold_off().await;
        let live = self.count_live(adapter).await?.live;
        if live > 0 && !shredded {
            return Err(Error::InUse(live));
        }
        let message = format!("by force, its root key being deleted; keys that were not destroyed before: {live}");
        self.registry.remove_adapter(adapter, (live > 0).then_some(message.as_str()), by, now).await
    }

    /// Whether the adapter's root key is deleted, and with it all that the adapter has.
    async fn is_shredded(&self, adapter: &Adapter) -> Result<bool, Error> {
        let WrappedAdapterKey { root_key, wrapped, .. } = &adapter.key;
        match self.keyring.wrapper().unwrap(root_key, wrapped, adapter.id.as_bytes()).await {
            Ok(_) | Err(wrap::Error::Denied(_) | wrap::Error::Disabled(_)) => Ok(false),
            Err(wrap::Error::Deleted(_)) => Ok(true),
            Err(error @ (wrap::Error::Unreachable(_) | wrap::Error::Invalid | wrap::Error::Fault(_))) => {
                Err(Failure::from(error).into())
            }
        }
    }
}
