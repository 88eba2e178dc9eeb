//! Client certificates: put on an adapter's list, shown, and taken off it.

use axum::extract::State;
use engine::registry::{Adapter, Certificate as Entry, Fingerprint};

use super::answer::{Answer, Reply};
use super::body::{At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use super::{Shared, adapters};
use crate::api::{Certificate, CertificateFacts, Collection, NewCertificate, Resource, rfc3339};
use crate::pki::{self, ClientCertificate};
use keymanager::Action;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .home(Action::ListCertificates, "Certificates could not be retrieved", __path_list, list)
        .home(Action::AddCertificate, "Certificate could not be added", __path_add, add)
        .home(Action::ReadCertificate, "Certificate could not be retrieved", __path_show, show)
        .home(Action::DeleteCertificate, "Certificate could not be deleted", __path_remove, remove)
}

/// The client certificates on an adapter's list, with what they say
#[utoipa::path(
    get,
    path = "/api/v1/adapters/{adapter}/certificates",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier")),
    responses((status = 200, body = Collection<Certificate>, content_type = Certificate::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, At(adapter): At<String>) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let listed = app.engine.registry().certificates(adapter.id);
    Ok(Reply::all(listed.iter().map(|entry| Certificate { certificate: None, ..resource(entry) }).collect()))
}

/// Put a client certificate on the list
#[utoipa::path(
    post,
    path = "/api/v1/adapters/{adapter}/certificates",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier")),
    request_body = NewCertificate,
    responses((status = 201, body = Collection<Certificate>, content_type = Certificate::TYPE))
)]
async fn add(
    caller: Caller,
    State(app): State<Shared>,
    At(adapter): At<String>,
    Body(new): Body<NewCertificate>,
) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let certificate = pki::check_client_certificate(new.certificate.as_bytes())?;
    let name = new.name.unwrap_or_else(|| default_name(&certificate));
    Ok(Reply::made(enlist(&app, &caller, &adapter, name, certificate).await?))
}

/// A client certificate
#[utoipa::path(
    get,
    path = "/api/v1/adapters/{adapter}/certificates/{certificate}",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier"), ("certificate" = String, Path, description = "Name, identifier or fingerprint")),
    responses((status = 200, body = Collection<Certificate>, content_type = Certificate::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(path): At<(String, String)>) -> Answer {
    Ok(Reply::one(resource(&find(&app, &caller, &path)?)))
}

/// Take a client certificate off the list
#[utoipa::path(
    delete,
    path = "/api/v1/adapters/{adapter}/certificates/{certificate}",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier"), ("certificate" = String, Path, description = "Name, identifier or fingerprint")),
    responses((status = 204))
)]
async fn remove(caller: Caller, State(app): State<Shared>, At(path): At<(String, String)>) -> Answer {
    let entry = find(&app, &caller, &path)?;
    app.engine.registry().remove_certificate(&entry, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    Ok(Reply::no_content())
}

/// Puts a certificate that was checked on the list.
pub(super) async fn enlist(
    app: &Shared,
    caller: &Caller,
    adapter: &Adapter,
    name: String,
    certificate: ClientCertificate,
) -> Result<Certificate, Error> {
    let new = engine::registry::NewCertificate { adapter: adapter.id, name: Some(name), der: certificate.der };
    let entry = app.engine.registry().add_certificate(new, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    Ok(resource(&entry))
}

pub(super) fn find(app: &Shared, caller: &Caller, (adapter, certificate): &(String, String)) -> Result<Entry, Error> {
    let adapter = adapters::find(app, caller, adapter)?;
    app.engine.registry().certificate(adapter.id, certificate).ok_or_else(|| {
        let message = format!("there is no certificate `{certificate}` on the list of adapter {}", adapter.name);
        Error::not_found("CERTIFICATE_NOT_FOUND_ERR", message)
    })
}

/// A name for an entry that was given none: what tells it from others, short enough to type.
fn default_name(certificate: &ClientCertificate) -> String {
    let fingerprint = Fingerprint(certificate.facts.fingerprint).to_string();
    format!("kmip_cert_{}", fingerprint.get(..12).unwrap_or_default())
}

fn resource(entry: &Entry) -> Certificate {
    Certificate {
        id: entry.id().to_string(),
        name: entry.name.clone(),
        fingerprint: entry.fingerprint.to_string(),
        facts: facts(&entry.der),
        created_at: rfc3339(entry.created_at.seconds()),
        created_by: entry.created_by.clone(),
        certificate: Some(pki::to_pem("CERTIFICATE", &entry.der).to_string()),
    }
}

/// What a listed certificate says of itself. It could be read when it was put on the list; were that to fail now, its place on the list
/// must still be shown.
fn facts(der: &[u8]) -> CertificateFacts {
    match pki::facts(der) {
        Ok(facts) => CertificateFacts {
            subject: facts.subject,
            issuer: facts.issuer,
            serial: facts.serial,
            not_before: rfc3339(facts.not_before),
            not_after: rfc3339(facts.not_after),
            public_key: facts.public_key,
        },
        Err(_) => CertificateFacts::default(),
    }
}
