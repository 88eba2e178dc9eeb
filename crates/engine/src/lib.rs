//! What KMIP means: adapters and their clients, the gate, the operations, the life cycle, the seal.
//!
//! A request goes through the rooms once: [`Engine::handle`] → [`exchange`] (the envelope, the gate) → [`operation`] (one of them) →
//! [`scope`] (the adapter's objects) → [`seal`] (their material). Administrators come in by [`registry`] (adapters and allow-lists),
//! [`manage`] (objects) and [`standard_key`] (the same objects in the key manager's eyes). The invariant of this crate: **nothing is
//! stored that was not sealed, nothing is answered that was not stored, and no operation sees the store, the key manager, a clock or a
//! socket.**

mod audit;
mod beside;
mod canary;
pub mod error;
pub mod examine;
pub mod exchange;
pub mod impact;
pub mod lifecycle;
pub mod manage;
pub mod object;
pub mod operation;
pub mod origin;
pub mod policy;
pub mod quarantine;
mod record;
pub mod registry;
pub mod scope;
pub mod seal;
pub mod standard_key;
pub mod usage;
mod viewer;

use std::sync::Arc;

use kmip::Timestamp;
use store::Store;
use store::journal::Journal;
use tracing::Instrument;
use wrap::Wrapper;
use wrap::primitive::Random;

use crate::audit::Products;
use crate::error::{Failure, Fault};
use crate::exchange::Reply;
use crate::origin::Origin;
use crate::quarantine::Quarantines;
use crate::registry::Registry;
use crate::seal::Keyring;
use crate::usage::Uses;

/// What an engine is made of.
pub struct Parts {
    /// Where objects are kept.
    pub store: Arc<dyn Store>,
    /// The key manager that holds the root keys.
    pub wrapper: Arc<dyn Wrapper>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
    /// Where the audit events of reads and refusals go.
    pub journal: Arc<Journal>,
}

/// The KMIP server without its sockets.
pub struct Engine {
    store: Arc<dyn Store>,
    random: Arc<dyn Random>,
    journal: Arc<Journal>,
    keyring: Arc<Keyring>,
    registry: Registry,
    products: Products,
    uses: Uses,
    quarantines: Quarantines,
}

impl Engine {
    /// An engine over a store and a key manager.
    ///
    /// # Errors
    /// A store that fails, a damaged record of the registry.
    pub async fn open(Parts { store, wrapper, random, journal }: Parts) -> Result<Engine, Failure> {
        let keyring = Arc::new(Keyring::new(wrapper));
        let registry = Registry::open(Arc::clone(&store), Arc::clone(&keyring), Arc::clone(&random)).await?;
        let quarantines = Quarantines::open(&store, &registry).await?;
        let (products, uses) = (Products::default(), Uses::default());
        Ok(Engine { store, random, journal, keyring, registry, products, uses, quarantines })
    }

    /// The adapters and their allow-lists.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Answers one request message, a whole frame. There is always an answer.
    pub async fn handle(&self, origin: &Origin<'_>, frame: &[u8], now: Timestamp) -> Reply {
        let reply = exchange::handle(self, origin, frame, now).await;
        let delivery = tracing::info_span!(target: "keystead", "audit delivery");
        match self.journal.seen().instrument(delivery).await {
            Ok(()) => reply,
            Err(error) => exchange::withheld(&reply, frame, &error, now),
        }
    }

    /// Writes the audit event of what changed nothing.
    pub(crate) fn record(&self, event: &[u8]) -> Result<(), Fault> {
        self.journal.append(event).map_err(|error| Fault::Audit(error.to_string()))
    }
}
