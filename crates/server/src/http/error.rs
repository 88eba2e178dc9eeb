//! [`Error`]: what a handler answers when it can't do what it was asked to.
//!
//! It has two sides. A refusal is the client's to mend, and says everything, in IBM's words: a status, a code, a message and what it
//! is about. A fault is ours: its chain goes to the log under the correlation id, and the client hears that id alone.

mod table;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::{Collection, ErrorBody, ErrorResource, ErrorTarget, Reason};

/// The sentence for whoever has no access (Key Protect API: 401).
const NO_ACCESS: &str = "The user does not have access to the specified resource";
/// Where IBM's clients are sent for more.
const MORE: &str = "https://cloud.ibm.com/apidocs/key-protect";

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum Error {
    /// The client's to mend.
    Refused(Refusal),
    /// Ours.
    Fault(Fault),
}

/// A refusal, on its way to its sentence inside the response's extensions.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    /// None: IBM gives no reasons for it, but a sentence.
    reason: Option<(&'static str, String, Option<ErrorTarget>)>,
    sentence: &'static str,
}

/// The chain of a fault, on its way to the log inside the response's extensions.
#[derive(Clone, Debug)]
pub(super) struct Fault(pub(super) String);

impl Error {
    pub(super) fn refused(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Error::Refused(Refusal { status, reason: Some((code, message.into(), None)), sentence: "" })
    }

    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::refused(400, code, message)
    }

    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::refused(404, code, message)
    }

    pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::refused(409, code, message)
    }

    /// A field of the body that can't be taken.
    pub(super) fn field(name: &str, message: impl Into<String>) -> Self {
        Self::bad_request("INVALID_FIELD_ERR", message).about("field", name)
    }

    /// A query parameter that can't be taken.
    pub(super) fn query(name: &str, message: impl Into<String>) -> Self {
        Self::bad_request("INVALID_QUERY_PARAM_ERR", message).about("query_param", name)
    }

    /// Nobody, or nobody that we know.
    pub(super) fn unauthenticated() -> Self {
        Self::refused(
            401,
            "UNAUTHORIZED_ERR",
            "a valid token or API key is needed: send it as `Authorization: Bearer ...`",
        )
    }

    /// Somebody, who may not: nothing is said of what is there.
    pub(super) fn unauthorized() -> Self {
        Error::Refused(Refusal { status: StatusCode::UNAUTHORIZED, reason: None, sentence: NO_ACCESS })
    }

    pub(super) fn too_many_requests() -> Self {
        let sentence = "Please wait a few minutes and try again.";
        Error::Refused(Refusal { status: StatusCode::TOO_MANY_REQUESTS, reason: None, sentence })
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

    fn about(self, kind: &str, name: &str) -> Self {
        match self {
            Error::Refused(Refusal { status, reason: Some((code, message, _)), sentence }) => {
                let target = ErrorTarget { r#type: kind.to_owned(), name: name.to_owned() };
                Error::Refused(Refusal { status, reason: Some((code, message, Some(target))), sentence })
            }
            other => other,
        }
    }
}

impl Refusal {
    pub(super) fn code(&self) -> Option<&'static str> {
        self.reason.as_ref().map(|(code, ..)| *code)
    }

    /// The answer, with what could not be done in its sentence.
    pub(super) fn rendered(self, failure: &str) -> Response {
        let prefix = self.status.canonical_reason().unwrap_or("Error");
        let (error_msg, reasons) = match self.reason {
            None => (format!("{prefix}: {}", self.sentence), Vec::new()),
            Some((code, message, target)) => {
                let what = if failure.is_empty() { String::new() } else { format!("{failure}: ") };
                let status = self.status.as_u16();
                let reason = Reason { code: code.to_owned(), message, status, more_info: MORE.to_owned(), target };
                (format!("{prefix}: {what}Please see `reasons` for more details ({code})"), vec![reason])
            }
        };
        let mut response = envelope(self.status, ErrorResource { error_msg, reasons });
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Error::Refused(refusal) => (refusal.status, axum::Extension(refusal)).into_response(),
            Error::Fault(fault) => (StatusCode::INTERNAL_SERVER_ERROR, axum::Extension(fault)).into_response(),
        }
    }
}

/// A fault as the client hears it.
pub(super) fn masked(correlation: &str) -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let message = format!("the server failed; its log says why under correlation id {correlation}");
    let reason = Reason {
        code: "INTERNAL_ERR".to_owned(),
        message,
        status: status.as_u16(),
        more_info: MORE.to_owned(),
        target: None,
    };
    let error_msg = "Internal Server Error: Please see `reasons` for more details (INTERNAL_ERR)".to_owned();
    envelope(status, ErrorResource { error_msg, reasons: vec![reason] })
}

/// An error answer in the envelope that all answers wear.
fn envelope(status: StatusCode, error: ErrorResource) -> Response {
    let body: ErrorBody = Collection::one(error);
    super::answer::json(status, &body.metadata.collection_type, &body)
}
