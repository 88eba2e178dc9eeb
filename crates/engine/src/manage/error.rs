//! Why an administrator's request was not carried out.

use uuid::Uuid;

use crate::error::{Failure, Fault, Refusal};
use crate::{quarantine, registry, standard_key};

/// Why an administrator's request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A name that is not allowed.
    #[error("`{0}` is no name: use 2 to 40 of A-Z a-z 0-9 _ -, and no UUID")]
    Name(String),
    /// A description that is not allowed.
    #[error("a description has 2 to 240 characters: give such a one, or none")]
    Description,
    /// A name that is taken.
    #[error("the name `{0}` is taken: choose another")]
    NameTaken(String),
    /// The certificate is on a list already; its name there, if that is the same list.
    #[error("the certificate is on {} already: a certificate stands on one list only", listed(.0))]
    Listed(Option<String>),
    /// Of certificates that were to be added together, two are the same; their names.
    #[error("`{0}` and `{1}` are the same certificate, which stands on one list only, and once: give it once")]
    Twice(String, String),
    /// An authority's patterns are not allowed.
    #[error("an authority has at most 16 patterns, each of 1 to 256 bytes")]
    Patterns,
    /// A door that can't be.
    #[error("{0}")]
    Door(registry::Invalid),
    /// A host name or port that another adapter's door has.
    #[error("the {0} is another adapter's: choose another")]
    DoorTaken(String),
    /// A limit is reached.
    #[error("the limit is reached: {0}")]
    Limit(&'static str),
    /// The adapter has so many objects that are neither destroyed nor deleted.
    #[error(
        "the adapter has keys that are neither destroyed nor deleted, {0} of them: destroy or delete them first; where its root key \
             is deleted and nobody can, force its removal"
    )]
    InUse(u64),
    /// The object is in use, as far as anybody can know.
    #[error("key {0} is active, so something may be encrypted with it: force its destruction if you are sure")]
    Active(Uuid),
    /// The standard key's life has no such step.
    #[error("key {0} {1}")]
    StandardKey(Uuid, standard_key::Refusal),
    /// The key can't go into quarantine, or come out of it.
    #[error("key {0} {1}")]
    Quarantine(Uuid, quarantine::Refusal),
    /// The object's state does not allow it.
    #[error("{0}")]
    Refused(Refusal),
    /// It failed on our side.
    #[error(transparent)]
    Failed(#[from] Fault),
}

fn listed(name: &Option<String>) -> String {
    name.as_ref().map_or_else(|| "another adapter's list".to_owned(), |name| format!("this list, as `{name}`,"))
}

impl Error {
    /// Whether another's commit came before this one, so that it is worth another try.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Error::Failed(Fault::Store(store::Error::Conflict(_))))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Error::Refused(refusal),
            Failure::Failed(fault) => Error::Failed(fault),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Error::Failed(Fault::Store(error))
    }
}
