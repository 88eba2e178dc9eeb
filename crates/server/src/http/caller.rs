//! [`Caller`]: who asks, for what, in which instance.
//!
//! The invariant of this room: **a caller is made by the key manager's gate, from a verified API key or token, and from nothing
//! else.** Who shows none, a wrong one, a revoked one or an expired one hears the same answer.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use keymanager::{Action, Call, Denied, Origin, Principal};
use tracing::Instrument;
use uuid::Uuid;

use super::Shared;
use super::attend::{Guard, Peer, Place, Visit};
use super::bearer;
use super::error::Error;
use super::finish::Correlation;
use crate::kmip_service;
use crate::telemetry::TARGET;

/// The header that names the instance (Key Protect API: "Bluemix-Instance").
pub(super) const INSTANCE: HeaderName = HeaderName::from_static("bluemix-instance");
/// The header that names a key ring (Key Protect API: "X-Kms-Key-Ring").
const KEY_RING: HeaderName = HeaderName::from_static("x-kms-key-ring");

/// Who asks, once the gate has let them in. It is the [`Call`] that every question to the key manager takes.
pub(super) struct Caller {
    call: Arc<Call>,
    /// For the audit event.
    pub(super) visit: Visit,
    /// The key ring that the request names.
    pub(super) ring: Option<String>,
}

impl Deref for Caller {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

impl Caller {
    /// As the engine names them.
    pub(super) fn administrator(&self) -> engine::registry::Actor {
        kmip_service::actor(self)
    }

    /// Whether no instance is named: whoever has rights in one alone has none in what is the whole installation's, of which `whose` tells.
    ///
    /// # Errors
    /// 403 otherwise.
    pub(super) fn whole(&self, whose: &str) -> Result<(), Error> {
        match self.instance.is_nil() {
            true => Ok(()),
            false => Err(Error::refused(403, "INSTALLATION_ONLY_ERR", whose)),
        }
    }

    /// The key ring, as the key manager takes it.
    pub(super) fn ring(&self) -> Option<&str> {
        self.ring.as_deref()
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let guard = parts.extensions.get::<Arc<Guard>>().cloned().ok_or_else(no_guard)?;
        let visit = parts.extensions.get::<Visit>().cloned().unwrap_or_default();
        let peer = parts.extensions.get::<Peer>();
        let principal = bearer::principal(app, &parts.headers, peer).await?;
        let origin = Origin {
            address: peer.map(|peer| peer.address),
            correlation: parts.extensions.get::<Correlation>().map(|id| id.0.clone()),
        };
        visit.is_by(&principal.iam_id);
        let instance = instance(&guard, &parts.headers, &principal)?;
        visit.is_in(instance.unwrap_or_default());
        let gate = tracing::info_span!(target: TARGET, "gate");
        let entered = app.keys.enter(&principal, instance, guard.action, origin, (app.now)()).instrument(gate).await;
        let call = entered.map_err(denied)?;
        let call = Arc::new(call);
        visit.is_call(&call);
        let ring = text(&parts.headers, &KEY_RING).filter(|ring| !ring.is_empty()).map(str::to_owned);
        Ok(Caller { call, visit, ring })
    }
}

/// The instance that a request is about. What is no UUID is no instance, and nobody has access to that.
fn instance(guard: &Guard, headers: &HeaderMap, principal: &Principal) -> Result<Option<Uuid>, Error> {
    let named = match text(headers, &INSTANCE) {
        Some(text) => Some(Uuid::parse_str(text).map_err(|_| Error::unauthorized())?),
        None => None,
    };
    match (named, guard.place) {
        (Some(instance), _) => Ok(Some(instance)),
        (None, Place::Named) => {
            Err(Error::bad_request("INVALID_FIELD_ERR", "the header `Bluemix-Instance` is missing: name the instance"))
        }
        (None, Place::Home) => principal.home.map(Some).ok_or_else(|| {
            Error::bad_request(
                "INVALID_FIELD_ERR",
                "the API key is for no instance in particular: name one in the header `Bluemix-Instance`",
            )
        }),
        // Which instances there are for somebody is no question of one of them, and the server's certificates are nobody's secret.
        (None, Place::Installation)
            if matches!(guard.action, Action::ListInstances | Action::ReadInstance | Action::ReadServerCertificate) =>
        {
            Ok(None)
        }
        (None, Place::Installation) => Ok(if principal.is_of_the_installation() { None } else { principal.home }),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn denied(denied: Denied) -> Error {
    match denied {
        Denied::Unknown | Denied::Revoked(_) | Denied::Expired(_) | Denied::Forbidden(_) => Error::unauthorized(),
        Denied::Failed(error) => error.into(),
    }
}

fn no_guard() -> Error {
    Error::Fault(super::error::Fault("a guarded handler without a guard".to_owned()))
}
