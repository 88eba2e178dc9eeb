//! [`Viewer`]: an adapter's records read to be shown, and for nothing else.
//!
//! A record bears a tag under the adapter's key. Where the root key is disabled or deleted, that key can't be opened, and no tag can be
//! checked; what there is must be listed all the same, for those who tidy up. The invariant: an object whose tag was not seen to be
//! right is marked as such, stays out of the store's memory, and is never changed or opened.

use std::sync::Arc;

use store::Record;
use uuid::Uuid;

use crate::error::{Failure, Fault, Refusal};
use crate::object::Object;
use crate::record;
use crate::registry::Adapter;
use crate::seal::{AdapterKey, Keyring};

/// Reads an adapter's records.
pub(crate) struct Viewer(Option<Arc<AdapterKey>>);

/// An object to be shown.
pub(crate) struct Viewed {
    pub(crate) object: Arc<Object>,
    /// Whether its record's tag was seen to be right.
    pub(crate) verified: bool,
}

impl Viewer {
    /// With the adapter's key, if it can be opened.
    pub(crate) async fn new(keyring: &Keyring, adapter: &Adapter) -> Self {
        match keyring.key(&adapter.key).await {
            Ok(key) => Viewer(Some(key)),
            Err(Failure::Refused(Refusal::RootKey)) => Viewer(None),
            Err(failure) => {
                tracing::error!(adapter = %adapter.id, %failure, "the adapter's key can't be opened: its keys are listed unverified");
                Viewer(None)
            }
        }
    }

    /// The object in a record.
    ///
    /// # Errors
    /// A record that can't be read at all.
    pub(crate) fn view(&self, record: &Record) -> Result<Viewed, Fault> {
        let tagged = self.0.as_ref().map(|key| record::verified(key, &record.key, record));
        match tagged {
            Some(Ok(object)) => return Ok(Viewed { object, verified: true }),
            Some(Err(fault)) => tracing::error!(%fault, "a record is listed unverified"),
            None => {}
        }
        Ok(Viewed { object: Arc::new(record::unverified(record)?), verified: false })
    }

    /// As [`Viewer::view`]; what can't be read is left out and logged, so that one record keeps nobody from the others.
    pub(crate) fn try_view(&self, record: &Record) -> Option<Viewed> {
        let id = Uuid::from_bytes(record.key.id);
        let left_out = |fault: &Fault| tracing::error!(%id, %fault, "a record is left out of a list");
        self.view(record).inspect_err(left_out).ok()
    }

    /// The object in a record for more than a look: its tag must be right, if that can be seen.
    pub(crate) fn trusted(&self, record: &Record) -> Result<Arc<Object>, Fault> {
        match &self.0 {
            Some(key) => record::verified(key, &record.key, record),
            None => record::unverified(record).map(Arc::new),
        }
    }
}
