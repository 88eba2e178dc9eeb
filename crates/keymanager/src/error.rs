//! Why the key manager did not do what it was asked to: what is wrong, and what to do about it.

use crate::{Refusal, VersionRefusal};
use kmip::Timestamp;
use uuid::Uuid;

/// Why the key manager did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data was written under another installation's key.
    #[error(
        "these are not the keys that the data was sealed under (the data's have the fingerprint {expected}, these {found}): put back the keys file, and give the master key, that belong to it"
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
    /// Several have the name.
    #[error("there are {count} by the name `{name}`: use the id")]
    Ambiguous {
        /// The name.
        name: String,
        /// How many.
        count: usize,
    },
    /// The caller's roles don't reach it. Who hears this learns nothing of whether it is there.
    #[error("the caller does not have access to the specified resource")]
    Unauthorized,
    /// The key's state forbids it.
    #[error("key {key} {refusal}")]
    State {
        /// Which.
        key: Uuid,
        /// Why.
        refusal: Refusal,
    },
    /// The key is deleted.
    #[error("key {0} is deleted: it can be restored within 30 days of its deletion")]
    Deleted(Uuid),
    /// The KMIP service can't use the root key that what was asked for is sealed under.
    #[error(
        "the root key above it is disabled or deleted: what is sealed under it can't be used until it is enabled or restored"
    )]
    RootKeyUnusable,
    /// The key is not deleted, and only deleted keys can be purged.
    #[error("key {0} is not deleted: delete it first")]
    NotDeleted(Uuid),
    /// It is a standard key, and this needs a root key.
    #[error("key {0} is a standard key: this takes a root key")]
    RootKeyRequired(Uuid),
    /// It is a KMIP object, which only its client and its deletion change.
    #[error("key {0} belongs to a KMIP adapter: it can be read, deleted, restored and purged here, and no more")]
    KmipKey(Uuid),
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
    /// Something must pass before this can be done.
    #[error("{what} can be done in {seconds} s at the earliest")]
    TooEarly {
        /// What.
        what: &'static str,
        /// Seconds to wait.
        seconds: i64,
    },
    /// A key is rotated once an hour at most.
    #[error("root key {key} was rotated a short while ago: it can be rotated again in {seconds} s")]
    RotatedRecently {
        /// Which.
        key: Uuid,
        /// Seconds to wait.
        seconds: i64,
    },
    /// A version of a root key can't be what it was to become.
    #[error("version {version} of root key {key} {refusal}")]
    Version {
        /// Which key.
        key: Uuid,
        /// Which version.
        version: Uuid,
        /// Why.
        refusal: VersionRefusal,
    },
    /// Adapters' keys could not be wrapped under the newest version.
    #[error("adapters are still under an older version of root key {key}: {reason}")]
    NotRewrapped {
        /// Which key.
        key: Uuid,
        /// Which adapters, and why.
        reason: String,
    },
    /// It was deleted too long ago, or its material is erased.
    #[error("key {0} can no longer be restored: keys can be restored within 30 days of their deletion")]
    RestoreExpired(Uuid),
    /// Its expiration date is past.
    #[error("key {0} is past its expiration date")]
    Expired(Uuid),
    /// Two people are needed.
    #[error(
        "key {0} needs two people: one sets it for deletion, then another one deletes it within 7 days; and who deleted it does not purge it"
    )]
    AuthorizationsNotMet(Uuid),
    /// The first of two people came again.
    #[error(
        "the erasure of key {key} was asked for by {by}, and it takes another person to carry it out, until {until}",
        until = .until.rfc3339()
    )]
    SecondPerson {
        /// Which.
        key: Uuid,
        /// Who asked for it.
        by: String,
        /// Until when it counts.
        until: Timestamp,
    },
    /// The key has no dual authorization policy.
    #[error("key {0} has no dual authorization policy: delete it directly")]
    NotDualAuth(Uuid),
    /// A dual authorization policy stays.
    #[error("the dual authorization policy of key {0} can't be turned off again")]
    DualAuthStays(Uuid),
    /// Imported keys are rotated by hand.
    #[error("root key {0} was imported, so it can't rotate by itself: rotate it with new key material")]
    RotationOfImported(Uuid),
    /// The instance's policy keyCreateImportAccess forbids it.
    #[error("the policy keyCreateImportAccess of the instance forbids this: {0}")]
    CreateImportAccess(&'static str),
    /// The ciphertext is not what this key made.
    #[error("the ciphertext was not made by this key, was changed, or has other additional authenticated data")]
    Ciphertext,
    /// The nonce that came with imported material is not the token's.
    #[error("the encrypted nonce is not the import token's nonce under the imported key material")]
    Nonce,
    /// The nonce can't be decrypted with this initialisation vector.
    #[error(
        "the encrypted nonce does not open with the imported key material and the iv, which has 12 bytes for AES-GCM"
    )]
    NonceIv,
    /// The import token is past its time or was had as often as it could be.
    #[error("the import token is expired or used up: make a new one")]
    ImportTokenExpired,
    /// Too many keys match.
    #[error(
        "too many keys match to be sorted this way: narrow the filter or the search, or sort by `id` or `creationDate`"
    )]
    TooBroad,
    /// A name that must be unique is taken.
    #[error("the {what} `{name}` is taken: choose another")]
    Taken {
        /// What sort of name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A limit is reached.
    #[error("there are {most} {what} already, and no more are possible")]
    Limit {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// A key ring that keys are in can't be deleted.
    #[error("key ring `{ring}` has keys in it: move them to another ring, or delete them and force its deletion")]
    RingInUse {
        /// Which.
        ring: String,
    },
    /// An instance that holds something can't be deleted.
    #[error("the instance still holds {0}: delete them first")]
    InstanceInUse(&'static str),
    /// What was given can't be taken.
    #[error("the {field} {reason}")]
    Field {
        /// What was given: the API's name of the field.
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
    /// The keys file failed.
    #[error(transparent)]
    Keys(#[from] wrap::keys::Error),
    /// The primitives failed.
    #[error(transparent)]
    Crypto(#[from] wrap::Error),
    /// The task that commits ended without an answer.
    #[error("it is unknown whether the change was made: look before trying again")]
    Unknown,
}
