//! [`Which`]: the key that a path names.
//!
//! The invariant: **a handler has a key's name from here alone, so no request gets past the key ring that it names.**

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::http::Shared;
use crate::http::attend::Visit;
use crate::http::body::At;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::openapi::parameter;

const RING: &str = "X-Kms-Key-Ring";

/// The key that the path names, by identifier or alias.
pub(in crate::http) struct Which(String);

impl Which {
    /// The name, once the key is found in the key ring that the request names, if it names one (`X-Kms-Key-Ring`).
    pub(in crate::http) async fn in_ring(self, app: &Shared, caller: &Caller) -> Result<String, Error> {
        if caller.ring().is_some() {
            app.keys.key(caller, &self.0, caller.ring()).await?;
        }
        Ok(self.0)
    }
}

impl FromRequestParts<Shared> for Which {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let At(name) = At::<String>::from_request_parts(parts, app).await?;
        if let Some(visit) = parts.extensions.get::<Visit>() {
            visit.is_about(&name, "");
        }
        Ok(Which(name))
    }
}

impl IntoParams for Which {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameter("id", ParameterIn::Path, "The key's identifier or one of its aliases", Required::True),
            parameter(RING, ParameterIn::Header, "The key ring that the key must be in", Required::False),
        ]
    }
}

/// The key ring that a list is of or that a key is made in; [`Caller`] reads it.
pub(super) struct Ring;

impl IntoParams for Ring {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter(RING, ParameterIn::Header, "The key ring", Required::False)]
    }
}
