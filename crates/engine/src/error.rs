//! Errors with two sides: a [`Refusal`] is the client's fault and has one KMIP result reason; a [`Fault`] is ours, and the client
//! hears General Failure while the log gets the chain.
//!
//! The invariant: every refusal names its result reason in a match without a wildcard.

#![warn(clippy::wildcard_enum_match_arm)]

use kmip::Version;
use kmip::enums::{Operation, ResultReason, State};
use kmip::ttlv::{self, DecodeError};

/// Why an operation may not do what it was asked to (KMIP 1.4, section 11).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The object never was, was destroyed, or belongs to somebody else: the answer is the same.
    #[error("Object does not exist")]
    NotFound,
    /// The object's material was destroyed.
    #[error("Object is destroyed")]
    Destroyed,
    /// Neither an identifier nor an ID placeholder says which object is meant.
    #[error("No unique identifier is given and the ID placeholder is empty")]
    NoIdentifier,
    /// The payload is not what the operation takes.
    #[error("The request payload can't be read: {0}")]
    Payload(DecodeError),
    /// The message bears no credential, or a wrong one, where the adapter demands one (KMIP 1.4, 6.6).
    #[error("The user name and password that this service demands are missing or wrong")]
    Authentication,
    /// The operation is none that is offered.
    #[error("Operation {0} is not supported")]
    Operation(OperationName),
    /// A feature that is not offered.
    #[error("{0} is not supported")]
    Feature(&'static str),
    /// An extension that must be understood, and is not.
    #[error("A critical message extension is not recognised")]
    CriticalExtension,
    /// The client may not do this.
    #[error("Permission denied: {0}")]
    Denied(&'static str),
    /// A field's value can't be.
    #[error("{0}")]
    Field(&'static str),
    /// An attribute can't be set to this value.
    #[error("Attribute {0}: {1}")]
    Attribute(String, &'static str),
    /// Another object has the name (KMIP 1.4, 3.2).
    #[error("Attribute Name: another object has this name")]
    NameTaken,
    /// The operation is not one for such an object.
    #[error("{0}")]
    Illegal(&'static str),
    /// The attribute, or this instance of it, is not set.
    #[error("Attribute {0} is not set")]
    AttributeNotFound(String),
    /// Only the server sets, changes or deletes this attribute.
    #[error("Attribute {0} can't be changed: {1}")]
    ReadOnly(String, &'static str),
    /// The attribute is already there and may be there once only.
    #[error("Attribute {0} is already set and has a single value")]
    AlreadySet(String),
    /// The same attribute name twice in a request.
    #[error("Attribute name {0} is specified more than once")]
    NamedTwice(String),
    /// Too many instances.
    #[error("Too many instances of attribute {0}")]
    TooMany(String),
    /// The life cycle has no such transition.
    #[error("An object in state {} can't be changed in this way", .0.name().unwrap_or("Unknown"))]
    State(State),
    /// Something that the request must have is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The key can't be given in this format.
    #[error("The key can't be given in this format")]
    KeyFormat,
    /// The key can't be given in this compression.
    #[error("The key can't be given in this compression")]
    KeyCompression,
    /// The object may not be given out (KMIP 1.4, 3.48 and 3.50).
    #[error("{0}")]
    NotExtractable(&'static str),
    /// The object leaves wrapped only, and wrapping is not offered (KMIP 1.4, 3.48).
    #[error("The object is sensitive")]
    Sensitive,
    /// More units of use are asked for than there are.
    #[error("Unable to allocate the requested amount")]
    UsageLimits,
    /// The answer is longer than the client takes.
    #[error("The answer is longer than the maximum response size of {0} bytes")]
    TooLarge(i32),
    /// The root key can't be used: disabled, deleted or denied.
    #[error("The root key of this adapter can't be used at present")]
    RootKey,
    /// The request was overtaken by others again and again.
    #[error("The object is being changed by others: try again")]
    Busy,
}

/// An operation's name in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationName(pub Operation);

impl std::fmt::Display for OperationName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#x}", self.0.number()),
        }
    }
}

impl Refusal {
    /// The result reason, as a protocol version knows it.
    pub fn reason(&self, version: Version) -> ResultReason {
        let reason = self.newest_reason();
        let known = reason.since().is_some_and(|since| since <= version);
        if known { reason } else { ResultReason::PermissionDenied }
    }

    fn newest_reason(&self) -> ResultReason {
        match self {
            Refusal::NotFound | Refusal::Destroyed | Refusal::NoIdentifier | Refusal::AttributeNotFound(_) => {
                ResultReason::ItemNotFound
            }
            Refusal::Authentication => ResultReason::AuthenticationNotSuccessful,
            Refusal::Missing(_) => ResultReason::MissingData,
            Refusal::Payload(error) => payload_reason(error.fault),
            Refusal::Operation(_) => ResultReason::OperationNotSupported,
            Refusal::Feature(_) | Refusal::CriticalExtension => ResultReason::FeatureNotSupported,
            Refusal::Denied(_)
            | Refusal::ReadOnly(..)
            | Refusal::RootKey
            | Refusal::UsageLimits
            | Refusal::State(_) => ResultReason::PermissionDenied,
            Refusal::Field(_) | Refusal::Attribute(..) => ResultReason::InvalidField,
            Refusal::AlreadySet(_) | Refusal::NameTaken | Refusal::Illegal(_) => ResultReason::IllegalOperation,
            Refusal::TooMany(_) => ResultReason::IndexOutOfBounds,
            Refusal::NamedTwice(_) => ResultReason::InvalidMessage,
            Refusal::KeyFormat => ResultReason::KeyFormatTypeNotSupported,
            Refusal::KeyCompression => ResultReason::KeyCompressionTypeNotSupported,
            Refusal::Sensitive => ResultReason::Sensitive,
            Refusal::NotExtractable(_) => ResultReason::NotExtractable,
            Refusal::TooLarge(_) => ResultReason::ResponseTooLarge,
            Refusal::Busy => ResultReason::GeneralFailure,
        }
    }
}

fn payload_reason(fault: ttlv::Fault) -> ResultReason {
    use ttlv::Fault;
    match fault {
        Fault::Missing => ResultReason::MissingData,
        Fault::Unexpected | Fault::Value | Fault::Type { .. } => ResultReason::InvalidField,
        Fault::Truncated
        | Fault::UnknownType(_)
        | Fault::Length(_)
        | Fault::Padding
        | Fault::Boolean
        | Fault::Utf8
        | Fault::Depth
        | Fault::Width
        | Fault::Version
        | Fault::BatchCount => ResultReason::InvalidMessage,
    }
}

/// What went wrong on our side. The chain goes to the log under a correlation id; the client hears General Failure.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store failed.
    #[error("store: {0}")]
    Store(#[from] store::Error),
    /// The key manager failed or can't be reached.
    #[error("key manager: {0}")]
    Wrap(wrap::Error),
    /// A record is not what was written.
    #[error("record {0} is damaged or was changed by somebody else: restore it from a backup")]
    Damaged(String),
    /// A record can't be read.
    #[error("record {0} can't be read: {1}")]
    Record(String, DecodeError),
    /// The audit event could not be written.
    #[error("audit: {0}")]
    Audit(String),
}

impl Fault {
    /// What the client hears of it: nothing of the inside, save what its administrator can act on at once.
    pub(crate) fn heard(&self) -> &'static str {
        match self {
            Fault::Store(store::Error::Full(_)) => {
                "The server has no space left for changes, and takes them again as soon as it has"
            }
            Fault::Store(_) | Fault::Wrap(_) | Fault::Damaged(_) | Fault::Record(..) | Fault::Audit(_) => {
                "The server failed"
            }
        }
    }
}

/// Either side of an error.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The client's.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours.
    #[error(transparent)]
    Failed(#[from] Fault),
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Failure::Failed(Fault::Store(error))
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Failure::Refused(Refusal::Payload(error))
    }
}

/// *Denied*, *disabled* and *deleted* are the tenant's doing and refuse the client; *unreachable* and damage are faults.
impl From<wrap::Error> for Failure {
    fn from(error: wrap::Error) -> Self {
        match error {
            wrap::Error::Denied(_) | wrap::Error::Disabled(_) | wrap::Error::Deleted(_) => Refusal::RootKey.into(),
            wrap::Error::Unreachable(_) | wrap::Error::Invalid | wrap::Error::Fault(_) => Fault::Wrap(error).into(),
        }
    }
}
