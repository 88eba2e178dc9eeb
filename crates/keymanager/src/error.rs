//! Why the key manager did not do what it was asked to: what is wrong, and what to do about it.

use crate::Refusal;
use uuid::Uuid;

/// Why the key manager did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data was written under another master key.
    #[error(
        "this is not the master key that the data was sealed under (the data's has the fingerprint {expected}, this one {found}): start with the right key file or passphrase"
    )]
    MasterKey {
        /// The fingerprint of the key that the data needs.
        expected: String,
        /// The fingerprint of the key that was given.
        found: String,
    },
    /// There is nothing by that name or identifier.
    #[error("there is no {what} `{name}` here: list them to see which there are")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// By which name or identifier.
        name: String,
    },
    /// Several root keys have the name.
    #[error("{count} root keys are named `{name}`: use the id")]
    Ambiguous {
        /// The name.
        name: String,
        /// How many.
        count: usize,
    },
    /// The root key's state forbids it.
    #[error("root key {key} {refusal}")]
    State {
        /// Which.
        key: Uuid,
        /// Why.
        refusal: Refusal,
    },
    /// The root key still seals something.
    #[error(
        "root key {key} is used by {users}, whose keys would be unreadable without it: remove them first, or force the deletion"
    )]
    InUse {
        /// Which.
        key: Uuid,
        /// Who uses it.
        users: String,
    },
    /// It was deleted too long ago.
    #[error("root key {0} was deleted more than 30 days ago and can no longer be restored")]
    RestoreExpired(Uuid),
    /// What was given can't be taken.
    #[error("the {field} {reason}")]
    Field {
        /// What was given.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// An imported root key is rotated to material that is imported too.
    #[error("root key {0} was imported, so its rotation needs new key material")]
    PayloadRequired(Uuid),
    /// A generated root key is rotated to generated material.
    #[error("root key {0} was generated here, so its rotation takes no key material")]
    PayloadForbidden(Uuid),
    /// Others kept changing the same thing.
    #[error("others keep changing the same thing: try again")]
    Busy,
    /// A record is not what Keystead wrote.
    #[error("the record of {what} {id} is damaged or was changed outside Keystead: restore the data from a backup")]
    Damaged {
        /// What.
        what: &'static str,
        /// Which.
        id: Uuid,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The primitives failed.
    #[error(transparent)]
    Crypto(#[from] wrap::Error),
    /// The task that commits ended without an answer.
    #[error("it is unknown whether the change was made: look before trying again")]
    Unknown,
}
