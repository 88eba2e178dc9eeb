//! Who a request's `Authorization` shows: an API key itself, or a token that was made for one.
//!
//! The invariant of this room: **a good key or token always gets in, at once; guesses are counted by address, and from the
//! eleventh on within a short time they hear that they should wait.**

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use keymanager::{Denied, Principal};
use tracing::Instrument;

use super::Shared;
use super::attend::Peer;
use super::error::Error;
use crate::identity::LastToken;
use crate::telemetry::TARGET;

/// The principal behind a request's bearer.
pub(super) async fn principal(app: &Shared, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Principal, Error> {
    let Some(shown) = bearer(headers) else { return Err(Error::unauthenticated()) };
    let last = peer.map(|peer| &*peer.token);
    let found = found(app, shown, last).instrument(tracing::info_span!(target: TARGET, "authenticate")).await;
    found.map_err(|denied| refused(app, denied, peer.map(|peer| peer.address)))
}

/// Whether a request bears a good one, for a question that is not answered: a guess is neither answered here nor counted.
pub(super) async fn is_good(app: &Shared, headers: &HeaderMap) -> bool {
    match bearer(headers) {
        Some(shown) => found(app, shown, None).await.is_ok(),
        None => false,
    }
}

async fn found(app: &Shared, shown: &str, last: Option<&LastToken>) -> Result<Principal, Denied> {
    let now = (app.now)();
    match app.tokens.api_key_of(shown, last, now) {
        Some(api_key) => app.keys.principal(api_key, now).await,
        None => app.keys.authenticate(shown, now).await,
    }
}

/// What a failed attempt hears; it is counted.
fn refused(app: &Shared, denied: Denied, peer: Option<IpAddr>) -> Error {
    match denied {
        Denied::Failed(error) => return error.into(),
        Denied::Unknown | Denied::Forbidden(_) => {}
        Denied::Revoked(id) | Denied::Expired(id) => {
            tracing::warn!(api_key = %id, "an API key that is revoked or expired was shown");
        }
    }
    if app.guesses.is_one_too_many(peer) { Error::too_many_requests() } else { Error::unauthenticated() }
}

/// RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}
