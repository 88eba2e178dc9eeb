//! Client certificates: put on an adapter's list, shown, and taken off it.

use axum::extract::State;
use axum::http::StatusCode;
use engine::registry::{self, Adapter, Certificate as Entry, Fingerprint, Standing};
use keymanager::Action;
use kmip::Timestamp;

use super::answer::{Answer, Reply};
use super::body::{At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use super::{Shared, adapters, doors};
use crate::api::{self, Certificate, CertificateFacts, Collection, NewCertificate, Resource, WhenExpired, rfc3339};
use crate::expiry;
use crate::pki::{self, ClientCertificate, Unusable, Voucher};

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
    let shown = listed.iter().map(|entry| Certificate { certificate: None, ..resource(entry, &adapter, caller.now) });
    Ok(Reply::all(shown.collect()))
}

/// Put client certificates on the list
///
/// All that are in the text, or none. An authority's certificate vouches for the clients that it signed; a denied one is shut out.
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
    let listed = enlist_all(&app, &caller, &adapter, checked(new, caller.now)?).await?;
    Ok(Reply::collection(StatusCode::CREATED, &Collection::new(listed)))
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
    let (entry, adapter) = (find(&app, &caller, &path)?, adapters::find(&app, &caller, &path.0)?);
    Ok(Reply::one(resource(&entry, &adapter, caller.now)))
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

/// What goes on a list.
pub(super) struct New {
    pub(super) name: String,
    pub(super) certificate: ClientCertificate,
    pub(super) standing: Standing,
}

/// Puts a certificate that was checked on the list, as a client's.
pub(super) async fn enlist(
    app: &Shared,
    caller: &Caller,
    adapter: &Adapter,
    name: String,
    certificate: ClientCertificate,
) -> Result<Certificate, Error> {
    let new = New { name, certificate, standing: Standing::Listed };
    let listed = enlist_all(app, caller, adapter, vec![new]).await?;
    listed.into_iter().next().ok_or_else(|| Error::bad_request("INVALID_CERTIFICATE_ERR", "there is no certificate"))
}

