//! The audit as a whole: one chain of events on this node, signed, and handed on to collectors.
//!
//! The engine and the key manager write what changed nothing into the journal and what changed something beside the change, into the
//! store. `keeper` brings the latter into the journal too, and signs where it stands (`head`); `sinks` hand it on; `verify` checks it
//! without a server; `query` reads it. The invariant of this room: **the journal is the whole audit, in one order, and what it holds
//! is there once.**

mod head;
mod keeper;
mod line;
mod query;
mod sinks;
mod verify;
mod witness;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use kmip::Timestamp;
use store::journal::{At, Journal};
use wrap::primitive::sign::{PublicKey, SigningKey};

pub(crate) use head::{parse_key, pem};
pub(crate) use keeper::{Keeper, Rhythm};
pub(crate) use query::{Filter, Page, cursor, page};
pub use sinks::SinkHandle;
#[cfg(feature = "traces")]
pub(crate) use sinks::otlp;
pub(crate) use sinks::start as start_sinks;
pub(crate) use verify::{Expected, Finding, Report, verify};
pub(crate) use witness::Collectors;

use crate::alarm::{Alarm, Alarms};
use crate::api::{AuditHead, AuditSink};
use crate::expiry::Severity;
use crate::folder::Folder;

/// The journal's folder in the data folder.
pub const JOURNAL: &str = "journal";
/// The public key that heads are verified with.
pub(crate) const PUBLIC_KEY_FILE: &str = "audit.pub";
/// The newest head.
pub(crate) const HEAD_FILE: &str = "audit.head";

/// What everybody shares who has to do with the audit.
pub struct Audit {
    /// The journal.
    pub journal: Arc<Journal>,
    /// Its folder.
    pub folder: PathBuf,
    /// The data folder, where what is remembered of sinks is kept.
    pub data: Arc<Folder>,
    /// What heads are signed with.
    pub key: Arc<SigningKey>,
    /// What an operator should look into.
    pub alarms: Arc<Alarms>,
    /// The one place that the time is had from.
    pub now: fn() -> Timestamp,
    newest: ArcSwapOption<AuditHead>,
    sinks: std::sync::OnceLock<Vec<Arc<SinkHandle>>>,
    pump: keeper::Pump,
}

impl Audit {
    /// The audit over an open journal.
    pub fn new(
        journal: Arc<Journal>,
        data: Arc<Folder>,
        key: Arc<SigningKey>,
        alarms: Arc<Alarms>,
        now: fn() -> Timestamp,
    ) -> Self {
        let folder = data.path(JOURNAL);
        let (newest, sinks, pump) = Default::default();
        Audit { journal, folder, data, key, alarms, now, newest, sinks, pump }
    }

    /// Raises an alarm about a part of the audit, for the installation's operators.
    fn raise(&self, kind: &'static str, about: &str, message: String, advice: &str) {
        let (about, advice, since) = (about.to_owned(), advice.to_owned(), (self.now)());
        self.alarms.raise(Alarm { kind, about, severity: Severity::Error, message, advice, instance: None, since });
    }

    /// The half of the key that everybody may have.
    pub fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// The newest signed head, once there is one.
    pub fn head(&self) -> Option<Arc<AuditHead>> {
        self.newest.load_full()
    }

    /// The sinks.
    pub fn sinks(&self) -> &[Arc<SinkHandle>] {
        self.sinks.get().map_or(&[], Vec::as_slice)
    }

    /// How each of them is doing. Reads the journal: it may block.
    pub fn sinks_shown(&self) -> Vec<AuditSink> {
        self.sinks().iter().map(|sink| sink.shown(self)).collect()
    }

    /// Where the journal ends now.
    pub fn end(&self) -> At {
        self.journal.end()
    }
}

/// The journal's segments in a data folder.
pub(crate) fn journal_folder(data: &Path) -> PathBuf {
    data.join(JOURNAL)
}
