//! Which status and code each error of the rooms below has (Key Protect API: "Error handling"). No wildcards: a new error does not
//! compile until somebody has said what clients hear.

use super::{Error, Fault};

impl From<keymanager::Error> for Error {
    fn from(error: keymanager::Error) -> Self {
        use keymanager::Error as E;
        let message = error.to_string();
        match error {
            E::Unauthorized => Error::unauthorized(),
            E::NotFound { what: "key", .. } => Error::not_found("KEY_NOT_FOUND_ERR", message),
            E::NotFound { what: "import token", .. } => Error::not_found("IMPORT_TOKEN_NOT_FOUND_ERR", message),
            E::NotFound { .. } => Error::not_found("RESOURCE_NOT_FOUND_ERR", message),
            E::Field { field, .. } => Error::field(field, message),
            E::RootKeyRequired(_) | E::KmipKey(_) => Error::bad_request("KEY_ROOT_REQ_ERR", message),
            E::PayloadRequired(_) | E::PayloadForbidden(_) => {
                Error::bad_request("KEY_PAYLOAD_REQ_ERR", message).about("field", "payload")
            }
            E::RestoreExpired(_) => Error::bad_request("KEY_RESTORE_EXPIRED", message),
            E::Expired(_) => Error::bad_request("KEY_EXPIRED_ERR", message),
            E::Nonce => Error::bad_request("INCORRECT_NONCE_ERR", message),
            E::NonceIv => Error::bad_request("INCORRECT_NONCE_IV_ERR", message),
            E::TooBroad => Error::bad_request("KEY_SEARCH_TOO_BROAD", message),
            E::RotationOfImported(_) => Error::bad_request("BAD_BODY_ERR", message),
            E::Deleted(_) => Error::refused(410, "KEY_DELETED_ERR", message),
            E::RootKeyUnusable => Error::conflict("ROOT_KEY_UNUSABLE_ERR", message),
            E::Ciphertext => Error::refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR", message),
            E::State { .. } | E::NotDeleted(_) => Error::conflict("KEY_ACTION_INVALID_STATE_ERR", message),
            E::InUse { .. } => Error::conflict("PROTECTED_RESOURCE_ERR", message),
            E::RingInUse { .. } | E::InstanceInUse(_) => Error::conflict("RESOURCE_IN_USE_ERR", message),
            E::TooEarly { .. } => Error::conflict("REQ_TOO_EARLY_ERR", message),
            E::RotatedRecently { .. } => Error::conflict("KEY_ROTATION_NOT_PERMITTED", message),
            E::AuthorizationsNotMet(_) => Error::conflict("AUTHORIZATIONS_NOT_MET", message),
            E::SecondPerson { .. } => Error::conflict("SECOND_PERSON_ERR", message),
            E::NotDualAuth(_) => Error::conflict("NOT_DUAL_AUTH_ERR", message),
            E::DualAuthStays(_) => Error::conflict("DUAL_AUTH_STAYS_ERR", message),
            E::CreateImportAccess(_) => Error::conflict("KEY_CREATE_IMPORT_ACCESS_ERR", message),
            E::ImportTokenExpired => Error::conflict("IMPORT_TOKEN_EXPIRED_ERR", message),
            E::Taken { .. } => Error::conflict("NAME_TAKEN_ERR", message),
            E::Limit { .. } => Error::conflict("LIMIT_REACHED_ERR", message),
            E::Ambiguous { .. } => Error::conflict("AMBIGUOUS_NAME_ERR", message),
            E::Busy => Error::conflict("BUSY_ERR", message),
            E::Version { .. } => Error::conflict("KEY_VERSION_ERR", message),
            E::NotRewrapped { .. } => Error::conflict("KEY_NOT_REWRAPPED_ERR", message),
            E::Store(error) => error.into(),
            E::Crypto(error) => error.into(),
            E::Keys(error) => Error::fault(&error),
            E::MasterKey { .. } | E::Damaged { .. } | E::Unknown => Error::Fault(Fault(message)),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        match error {
            E::Full(_) => Error::refused(507, "STORAGE_FULL_ERR", error.to_string()),
            E::Conflict(_) => Error::conflict("BUSY_ERR", "others keep changing the same thing: try again"),
            E::Io(_) | E::Failed(_) | E::Newer { .. } | E::Locked(_) | E::Damaged(_) | E::Address(_) | E::Closed => {
                Error::fault(&error)
            }
        }
    }
}

impl From<wrap::Error> for Error {
    fn from(error: wrap::Error) -> Self {
        use wrap::Error as E;
        match error {
            E::Denied(_) | E::Disabled(_) | E::Deleted(_) => {
                Error::conflict("ROOT_KEY_UNUSABLE_ERR", error.to_string())
            }
            E::Unreachable(_) => Error::refused(503, "KEY_MANAGER_UNREACHABLE_ERR", error.to_string()),
            E::Invalid | E::Fault(_) => Error::fault(&error),
        }
    }
}

/// What is wrong with what an administrator brought; the installation's own trouble is ours.
impl From<crate::pki::Error> for Error {
    fn from(error: crate::pki::Error) -> Self {
        use crate::pki::Error as E;
        match error {
            E::Installation(_) | E::Folder(_) | E::Library(_) => Error::fault(&error),
            E::Empty
            | E::PrivateKey
            | E::Label { .. }
            | E::Several(_)
            | E::Nth { .. }
            | E::Pkcs7
            | E::Pkcs12
            | E::NotAnAuthority
            | E::AuthorityUsage
            | E::Expired(_)
            | E::Garbage { .. }
            | E::Damaged(_)
            | E::Weak(_)
            | E::Long(_)
            | E::Algorithm(_)
            | E::Signature
            | E::Name { .. }
            | E::Unfit(_)
            | E::ClientName => {
                Error::bad_request("INVALID_CERTIFICATE_ERR", error.to_string()).about("field", "certificate")
            }
        }
    }
}

impl From<engine::manage::Error> for Error {
    fn from(error: engine::manage::Error) -> Self {
        use engine::manage::Error as E;
        let message = error.to_string();
        match error {
            E::NotFound(_) => Error::not_found("NOT_FOUND_ERR", message),
            E::Name(_) => Error::field("name", message),
            E::NameTaken(_) => Error::conflict("NAME_TAKEN_ERR", message),
            E::Door(_) => Error::field("door", message),
            E::DoorTaken(_) => Error::conflict("DOOR_TAKEN_ERR", message),
            E::Patterns => Error::field("subjects", message),
            E::Listed(_) | E::Twice(..) => Error::conflict("CERTIFICATE_LISTED_ERR", message),
            E::Limit(_) => Error::conflict("LIMIT_REACHED_ERR", message),
            E::InUse(_) => Error::conflict("PROTECTED_RESOURCE_ERR", message),
            E::Description => Error::field("description", message),
            E::Refused(_) | E::Active(_) | E::StandardKey(..) | E::Quarantine(..) => {
                Error::conflict("KEY_ACTION_INVALID_STATE_ERR", message)
            }
            E::Failed(fault) => fault.into(),
        }
    }
}

impl From<engine::error::Fault> for Error {
    fn from(fault: engine::error::Fault) -> Self {
        use engine::error::Fault as F;
        match fault {
            F::Store(error) => error.into(),
            F::Wrap(error) => error.into(),
            F::Damaged(_) | F::Record(..) | F::Audit(_) => Error::fault(&fault),
        }
    }
}

impl From<crate::backup::Error> for Error {
    fn from(error: crate::backup::Error) -> Self {
        use crate::backup::Error as E;
        match error {
            E::NoKit => Error::conflict("NO_RECOVERY_KIT_ERR", error.to_string()),
            E::Store(error) => error.into(),
            E::Io { ref source, .. }
                if [std::io::ErrorKind::StorageFull, std::io::ErrorKind::QuotaExceeded].contains(&source.kind()) =>
            {
                Error::refused(507, "STORAGE_FULL_ERR", error.to_string())
            }
            E::NotOurs(_)
            | E::Newer(..)
            | E::Damaged(_)
            | E::OtherKit { .. }
            | E::OtherInstallation(_)
            | E::Kit(_)
            | E::Shares(_)
            | E::NotEmpty(_)
            | E::Older { .. }
            | E::NoTombstones(_)
            | E::Io { .. }
            | E::Content(_)
            | E::Keys(_)
            | E::Master(_)
            | E::Crypto(_)
            | E::Folder(_) => Error::fault(&error),
        }
    }
}
