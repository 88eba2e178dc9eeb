//! [`Answer`]: what handlers give back.
//!
//! The invariant: an answer's content type is its collection's type, as IBM's clients expect it.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::{Error, Fault};
use crate::api::{Collection, Resource};

/// What a handler gives back.
pub(super) type Answer = Result<Reply, Error>;

/// A success.
pub(super) struct Reply(Response);

impl Reply {
    /// 200 with every resource of a list.
    pub(super) fn all<T: Resource>(resources: Vec<T>) -> Self {
        Self::collection(StatusCode::OK, &Collection::new(resources))
    }

    /// 200 with one resource.
    pub(super) fn one<T: Resource>(resource: T) -> Self {
        Self::all(vec![resource])
    }

    /// 201 with the resource that was made.
    pub(super) fn made<T: Resource>(resource: T) -> Self {
        Self::collection(StatusCode::CREATED, &Collection::one(resource))
    }

    /// A collection whose metadata says more.
    pub(super) fn collection<T: Resource>(status: StatusCode, collection: &Collection<T>) -> Self {
        Reply(json(status, &collection.metadata.collection_type, collection))
    }

    /// 200 with a body that wears no envelope, as the actions on keys have it.
    pub(super) fn flat<T: Resource>(body: &T) -> Self {
        Reply(json(StatusCode::OK, T::TYPE, body))
    }

    /// 204: there is nothing to show.
    pub(super) fn no_content() -> Self {
        Reply(StatusCode::NO_CONTENT.into_response())
    }

    /// A status without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Reply(status.into_response())
    }

    /// The same with one more header.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.0.headers_mut().insert(name, value.into());
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        self.0
    }
}

/// A response in JSON.
pub(super) fn json(status: StatusCode, content_type: &str, body: &impl Serialize) -> Response {
    let Ok(bytes) = serde_json::to_vec(body) else {
        return Error::Fault(Fault("an answer can't be written as JSON".to_owned())).into_response();
    };
    let mut response = (status, bytes).into_response();
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