/// Puts certificates on the list: all, or none.
pub(super) async fn enlist_all(
    app: &Shared,
    caller: &Caller,
    adapter: &Adapter,
    new: Vec<New>,
) -> Result<Vec<Certificate>, Error> {
    new.iter().try_for_each(|new| check_unlisted(app, caller, adapter, new))?;
    let new = new.into_iter().map(|New { name, certificate, standing }| registry::NewCertificate {
        adapter: adapter.id,
        name: Some(name),
        der: certificate.der,
        standing,
    });
    let listed = app.engine.registry().add_certificates(new.collect(), &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    listed.iter().for_each(|entry| app.book.forget(&entry.fingerprint));
    Ok(listed.iter().map(|entry| resource(entry, adapter, caller.now)).collect())
}

/// What can be known beforehand: that a certificate is on a list, or a name taken. Whose list it is, is said within the caller's
/// instance alone.
fn check_unlisted(app: &Shared, caller: &Caller, adapter: &Adapter, new: &New) -> Result<(), Error> {
    let registry = app.engine.registry();
    let fingerprint = Fingerprint(new.certificate.facts.fingerprint);
    let holders = registry.adapters(caller.instance).into_iter();
    let mut lists = holders.map(|holder| (registry.certificate(holder.id, &fingerprint.to_string()), holder));
    if let Some((Some(entry), holder)) = lists.find(|(entry, _)| entry.is_some()) {
        let (subject, name) = (&new.certificate.facts.subject, &entry.name);
        let message = format!(
            "certificate `{subject}` is on the list of adapter {} already, as `{name}`: a certificate stands on one list only; remove it there first",
            holder.name
        );
        return Err(Error::conflict("CERTIFICATE_LISTED_ERR", message));
    }
    let elsewhere = registry.admit(&fingerprint).is_some()
        || registry.is_denied(&fingerprint)
        || registry.authorities().iter().any(|authority| authority.fingerprint() == fingerprint);
    if elsewhere {
        let message = "the certificate is on another adapter's list already: a certificate stands on one list only";
        return Err(Error::conflict("CERTIFICATE_LISTED_ERR", message));
    }
    match registry.certificate(adapter.id, &new.name) {
        Some(_) => Err(Error::conflict("NAME_TAKEN_ERR", format!("the name `{}` is taken: choose another", new.name))),
        None => Ok(()),
    }
}

/// Reads and checks what an administrator gives.
fn checked(new: NewCertificate, now: Timestamp) -> Result<Vec<New>, Error> {
    let standing = standing(&new)?;
    let certificates = pki::client_certificates(new.certificate.as_bytes())?;
    let several = certificates.len() > 1;
    let named = certificates.into_iter().enumerate().map(|(index, certificate)| {
        check_standing(&certificate, &standing, now)?;
        let name = match &new.name {
            Some(name) if several && index > 0 => format!("{name}-{}", index + 1),
            Some(name) => name.clone(),
            None => default_name(&certificate),
        };
        Ok(New { name, certificate, standing: standing.clone() })
    });
    named.collect()
}

/// What the entry shall say. That an authority vouches for everybody must be said, for it lets in whoever the authority signs.
fn standing(new: &NewCertificate) -> Result<Standing, Error> {
    let has_subjects = !new.subjects.is_empty() || new.any_subject;
    match new.standing {
        api::Standing::Listed | api::Standing::Denied if has_subjects => {
            Err(Error::field("subjects", "only an authority has subjects: leave them out"))
        }
        api::Standing::Listed => Ok(Standing::Listed),
        api::Standing::Denied => Ok(Standing::Denied),
        api::Standing::Authority if new.subjects.is_empty() != new.any_subject => {
            let message = "say for which clients the authority vouches: patterns in `subjects`, such as `CN=vcenter*`, or `any_subject`, but not both";
            Err(Error::field("subjects", message))
        }
        api::Standing::Authority => Ok(Standing::Authority(new.subjects.clone())),
    }
}

fn check_standing(certificate: &ClientCertificate, standing: &Standing, now: Timestamp) -> Result<(), Error> {
    match standing {
        Standing::Listed | Standing::Denied => Ok(()),
        Standing::Authority(subjects) => {
            pki::check_authority(certificate, now)?;
            match Voucher::new(&certificate.der, subjects) {
                Ok(_) => Ok(()),
                Err(error @ Unusable::Pattern(_)) => Err(Error::field("subjects", error.to_string())),
                Err(error @ Unusable::Certificate(_)) => Err(Error::field("certificate", error.to_string())),
            }
        }
    }
}

pub(super) fn find(app: &Shared, caller: &Caller, (adapter, certificate): &(String, String)) -> Result<Entry, Error> {
    let adapter = adapters::find(app, caller, adapter)?;
    app.engine.registry().certificate(adapter.id, certificate).ok_or_else(|| {
        let message = format!("there is no certificate `{certificate}` on the list of adapter {}", adapter.name);
        Error::not_found("CERTIFICATE_NOT_FOUND_ERR", message)
    })
}

/// A name for an entry that was given none: what tells it from others, short enough to type.
pub(super) fn default_name(certificate: &ClientCertificate) -> String {
    let fingerprint = Fingerprint(certificate.facts.fingerprint).to_string();
    format!("kmip_cert_{}", fingerprint.get(..12).unwrap_or_default())
}

fn resource(entry: &Entry, adapter: &Adapter, now: Timestamp) -> Certificate {
    // It could be read when it was put on the list; were that to fail now, its place on the list must still be shown.
    let facts = pki::facts(&entry.der).ok();
    let left = facts.as_ref().map_or(0, |facts| facts.not_after.saturating_sub(now.seconds()));
    let (standing, subjects, when_expired) = match &entry.standing {
        Standing::Listed => (api::Standing::Listed, Vec::new(), doors::when_expired(adapter)),
        Standing::Authority(subjects) => (api::Standing::Authority, subjects.clone(), WhenExpired::Refused),
        Standing::Denied => (api::Standing::Denied, Vec::new(), WhenExpired::Refused),
    };
    Certificate {
        id: entry.id().to_string(),
        name: entry.name.clone(),
        fingerprint: entry.fingerprint.to_string(),
        facts: facts.as_ref().map(described).unwrap_or_default(),
        standing,
        subjects,
        days_left: expiry::days(left),
        expired: left < 0,
        when_expired,
        created_at: rfc3339(entry.created_at.seconds()),
        created_by: entry.created_by.clone(),
        certificate: Some(pki::to_pem("CERTIFICATE", &entry.der).to_string()),
    }
}

/// What a certificate says of itself, in the API's words.
pub(super) fn described(facts: &pki::CertificateFacts) -> CertificateFacts {
    CertificateFacts {
        subject: facts.subject.clone(),
        issuer: facts.issuer.clone(),
        serial: facts.serial.clone(),
        not_before: rfc3339(facts.not_before),
        not_after: rfc3339(facts.not_after),
        public_key: facts.public_key.clone(),
    }
}
