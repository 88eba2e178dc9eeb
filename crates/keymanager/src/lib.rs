//! The embedded key manager: instances, root keys with versions and states, and the principals that administer them.
//!
//! It implements [`Wrapper`](wrap::Wrapper) for the engine. The invariant of this crate: **a root key's material is in memory only
//! while its state allows its use, and at rest only under the master key; whatever was changed outside Keystead is an error, never
//! another key.**
//!
//! The rooms, from the top: `instance`, `root_key` and `api_key` say what each of these is and may do; `change` makes a decision
//! stick, with its audit event; `wrapper` uses the keys; `state` is the table of states; `ledger` reads and writes records under
//! their tags; `record` is their encoding.

mod api_key;
mod audit;
mod change;
mod check;
mod error;
mod instance;
mod ledger;
mod record;
mod root_key;
mod state;
mod text;
mod wrapper;

pub use api_key::{ApiKey, ApiKeySecret, Denied, Principal, Role};
pub use audit::Actor;
pub use error::Error;
pub use instance::Instance;
pub use root_key::{KeyVersion, NewRootKey, RESTORABLE, RootKey};
pub use state::{Event, Refusal, State};

use ledger::Ledger;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use store::Store;
use uuid::Uuid;
use wrap::master::MasterKey;
use wrap::primitive::Random;
use wrapper::Opened;

/// The embedded key manager.
pub struct KeyManager {
    ledger: Ledger,
    master: MasterKey,
    random: Arc<dyn Random>,
    epoch: Arc<AtomicU64>,
    opened: Opened,
}

impl KeyManager {
    /// Opens the key manager over a store, which is marked with the master key when it is new.
    ///
    /// # Errors
    /// [`Error::MasterKey`] when the store was written under another master key, [`Error::Damaged`], [`Error::Store`].
    pub async fn open(store: Arc<dyn Store>, master: MasterKey, random: Arc<dyn Random>) -> Result<KeyManager, Error> {
        let ledger = Ledger::new(store, master.seal_key())?;
        check::check(&ledger, master.seal_key()).await?;
        Ok(KeyManager { ledger, master, random, epoch: Arc::new(AtomicU64::new(1)), opened: Opened::default() })
    }

    /// A random identifier (RFC 9562, version 4).
    fn new_id(&self) -> Result<Uuid, Error> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes)?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}
