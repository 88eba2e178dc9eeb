//! [`Prefer`]: how much of a changed key the client wants to see (RFC 7240, section 4.2).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::shown::shown;
use crate::api::Collection;
use crate::api::key_protect::{KeyId, ShownKey};
use crate::http::Shared;
use crate::http::answer::Reply;
use crate::http::caller::Caller;
use crate::http::openapi::parameter;

/// What the client wants to see; none: it does not say.
pub(super) struct Prefer(Option<Return>);

#[derive(Clone, Copy)]
enum Return {
    Minimal,
    Representation,
}

impl Prefer {
    /// The key, whole unless the client wants less.
    pub(super) fn made(&self, app: &Shared, caller: &Caller, key: &keymanager::Key) -> Reply {
        let key = match self.0 {
            Some(Return::Minimal) => ShownKey::Minimal(KeyId { id: key.id.to_string() }),
            Some(Return::Representation) | None => ShownKey::Whole(Box::new(shown(app, caller, key))),
        };
        Reply::collection(StatusCode::CREATED, &Collection::one(key))
    }

    /// Nothing, unless the client wants the key.
    pub(super) fn removed(&self, app: &Shared, caller: &Caller, key: &keymanager::Key) -> Reply {
        match self.0 {
            Some(Return::Representation) => Reply::one(shown(app, caller, key)),
            Some(Return::Minimal) | None => Reply::no_content(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Prefer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let headers = parts.headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
        Ok(Prefer(headers.flat_map(|header| header.split(',')).find_map(preference)))
    }
}

/// The preference that a member of the header is, if it is one of ours. Its parameters say nothing here.
fn preference(member: &str) -> Option<Return> {
    let (preference, _) = member.split_once(';').unwrap_or((member, ""));
    match preference.trim().to_ascii_lowercase().as_str() {
        "return=minimal" => Some(Return::Minimal),
        "return=representation" => Some(Return::Representation),
        _ => None,
    }
}

impl IntoParams for Prefer {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "`return=minimal` or `return=representation`";
        vec![parameter("Prefer", ParameterIn::Header, about, Required::False)]
    }
}
