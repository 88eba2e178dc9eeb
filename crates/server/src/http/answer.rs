//! [`Answer`]: what handlers give back.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::Error;
use crate::api::Collection;

/// What a handler gives back.
pub(super) type Answer<T> = Result<Reply<T>, Error>;

/// A success.
pub(super) enum Reply<T> {
    /// 200 with resources.
    Found(Collection<T>),
    /// 201 with the resource that was made.
    Made(T),
    /// 204: there is nothing left to show.
    Gone,
}

impl<T> Reply<T> {
    /// 200 with every resource of a list.
    pub(super) fn all(resources: Vec<T>) -> Self {
        Reply::Found(Collection::new(resources))
    }

    /// 200 with one resource.
    pub(super) fn one(resource: T) -> Self {
        Reply::Found(Collection::one(resource))
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        match self {
            Reply::Found(collection) => Json(collection).into_response(),
            Reply::Made(resource) => (StatusCode::CREATED, Json(Collection::one(resource))).into_response(),
            Reply::Gone => StatusCode::NO_CONTENT.into_response(),
        }
    }
}
