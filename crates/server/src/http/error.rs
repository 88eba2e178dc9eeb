//! [`Error`]: what a handler answers when it can't do what it was asked to.
//!
//! It has two sides. A refusal is the client's to mend, and says everything. A fault is ours: its chain goes to the log under the
//! correlation id, and the client hears that id alone.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::api::{Collection, ErrorBody, ErrorResource, Reason};

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum Error {
    /// The client's to mend.
    Refused(Reason),
    /// Ours.
    Fault(Fault),
}

/// The chain of a fault, on its way to the log inside the response's extensions.
#[derive(Clone, Debug)]
pub(super) struct Fault(pub(super) String);

impl Error {
    pub(super) fn refused(status: u16, code: &str, message: impl Into<String>) -> Self {
        Error::Refused(Reason { code: code.to_owned(), message: message.into(), status })
    }

    pub(super) fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::refused(400, code, message)
    }

    pub(super) fn not_found(code: &str, message: impl Into<String>) -> Self {
        Self::refused(404, code, message)
    }

    pub(super) fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::refused(409, code, message)
    }

    /// A fault with all that is known of its causes.
    pub(super) fn fault(error: &dyn std::error::Error) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            chain = format!("{chain}: {error}");
            source = error.source();
        }
        Error::Fault(Fault(chain))
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Error::Refused(reason) => envelope(reason),
            Error::Fault(fault) => (StatusCode::INTERNAL_SERVER_ERROR, axum::Extension(fault)).into_response(),
        }
    }
}

/// An error answer in the envelope that all answers wear.
pub(super) fn envelope(reason: Reason) -> Response {
    let status = StatusCode::from_u16(reason.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error_msg = format!("{}: {}", status.canonical_reason().unwrap_or("Error"), reason.message);
    let body: ErrorBody = Collection::one(ErrorResource { error_msg, reasons: vec![reason] });
    (status, Json(body)).into_response()
}

impl From<keymanager::Error> for Error {
    fn from(error: keymanager::Error) -> Self {
        use keymanager::Error as E;
        let message = error.to_string();
        match error {
            E::NotFound { .. } => Error::not_found("KEY_NOT_FOUND_ERR", message),
            E::Field { .. } => Error::bad_request("INVALID_FIELD_ERR", message),
            E::PayloadRequired(_) | E::PayloadForbidden(_) => Error::bad_request("KEY_PAYLOAD_REQ_ERR", message),
            E::RestoreExpired(_) => Error::bad_request("KEY_RESTORE_EXPIRED", message),
            E::Ambiguous { .. } => Error::conflict("AMBIGUOUS_NAME_ERR", message),
            E::State { .. } => Error::conflict("KEY_ACTION_INVALID_STATE_ERR", message),
            E::InUse { .. } => Error::conflict("PROTECTED_RESOURCE_ERR", message),
            E::Busy => Error::conflict("BUSY_ERR", message),
            E::Store(error) => error.into(),
            E::Crypto(error) => error.into(),
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
            | E::Garbage { .. }
            | E::Damaged(_)
            | E::Weak(_)
            | E::Long(_)
            | E::Algorithm(_)
            | E::Signature
            | E::Name { .. }
            | E::ClientName => Error::bad_request("INVALID_CERTIFICATE_ERR", error.to_string()),
        }
    }
}

impl From<engine::manage::Error> for Error {
    fn from(error: engine::manage::Error) -> Self {
        use engine::manage::Error as E;
        let message = error.to_string();
        match error {
            E::NotFound(_) => Error::not_found("NOT_FOUND_ERR", message),
            E::Name(_) => Error::bad_request("INVALID_FIELD_ERR", message),
            E::NameTaken(_) => Error::conflict("NAME_TAKEN_ERR", message),
            E::Listed(_) => Error::conflict("CERTIFICATE_LISTED_ERR", message),
            E::Limit(_) => Error::conflict("LIMIT_REACHED_ERR", message),
            E::InUse(_) => Error::conflict("PROTECTED_RESOURCE_ERR", message),
            E::Refused(_) => Error::conflict("KEY_ACTION_INVALID_STATE_ERR", message),
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
