//! What handlers take besides the caller: the body, the path's variable parts, the query. All strict, all with errors in our form.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::Error;
use crate::api::BODY_LIMIT;

/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The JSON body, whatever the content type claims to be: an object. An empty one and `null` are read as `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let bytes = read(request).await?;
        let text = match bytes.trim_ascii() {
            b"" | b"null" => b"{}",
            // Else the values of an array would be taken for those of the fields.
            [b'[', ..] => return Err(Error::bad_request("BAD_BODY_ERR", "the body is an array: send an object")),
            text => text,
        };
        serde_json::from_slice(text).map(Body).map_err(|error| Error::bad_request("BAD_BODY_ERR", bad_body(&error)))
    }
}

/// A form (`application/x-www-form-urlencoded`), or why it is none: its errors are for the handler to tell.
pub(super) struct Form<T>(pub(super) Result<T, Error>);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Form<T> {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let form = read(request).await.and_then(|bytes| {
            serde_urlencoded::from_bytes(&bytes).map_err(|error| Error::bad_request("BAD_BODY_ERR", error.to_string()))
        });
        Ok(Form(form))
    }
}

async fn read(request: Request) -> Result<Bytes, Error> {
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(request.into_body(), BODY_LIMIT)).await;
    read.map_err(|_| too_slow())?.map_err(|_| too_long())
}

/// The variable parts of the path.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(value)| At(value)).map_err(|error| Error::bad_request("INVALID_FIELD_ERR", error.body_text()))
    }
}

/// The query.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(value)| Asked(value))
            .map_err(|error| Error::bad_request("INVALID_QUERY_PARAM_ERR", error.body_text()))
    }
}

fn bad_body(error: &serde_json::Error) -> String {
    format!("the body is not what this request takes: {error}")
}

fn too_long() -> Error {
    Error::refused(413, "BODY_TOO_LONG_ERR", format!("the body was cut off, or is longer than {BODY_LIMIT} bytes"))
}

fn too_slow() -> Error {
    Error::refused(408, "BODY_TOO_SLOW_ERR", "the body took too long to arrive")
}
