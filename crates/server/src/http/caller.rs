//! [`Caller`]: who asks, and for which instance.
//!
//! The invariant of this room: **a caller is made from a verified API key and from nothing else.** Who shows none, a wrong one, a
//! revoked one or an expired one hears the same answer.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use keymanager::{Actor, Denied, Principal, Role};
use uuid::Uuid;

use super::Shared;
use super::error::Error;

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// As audit events name them.
    pub(super) actor: Actor,
    /// The instance that they administer: there is no other for them.
    pub(super) instance: Uuid,
}

/// The caller's name for the log, in the request's own cell so that the outermost layer can read what an inner one found out.
#[derive(Clone, Debug, Default)]
pub(super) struct CalledBy(pub(super) std::sync::Arc<std::sync::OnceLock<String>>);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, administration: &Shared) -> Result<Self, Error> {
        let secret = bearer(&parts.headers).ok_or_else(unauthorized)?;
        let principal = administration.keys.authenticate(secret, (administration.now)()).await.map_err(denied)?;
        let caller = Caller::of(&principal);
        if let Some(CalledBy(cell)) = parts.extensions.get() {
            let _ = cell.set(caller.actor.id.clone());
        }
        Ok(caller)
    }
}

impl Caller {
    /// As the engine names them.
    pub(super) fn administrator(&self) -> engine::registry::Actor {
        engine::registry::Actor { id: self.actor.id.clone() }
    }

    /// What a role may do is decided here: a new role does not compile until somebody has.
    fn of(principal: &Principal) -> Self {
        match principal.role {
            Role::Administrator => Caller { actor: principal.actor(), instance: principal.instance },
        }
    }
}

/// RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn denied(denied: Denied) -> Error {
    match denied {
        Denied::Unknown => unauthorized(),
        Denied::Revoked(id) | Denied::Expired(id) => {
            tracing::warn!(api_key = %id, "an API key that is revoked or expired was shown");
            unauthorized()
        }
        Denied::Failed(error) => error.into(),
    }
}

fn unauthorized() -> Error {
    Error::refused(
        401,
        "UNAUTHORIZED_ERR",
        "a valid API key is needed: send it as `Authorization: Bearer keystead_...`",
    )
}
