//! Adapters' keys, wrapped anew under the newest version of their root key, a batch at a time.
//!
//! Who may connect is the same before and after, so a batch exchanges the adapters in memory where they stand: nothing else is read
//! anew, and nobody who waits is woken. The invariant: **an adapter's key in memory is what is stored**; whoever holds an adapter of
//! before asks again with their next request, since the epoch has moved, and until then the older version unwraps for them.

use kmip::Timestamp;
use store::{Batch, Change, Expect};
use uuid::Uuid;
use wrap::{KeyRef, Unwrapped};

use super::change::What;
use super::{Actor, Adapter, Registry, record};
use crate::error::{Failure, Fault};
use crate::manage::Error;

/// Which adapters to take.
#[derive(Clone, Copy, Debug)]
pub struct Rewrap {
    /// Those under this root key,
    pub root_key: KeyRef,
    /// that are not under this version of it, the newest,
    pub newest: Uuid,
    /// after this one, in the order of their identifiers;
    pub after: Option<Uuid>,
    /// at most so many.
    pub most: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// How many adapters' keys are wrapped anew.
    pub done: usize,
    /// Those that can't be, by name, and why.
    pub failed: Vec<(String, String)>,
    /// After which adapter to go on, while there are more.
    pub next: Option<Uuid>,
}

impl Registry {
    /// Wraps the keys of some adapters under a root key anew: all of them in one change, or none.
    ///
    /// # Errors
    /// A root key that can't be used, failures of the store.
    pub async fn rewrap(&self, which: Rewrap, by: &Actor, now: Timestamp) -> Result<Rewrapped, Error> {
        let _changing = self.changing.lock().await;
        let (these, next) = self.to_rewrap(which);
        let (mut renewed, mut failed) = (Vec::new(), Vec::new());
        for adapter in these {
            match self.renewed(&adapter, by, now).await {
                Ok(Some(anew)) => renewed.push(anew),
                Ok(None) => {}
                Err(Failure::Failed(fault @ Fault::Wrap(wrap::Error::Invalid | wrap::Error::Fault(_)))) => {
                    failed.push((adapter.name.clone(), fault.to_string()));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        let done = renewed.len();
        if done > 0 {
            self.exchange(renewed, by, now).await?;
        }
        Ok(Rewrapped { done, failed, next })
    }

    /// Waits for the changes that are under way.
    pub async fn settled(&self) {
        drop(self.changing.lock().await);
    }

    fn to_rewrap(
        &self,
        Rewrap { root_key, newest, after, most }: Rewrap,
    ) -> (Vec<std::sync::Arc<Adapter>>, Option<Uuid>) {
        let mut these = self.adapters_under(root_key);
        these.retain(|adapter| {
            adapter.key.wrapped.key_version != newest && after.is_none_or(|after| adapter.id > after)
        });
        these.sort_by_key(|adapter| adapter.id);
        let more = these.len() > most;
        these.truncate(most);
        let next = these.last().filter(|_| more).map(|last| last.id);
        (these, next)
    }

    /// The adapter with its key under the newest version; none where it is so already.
    async fn renewed(&self, adapter: &Adapter, by: &Actor, now: Timestamp) -> Result<Option<Adapter>, Failure> {
        let unwrapped =
            self.keyring.wrapper().unwrap(&adapter.key.root_key, &adapter.key.wrapped, adapter.id.as_bytes());
        let Unwrapped { rewrapped: Some(wrapped), .. } = unwrapped.await? else { return Ok(None) };
        let mut renewed = adapter.clone();
        renewed.key.wrapped = wrapped;
        (renewed.updated_at, renewed.updated_by) = (Some(now), Some(by.id.clone()));
        Ok(Some(renewed))
    }

    async fn exchange(&self, mut renewed: Vec<Adapter>, by: &Actor, now: Timestamp) -> Result<(), Error> {
        let change = |adapter: &Adapter| Change::Put {
            key: adapter.place(),
            expect: Expect::Version(adapter.version),
            body: record::encode_adapter(adapter),
            terms: Vec::new(),
        };
        let event = |adapter: &Adapter| What::adapter("kms.secrets.rewrap", adapter).event(adapter, by, now);
        let events = renewed.iter().map(event).collect();
        let changes = renewed.iter().map(change).collect();
        self.store.commit(Batch { changes, events }).await.map_err(Failure::from)?;
        renewed.iter_mut().for_each(|adapter| adapter.version += 1);
        self.exchanged(renewed);
        Ok(())
    }
}
