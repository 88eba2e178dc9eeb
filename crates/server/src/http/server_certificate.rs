//! The server's own certificates: shown, renewed on the same key, exchanged for another CA's.
//!
//! They are the installation's: whoever changes them needs the right to that on the installation as a whole, and an instance named in
//! the request is refused.

use std::sync::Arc;

use axum::extract::State;
use keymanager::Action;
use kmip::Timestamp;

use super::Shared;
use super::answer::{Answer, Reply};
use super::beside::beside;
use super::body::Body;
use super::caller::Caller;
use super::certificates::described;
use super::error::Error;
use super::routes::Routes;
use crate::api::{Collection, NewServerRequest, Resource, ServerCertificate, ServerRequest, StageCertificate};
use crate::expiry::days;
use crate::pki::{self, ServerCertificates, Shown, Slot, State as Standing, to_pem, with_colons};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ReadServerCertificate, "Server certificates could not be retrieved", __path_show, show)
        .installation(Action::UpdateServerCertificate, "Server certificates could not be renewed", __path_renew, renew)
        .installation(Action::UpdateServerCertificate, "Request could not be made", __path_request, request)
        .installation(Action::UpdateServerCertificate, "Server certificate could not be staged", __path_stage, stage)
        .installation(
            Action::UpdateServerCertificate,
            "Server certificate could not be activated",
            __path_activate,
            activate,
        )
        .installation(
            Action::UpdateServerCertificate,
            "Server certificate could not be dropped",
            __path_unstage,
            unstage,
        )
}

/// The server's certificates: served, staged and previous. Anybody with a role may see them, so that vCenter can be told to trust them
#[utoipa::path(
    get,
    path = "/api/v1/tls",
    tag = "Administration",
    responses((status = 200, body = Collection<ServerCertificate>, content_type = ServerCertificate::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>) -> Answer {
    shown(&caller, apart(&app, |certificates, _| certificates.shown()).await?)
}

/// Stage new certificates of the server's own CA, on the same keys
#[utoipa::path(
    post,
    path = "/api/v1/tls/renew",
    tag = "Administration",
    responses((status = 200, body = Collection<ServerCertificate>, content_type = ServerCertificate::TYPE))
)]
async fn renew(caller: Caller, State(app): State<Shared>) -> Answer {
    changes(&caller, "renew")?;
    shown(&caller, apart(&app, ServerCertificates::renew).await?)
}

/// Make a certificate signing request for one of the server's keys, for another CA
#[utoipa::path(
    post,
    path = "/api/v1/tls/request",
    tag = "Administration",
    request_body = NewServerRequest,
    responses((status = 200, body = Collection<ServerRequest>, content_type = ServerRequest::TYPE))
)]
async fn request(caller: Caller, State(app): State<Shared>, Body(asked): Body<NewServerRequest>) -> Answer {
    changes(&caller, "request")?;
    let name = asked.algorithm.unwrap_or_else(|| Slot::Rsa.name().to_owned());
    let slot = Slot::from_name(&name).ok_or_else(|| Error::field("algorithm", "`algorithm` is `RSA` or `ECDSA`"))?;
    let csr = apart(&app, move |certificates, _| certificates.request(slot)).await?;
    Ok(Reply::one(ServerRequest { algorithm: slot.name().to_owned(), csr }))
}

/// Stage a certificate that another CA made
#[utoipa::path(
    post,
    path = "/api/v1/tls/stage",
    tag = "Administration",
    request_body = StageCertificate,
    responses((status = 200, body = Collection<ServerCertificate>, content_type = ServerCertificate::TYPE))
)]
async fn stage(caller: Caller, State(app): State<Shared>, Body(new): Body<StageCertificate>) -> Answer {
    changes(&caller, "stage")?;
    let StageCertificate { certificate, private_key } = new;
    let staged = apart(&app, move |certificates, now| {
        let key = private_key.as_ref().map(|key| key.expose().as_bytes());
        certificates.stage(certificate.as_bytes(), key, now)
    });
    shown(&caller, staged.await?)
}

/// Serve what is staged, from the next connection on
#[utoipa::path(
    post,
    path = "/api/v1/tls/activate",
    tag = "Administration",
    responses((status = 200, body = Collection<ServerCertificate>, content_type = ServerCertificate::TYPE))
)]
async fn activate(caller: Caller, State(app): State<Shared>) -> Answer {
    changes(&caller, "activate")?;
    let shown_now = apart(&app, ServerCertificates::activate).await?;
    tracing::info!(by = caller.actor, "new server certificates are served");
    shown(&caller, shown_now)
}

/// Drop what is staged
#[utoipa::path(
    delete,
    path = "/api/v1/tls/staged",
    tag = "Administration",
    responses((status = 204, description = "It is done"))
)]
async fn unstage(caller: Caller, State(app): State<Shared>) -> Answer {
    changes(&caller, "unstage")?;
    apart(&app, |certificates, _| certificates.unstage()).await?;
    Ok(Reply::no_content())
}

/// What is changed, for the event; and whether the caller may speak for the installation.
fn changes(caller: &Caller, what: &str) -> Result<(), Error> {
    caller.visit.is_about("server-certificate", what);
    caller.whole(
        "the server's certificates are the installation's: this takes a role on the installation as a whole, and no instance named",
    )
}

/// Files are read and flushed and keys used, which would hold up connections.
pub(super) async fn apart<T: Send + 'static>(
    app: &Shared,
    work: impl FnOnce(&ServerCertificates, Timestamp) -> Result<T, pki::Error> + Send + 'static,
) -> Result<T, Error> {
    let (certificates, now) = (Arc::clone(&app.certificates), (app.now)());
    beside(move || work(&certificates, now)).await
}

fn shown(caller: &Caller, all: Vec<Shown>) -> Answer {
    Ok(Reply::all(all.into_iter().map(|shown| resource(shown, caller.now)).collect()))
}

fn resource(shown: Shown, now: Timestamp) -> ServerCertificate {
    let state = match shown.state {
        Standing::Served => "served",
        Standing::Staged => "staged",
        Standing::Previous => "previous",
    };
    let facts = shown.facts;
    ServerCertificate {
        algorithm: shown.slot.name().to_owned(),
        state: state.to_owned(),
        names: shown.names,
        sha256: with_colons(&facts.fingerprint),
        sha1: with_colons(&wrap::primitive::thumbprint(&shown.der)),
        days_left: days(facts.not_after - now.seconds()),
        is_of_own_ca: shown.is_ours,
        is_on_present_key: shown.is_on_the_present_key,
        certificate: to_pem("CERTIFICATE", &shown.der).to_string(),
        facts: described(&facts),
    }
}
