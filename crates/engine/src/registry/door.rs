//! [`Door`]: where an adapter's clients come in, and what they must show there.
//!
//! It is a record of its own at the adapter's identifier, with a tag under the adapter's key. The invariant: **a door whose tag is not
//! right opens nothing**: it has neither name nor port, it is shut on the shared port, and no message passes it.

use std::fmt::{Debug, Formatter};
use std::sync::OnceLock;

use store::{Key, Kind, Space};
use uuid::Uuid;
use wrap::Secret;

use crate::error::Fault;
use crate::seal::AdapterKey;
use crate::seal::credential::Verifier;

pub(super) const DOOR: Kind = Kind(0x22);

/// Where an adapter's clients come in, and what they must show there besides their certificate.
#[derive(Debug)]
pub struct Door {
    /// Host names of its own (SNI), in lower case. No other adapter has one of them.
    pub names: Vec<String>,
    /// A port of its own. No other adapter has it.
    pub port: Option<u16>,
    /// Whether its clients may come by the shared port under any other name too.
    pub shared: bool,
    /// What becomes of a client whose certificate has expired.
    pub expired: Expired,
    /// The user name that each message must bear, with its password (KMIP 1.4, 6.6). None: what a message bears is ignored.
    pub user: Option<String>,
    pub(super) kept: Kept,
}

/// What becomes of a client whose certificate has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// It goes on being served: the list decides.
    Served,
    /// It is refused.
    Refused,
}

/// How a door shall be.
pub struct NewDoor {
    /// As in [`Door`]: at most 8, in any case of letters.
    pub names: Vec<String>,
    /// As in [`Door`]: not 0.
    pub port: Option<u16>,
    /// As in [`Door`]: only false where there is a name or port.
    pub shared: bool,
    /// As in [`Door`].
    pub expired: Expired,
    /// What each message must bear.
    pub credential: NewCredential,
}

/// What each message must bear from now on.
pub enum NewCredential {
    /// What it must now.
    Keep,
    /// Nothing.
    None,
    /// This.
    Set {
        /// 1 to 64 characters, none of them a control character.
        user: String,
        /// 8 to 128 bytes of UTF-8.
        password: Secret,
    },
}

/// Where a door is kept.
pub(super) enum Kept {
    /// Nowhere: it is the one that every adapter has at first.
    Nowhere,
    /// In a record.
    Record(Signed),
    /// In a record that is damaged, or not of this server's making.
    Damaged {
        /// The record's version.
        version: u64,
    },
}

/// A door's record as it was read.
pub(super) struct Signed {
    pub(super) record: Vec<u8>,
    pub(super) version: u64,
    pub(super) verifier: Option<Verifier>,
    pub(super) verified: OnceLock<()>,
}

impl Debug for Kept {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kept::Nowhere => "nowhere",
            Kept::Record(_) => "in a record",
            Kept::Damaged { .. } => "in a damaged record",
        })
    }
}

impl Default for Door {
    /// The door that every adapter has at first: the shared port, and a certificate alone.
    fn default() -> Self {
        let (names, port, shared) = (Vec::new(), None, true);
        Door { names, port, shared, expired: Expired::Served, user: None, kept: Kept::Nowhere }
    }
}

impl Door {
    /// A door whose record is not what this server wrote.
    pub(super) fn damaged(version: u64) -> Self {
        Door { shared: false, expired: Expired::Refused, kept: Kept::Damaged { version }, ..Door::default() }
    }

    /// Whether it is the door that every adapter has at first, of which there is no record to check.
    pub(crate) fn is_unset(&self) -> bool {
        matches!(self.kept, Kept::Nowhere)
    }

    /// Whether it is shut because its record is damaged or was changed by somebody else. Set anew, it opens.
    pub fn is_damaged(&self) -> bool {
        matches!(self.kept, Kept::Damaged { .. })
    }

    pub(super) fn has_own_way(&self) -> bool {
        self.port.is_some() || !self.names.is_empty()
    }

    /// The version of its record; 0: there is none.
    pub(super) fn version(&self) -> u64 {
        match &self.kept {
            Kept::Nowhere => 0,
            Kept::Record(signed) => signed.version,
            Kept::Damaged { version } => *version,
        }
    }

    /// What tells the credential that each message must bear; none where none is demanded. There is no other way to it, so nothing
    /// passes before the record's tag was seen to be right. It is checked once for each reading of the record.
    ///
    /// # Errors
    /// A record that is damaged or was changed by somebody else.
    pub(crate) fn demands(&self, adapter: Uuid, key: &AdapterKey) -> Result<Option<&Verifier>, Fault> {
        let damaged = || Fault::Damaged(format!("of the door of adapter {adapter}"));
        match &self.kept {
            Kept::Nowhere => Ok(None),
            Kept::Damaged { .. } => Err(damaged()),
            Kept::Record(signed) => {
                if signed.verified.get().is_none() {
                    key.verify(&place(adapter), signed.version, &signed.record).map_err(|_| damaged())?;
                    signed.verified.get_or_init(|| ());
                }
                Ok(signed.verifier.as_ref())
            }
        }
    }
}

/// Where an adapter's door stands.
pub(super) fn place(adapter: Uuid) -> Key {
    Key { space: Space::INSTALLATION, kind: DOOR, id: *adapter.as_bytes() }
}
