//! Alarms: what stands, and certificates that are about to expire, of whatever the caller looks after.

use axum::extract::State;
use keymanager::Action;
use kmip::Timestamp;

use super::answer::{Answer, Reply};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use super::{Administration, Shared};
use crate::alarm;
use crate::api::{Alarm, Collection, Resource, rfc3339};
use crate::expiry::{self, Sources, Watched};
use crate::pki::hexadecimal;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.installation(Action::ListCertificates, "Alarms could not be retrieved", __path_list, list)
}

/// What to look into: first what went wrong or may, then certificates that are about to expire, the most urgent first. Of an instance's
/// own, or with no instance named of all and of the server itself
#[utoipa::path(
    get,
    path = "/api/v1/alarms",
    tag = "Administration",
    responses((status = 200, body = Collection<Alarm>, content_type = Alarm::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>) -> Answer {
    let instance = (!caller.instance.is_nil()).then_some(caller.instance);
    let watched = match instance {
        None => everything(&app, caller.now).await?,
        Some(instance) => expiry::clients(app.engine.registry(), instance),
    };
    let standing = app.alarms.all(&app.engine, instance).into_iter().map(standing);
    let certificates = expiry::alarms(watched, caller.now).into_iter().map(certificate);
    Ok(Reply::all(standing.chain(certificates).collect()))
}

async fn everything(app: &Administration, now: Timestamp) -> Result<Vec<Watched>, Error> {
    let (engine, keys, certificates) = (app.engine.clone(), app.keys.clone(), app.certificates.clone());
    Sources { engine, keys, certificates }.everything(now).await.map_err(|error| match error {
        expiry::Error::Pki(error) => error.into(),
        expiry::Error::Keys(error) => error.into(),
    })
}

fn standing(alarm: alarm::Alarm) -> Alarm {
    Alarm {
        kind: alarm.kind.to_owned(),
        severity: alarm.severity.name().to_owned(),
        message: alarm.message,
        advice: alarm.advice,
        since: Some(rfc3339(alarm.since.seconds())),
        about: Some(alarm.about),
        instance: alarm.instance.map(|instance| instance.to_string()),
        ..Alarm::default()
    }
}

fn certificate(alarm: expiry::Alarm) -> Alarm {
    let entry = alarm.watched.entry.as_ref();
    Alarm {
        kind: alarm.watched.what.kind().to_owned(),
        severity: alarm.threshold.severity.name().to_owned(),
        message: alarm.message(),
        advice: alarm.watched.advice(),
        days_left: Some(alarm.days),
        threshold_days: Some(alarm.threshold.days),
        not_after: Some(rfc3339(alarm.watched.not_after)),
        subject: Some(alarm.watched.subject.clone()),
        fingerprint: Some(hexadecimal(&alarm.watched.fingerprint)),
        instance: entry.map(|entry| entry.instance.to_string()),
        adapter: entry.map(|entry| entry.adapter.clone()),
        name: entry.map(|entry| entry.name.clone()),
        ..Alarm::default()
    }
}
