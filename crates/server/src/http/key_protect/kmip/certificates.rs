//! Client certificates on a KMIP adapter's list. Authorities and what is denied stand there too, but IBM's clients know of neither, and
//! would take them for clients that are let in: they are shown and removed by our own API alone.

use axum::extract::State;
use engine::registry::{Certificate, NewCertificate, Standing};
use keymanager::Action;

use super::super::page::Page;
use super::super::request;
use super::{date, find};
use crate::api::key_protect::{KmipCertificate, NewKmipCertificate, Request};
use crate::api::{Collection, Resource};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::{At, Body};
use crate::http::caller::Caller;
use crate::http::certificates;
use crate::http::error::Error;
use crate::http::query::Parameters;
use crate::http::routes::Routes;
use crate::pki;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .instance(Action::ListCertificates, "KMIP client certificates could not be retrieved", __path_list, list)
        .instance(Action::AddCertificate, "KMIP client certificate could not be created", __path_add, add)
        .instance(Action::ReadCertificate, "KMIP client certificate could not be retrieved", __path_show, show)
        .instance(Action::DeleteCertificate, "KMIP client certificate could not be deleted", __path_remove, remove)
}

/// List an adapter's client certificates
#[utoipa::path(
    get,
    path = "/api/v2/kmip_adapters/{adapter}/certificates",
    tag = "KMIP",
    params(
        ("adapter" = String, Path, description = "Identifier or name"),
        ("limit" = Option<usize>, Query, description = "100 when left out", minimum = 1, maximum = 200),
        ("offset" = Option<usize>, Query),
        ("totalCount" = Option<bool>, Query),
    ),
    responses((status = 200, body = Collection<KmipCertificate>, content_type = KmipCertificate::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, At(adapter): At<String>, query: Parameters) -> Answer {
    let page = Page::of(&query, 100, 200)?;
    let adapter = find(&app, &caller, &adapter)?;
    let entries = app.engine.registry().certificates(adapter.id);
    let listed = entries.iter().filter(|entry| is_listed(entry));
    Ok(page.reply(&caller, listed.map(|entry| KmipCertificate { certificate: None, ..resource(entry) }).collect()))
}

/// Put a client certificate on an adapter's list
#[utoipa::path(
    post,
    path = "/api/v2/kmip_adapters/{adapter}/certificates",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Identifier or name")),
    request_body(content = Request<NewKmipCertificate>, content_type = "application/vnd.ibm.kms.kmip_client_certificate+json"),
    responses((status = 201, body = Collection<KmipCertificate>, content_type = KmipCertificate::TYPE))
)]
async fn add(
    caller: Caller,
    State(app): State<Shared>,
    At(adapter): At<String>,
    Body(body): Body<Request<NewKmipCertificate>>,
) -> Answer {
    let new = request::one(body)?;
    let adapter = find(&app, &caller, &adapter)?;
    let certificate = pki::check_client_certificate(new.certificate.as_bytes())?;
    let new = NewCertificate { adapter: adapter.id, name: new.name, der: certificate.der, standing: Standing::Listed };
    let entry = app.engine.registry().add_certificate(new, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    Ok(Reply::made(resource(&entry)))
}

/// Show a client certificate
#[utoipa::path(
    get,
    path = "/api/v2/kmip_adapters/{adapter}/certificates/{certificate}",
    tag = "KMIP",
    params(("adapter" = String, Path), ("certificate" = String, Path, description = "Identifier or name")),
    responses((status = 200, body = Collection<KmipCertificate>, content_type = KmipCertificate::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(path): At<(String, String)>) -> Answer {
    let entry = listed(&app, &caller, &path)?;
    caller.visit.is_about(entry.id(), &entry.name);
    Ok(Reply::one(resource(&entry)))
}

/// Take a client certificate off an adapter's list
#[utoipa::path(
    delete,
    path = "/api/v2/kmip_adapters/{adapter}/certificates/{certificate}",
    tag = "KMIP",
    params(("adapter" = String, Path), ("certificate" = String, Path, description = "Identifier or name")),
    responses((status = 204, description = "It can no longer connect"))
)]
async fn remove(caller: Caller, State(app): State<Shared>, At(path): At<(String, String)>) -> Answer {
    let entry = listed(&app, &caller, &path)?;
    app.engine.registry().remove_certificate(&entry, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    Ok(Reply::no_content())
}

fn listed(app: &Shared, caller: &Caller, path: &(String, String)) -> Result<Certificate, Error> {
    let entry = certificates::find(app, caller, path)?;
    let none = || Error::not_found("CERTIFICATE_NOT_FOUND_ERR", format!("`{}` is no client's certificate", path.1));
    Some(entry).filter(is_listed).ok_or_else(none)
}

fn is_listed(entry: &Certificate) -> bool {
    entry.standing == Standing::Listed
}

fn resource(entry: &Certificate) -> KmipCertificate {
    KmipCertificate {
        id: entry.id().to_string(),
        name: entry.name.clone(),
        certificate: Some(pki::to_pem("CERTIFICATE", &entry.der).to_string()),
        created_at: date(entry.created_at),
        created_by: entry.created_by.clone(),
    }
}
