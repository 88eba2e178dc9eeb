//! Certificates that the server makes for its clients: with a private key, or from a signing request.

use std::sync::Arc;

use axum::extract::State;
use kmip::Timestamp;

use super::answer::{Answer, Reply};
use super::body::{At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use super::{Shared, adapters, certificates};
use crate::api::{IssueClient, IssuedClient, PrivateText, SignCsr, SignedClient};
use crate::pki::{self, Authority};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.post("/adapters/{adapter}/clients", issue).post("/adapters/{adapter}/clients/sign", sign)
}

async fn issue(
    caller: Caller,
    State(app): State<Shared>,
    At(adapter): At<String>,
    Body(IssueClient { name }): Body<IssueClient>,
) -> Answer<IssuedClient> {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let subject = name.clone();
    let issued = made(&app, move |authority, now| authority.issue_client(&subject, now)).await?;
    let entry = certificates::enlist(&app, &caller, &adapter, name, issued.certificate).await?;
    let private_key = PrivateText::new(issued.private_key_pem);
    Ok(Reply::Made(IssuedClient { entry, private_key, ca: app.authority.certificate_pem().to_owned() }))
}

async fn sign(
    caller: Caller,
    State(app): State<Shared>,
    At(adapter): At<String>,
    Body(SignCsr { name, csr }): Body<SignCsr>,
) -> Answer<SignedClient> {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let signed = made(&app, move |authority, now| authority.sign_client(csr.as_bytes(), now)).await?;
    let entry = certificates::enlist(&app, &caller, &adapter, name, signed.certificate).await?;
    Ok(Reply::Made(SignedClient { entry, ca: app.authority.certificate_pem().to_owned() }))
}

/// Making an RSA key takes long enough to hold up connections, so it is done beside them.
async fn made<T: Send + 'static>(
    app: &Shared,
    make: impl FnOnce(&Authority, Timestamp) -> Result<T, pki::Error> + Send + 'static,
) -> Result<T, Error> {
    let (authority, now) = (Arc::clone(&app.authority), (app.now)());
    let made = tokio::task::spawn_blocking(move || make(&authority, now)).await;
    Ok(made.map_err(|error| Error::fault(&error))??)
}
