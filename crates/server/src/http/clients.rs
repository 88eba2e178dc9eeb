//! Certificates that the server makes for its clients: with a private key, or from a signing request.

use std::sync::Arc;

use axum::extract::State;
use kmip::Timestamp;

use super::answer::{Answer, Reply};
use super::beside::beside;
use super::body::{At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use super::{Shared, adapters, certificates};
use crate::api::{Collection, IssueClient, IssuedClient, PrivateText, Resource, SignCsr, SignedClient};
use crate::pki::{self, Authority};
use keymanager::Action;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.home(Action::AddCertificate, "Client certificate could not be made", __path_issue, issue).home(
        Action::AddCertificate,
        "Client certificate could not be signed",
        __path_sign,
        sign,
    )
}

/// Make a key and a client certificate, and put it on the list
#[utoipa::path(
    post,
    path = "/api/v1/adapters/{adapter}/clients",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier")),
    request_body = IssueClient,
    responses((status = 201, body = Collection<IssuedClient>, content_type = IssuedClient::TYPE))
)]
async fn issue(
    caller: Caller,
    State(app): State<Shared>,
    At(adapter): At<String>,
    Body(IssueClient { name }): Body<IssueClient>,
) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let subject = name.clone();
    let issued = made(&app, move |authority, now| authority.issue_client(&subject, now)).await?;
    let entry = certificates::enlist(&app, &caller, &adapter, name, issued.certificate).await?;
    let private_key = PrivateText::new(issued.private_key_pem);
    Ok(Reply::made(IssuedClient { entry, private_key, ca: app.authority.certificate_pem().to_owned() }))
}

/// Sign a client's request, and put the certificate on the list
#[utoipa::path(
    post,
    path = "/api/v1/adapters/{adapter}/clients/sign",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier")),
    request_body = SignCsr,
    responses((status = 201, body = Collection<SignedClient>, content_type = SignedClient::TYPE))
)]
async fn sign(
    caller: Caller,
    State(app): State<Shared>,
    At(adapter): At<String>,
    Body(SignCsr { name, csr }): Body<SignCsr>,
) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let signed = made(&app, move |authority, now| authority.sign_client(csr.as_bytes(), now)).await?;
    let entry = certificates::enlist(&app, &caller, &adapter, name, signed.certificate).await?;
    Ok(Reply::made(SignedClient { entry, ca: app.authority.certificate_pem().to_owned() }))
}

/// Making an RSA key takes long enough to hold up connections.
async fn made<T: Send + 'static>(
    app: &Shared,
    make: impl FnOnce(&Authority, Timestamp) -> Result<T, pki::Error> + Send + 'static,
) -> Result<T, Error> {
    let (authority, now) = (Arc::clone(&app.authority), (app.now)());
    beside(move || make(&authority, now)).await
}
