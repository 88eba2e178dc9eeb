//! The door book: certificates that came to a KMIP port and were on no list. Each can be let in from here, without a file being moved.
//!
//! The invariant: **a tenant learns of nobody who did not come to a door of its own.** Who came to the shared door is the installation's to
//! see: nobody knows whose they are.

use axum::extract::State;
use axum::http::StatusCode;
use engine::registry;
use keymanager::{Action, Extent};

use super::Shared;
use super::answer::{Answer, Reply};
use super::body::{At, Body};
use super::caller::Caller;
use super::certificates::{self, New};
use super::error::Error;
use super::routes::Routes;
use crate::api::{AllowStranger, Certificate, Collection, RefusalCount, Resource, Standing, Stranger, rfc3339};
use crate::kmip;
use crate::pki;

/// A prefix of so many hexadecimal digits names a certificate, if it is the only one.
const SHORTEST: usize = 8;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ListCertificates, "The door book could not be retrieved", __path_list, list)
        .home(Action::AddCertificate, "Certificate could not be added", __path_allow, allow)
        .installation(Action::DeleteCertificate, "The entry could not be deleted", __path_forget, forget)
        .installation(Action::ListCertificates, "Refusals could not be retrieved", __path_refused, refused)
}

/// The certificates that came and are on no list
///
/// Of the installation: all. Of an instance: those that came to an own door of one of its adapters.
#[utoipa::path(
    get,
    path = "/api/v1/door",
    tag = "KMIP",
    responses((status = 200, body = Collection<Stranger>, content_type = Stranger::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>) -> Answer {
    let everywhere = caller.instance.is_nil();
    Ok(Reply::all(seen(&app, &caller, everywhere).map(|stranger| resource(&stranger)).collect()))
}

/// Let somebody in who came
#[utoipa::path(
    post,
    path = "/api/v1/door/{fingerprint}",
    tag = "KMIP",
    params(("fingerprint" = String, Path, description = "SHA-256 of the certificate, or its first 8 hexadecimal digits or more")),
    request_body = AllowStranger,
    responses((status = 201, body = Collection<Certificate>, content_type = Certificate::TYPE))
)]
async fn allow(
    caller: Caller,
    State(app): State<Shared>,
    At(fingerprint): At<String>,
    Body(new): Body<AllowStranger>,
) -> Answer {
    let adapter = super::adapters::find(&app, &caller, &new.adapter)?;
    let standing = standing(new.standing)?;
    let everywhere = caller.reaches(Extent::Installation);
    let stranger = find(&fingerprint, seen(&app, &caller, everywhere))?;
    let certificate = pki::check_client_certificate(&stranger.der)?;
    let name = new.name.unwrap_or_else(|| certificates::default_name(&certificate));
    let listed = certificates::enlist_all(&app, &caller, &adapter, vec![New { name, certificate, standing }]).await?;
    Ok(Reply::collection(StatusCode::CREATED, &Collection::new(listed)))
}

/// Strike somebody out of the door book
///
/// Who comes again is in it again: to shut a certificate out, deny it.
#[utoipa::path(
    delete,
    path = "/api/v1/door/{fingerprint}",
    tag = "KMIP",
    params(("fingerprint" = String, Path, description = "SHA-256 of the certificate, or its first 8 hexadecimal digits or more")),
    responses((status = 204))
)]
async fn forget(caller: Caller, State(app): State<Shared>, At(fingerprint): At<String>) -> Answer {
    let everywhere = caller.reaches(Extent::Installation);
    let stranger = find(&fingerprint, seen(&app, &caller, everywhere))?;
    caller.visit.is_about(stranger.fingerprint.id(), &stranger.facts.subject);
    app.book.forget(&stranger.fingerprint);
    Ok(Reply::no_content())
}

/// How often connections to the KMIP ports were refused, by reason
///
/// Since the server was started; of the installation as a whole.
#[utoipa::path(
    get,
    path = "/api/v1/door/refusals",
    tag = "KMIP",
    responses((status = 200, body = Collection<RefusalCount>, content_type = RefusalCount::TYPE))
)]
async fn refused(caller: Caller, State(app): State<Shared>) -> Answer {
    Ok(Reply::all(if caller.instance.is_nil() { refusals(&app) } else { Vec::new() }))
}

/// Those that happened.
pub(super) fn refusals(app: &Shared) -> Vec<RefusalCount> {
    let counted = app.refusals.reasons().into_iter();
    counted.map(|(label, reason, count)| RefusalCount { label: label.into(), reason: reason.into(), count }).collect()
}

/// Whom the caller may see: everybody, or who came to an own door of the instance's adapters.
fn seen(app: &Shared, caller: &Caller, everywhere: bool) -> impl Iterator<Item = kmip::Stranger> {
    let (registry, instance) = (app.engine.registry(), caller.instance);
    let is_own = move |door: uuid::Uuid| registry.adapter(instance, &door.to_string()).is_some();
    app.book.strangers().into_iter().filter(move |stranger| everywhere || stranger.door.is_some_and(is_own))
}

/// The one that is named, by a fingerprint as vCenter or `openssl` prints it, or by its beginning.
fn find(named: &str, strangers: impl Iterator<Item = kmip::Stranger>) -> Result<kmip::Stranger, Error> {
    let digits: String = named.chars().filter(|each| !matches!(each, ':' | ' ')).collect();
    let digits = digits.to_ascii_lowercase();
    if !(SHORTEST..=64).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = format!("`{named}` is no fingerprint: give at least its first {SHORTEST} hexadecimal digits");
        return Err(Error::bad_request("INVALID_FIELD_ERR", message));
    }
    let mut found = strangers.filter(|stranger| stranger.fingerprint.to_string().starts_with(&digits));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => {
            let message = format!("several fingerprints in the door book begin with `{named}`: give more of it");
            Err(Error::conflict("AMBIGUOUS_NAME_ERR", message))
        }
        (None, _) => {
            let message = format!("no certificate in the door book has a fingerprint that begins with `{named}`");
            Err(Error::not_found("CERTIFICATE_NOT_FOUND_ERR", message))
        }
    }
}

fn standing(standing: Standing) -> Result<registry::Standing, Error> {
    match standing {
        Standing::Listed => Ok(registry::Standing::Listed),
        Standing::Denied => Ok(registry::Standing::Denied),
        Standing::Authority => {
            let message = "who came as a client is no authority: add the CA's own certificate to the list";
            Err(Error::field("standing", message))
        }
    }
}

pub(super) fn resource(stranger: &kmip::Stranger) -> Stranger {
    Stranger {
        fingerprint: stranger.fingerprint.to_string(),
        facts: certificates::described(&stranger.facts),
        address: stranger.address.to_canonical().to_string(),
        door: stranger.door.map(|door| door.to_string()),
        first: rfc3339(stranger.first.seconds()),
        last: rfc3339(stranger.last.seconds()),
        count: stranger.count,
    }
}
