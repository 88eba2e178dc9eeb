//! Quarantine: keys that nothing seems to use are deactivated for a while before they are destroyed.

use axum::extract::State;
use engine::quarantine::{self, Then as Outcome};
use kmip::{Timestamp, enums};

use uuid::Uuid;

use super::answer::{Answer, Reply};
use super::body::{At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use super::{Shared, adapters, usage};
use crate::api::{Collection, NewQuarantine, Quarantine, Resource, Then, rfc3339};
use keymanager::Action;

/// The longest quarantine, in days.
const LONGEST: u32 = 3650;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .home(Action::ListKmipObjects, "Keys in quarantine could not be retrieved", __path_list, list)
        .home(Action::QuarantineKmipObject, "Key could not be put into quarantine", __path_enter, enter)
        .home(Action::ReleaseKmipObject, "Key could not be released from quarantine", __path_release, release)
}

/// The instance's keys that are in quarantine, and whether clients asked for them
#[utoipa::path(
    get,
    path = "/api/v1/quarantine",
    tag = "KMIP",
    responses((status = 200, body = Collection<Quarantine>, content_type = Quarantine::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>) -> Answer {
    let mut resources = Vec::new();
    for quarantine in app.engine.quarantined(caller.instance) {
        resources.push(resource(&app, caller.instance, &quarantine).await?);
    }
    Ok(Reply::all(resources))
}

/// Deactivate a key for a while, and destroy it then if no client asked for it
///
/// It is handed out to whoever asks, which raises an alarm; then it is not destroyed until somebody decides.
#[utoipa::path(
    post,
    path = "/api/v1/adapters/{adapter}/keys/{key}/quarantine",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier"), ("key" = String, Path, description = "The KMIP unique identifier")),
    request_body = NewQuarantine,
    responses((status = 201, body = Collection<Quarantine>, content_type = Quarantine::TYPE))
)]
async fn enter(
    caller: Caller,
    State(app): State<Shared>,
    At((adapter, key)): At<(String, String)>,
    Body(NewQuarantine { days, then }): Body<NewQuarantine>,
) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    if !(1..=LONGEST).contains(&days) {
        return Err(Error::field("days", format!("`days` goes from 1 to {LONGEST}")));
    }
    let length = i64::from(days).saturating_mul(app.quarantine_day);
    let until = Timestamp::from_millis(caller.now.millis().saturating_add(length));
    let then = match then {
        Then::Destroy => Outcome::Destroy,
        Then::Keep => Outcome::Keep,
    };
    let (new, by) = (quarantine::NewQuarantine { until, then }, caller.administrator());
    let quarantine = app.engine.quarantine(&adapter, super::keys::identifier(&key)?, new, &by, caller.now).await?;
    caller.set_recorded();
    Ok(Reply::made(resource(&app, caller.instance, &quarantine).await?))
}

/// End a key's quarantine: its state is what it was before
#[utoipa::path(
    delete,
    path = "/api/v1/adapters/{adapter}/keys/{key}/quarantine",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier"), ("key" = String, Path, description = "The KMIP unique identifier")),
    responses((status = 204))
)]
async fn release(caller: Caller, State(app): State<Shared>, At((adapter, key)): At<(String, String)>) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    app.engine.release(&adapter, super::keys::identifier(&key)?, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    Ok(Reply::no_content())
}

async fn resource(app: &Shared, instance: Uuid, quarantine: &quarantine::Quarantine) -> Result<Quarantine, Error> {
    let adapter = app.engine.registry().adapter(instance, &quarantine.adapter.to_string());
    let usage = match &adapter {
        Some(adapter) => usage::resource(&app.engine.usage(adapter, quarantine.object).await?),
        None => crate::api::Usage::default(),
    };
    Ok(Quarantine {
        id: quarantine.object.to_string(),
        adapter: adapter.map_or_else(String::new, |adapter| adapter.name.clone()),
        since: rfc3339(quarantine.since.seconds()),
        until: rfc3339(quarantine.until.seconds()),
        then: match quarantine.then {
            Outcome::Destroy => Then::Destroy,
            Outcome::Keep => Then::Keep,
        },
        by: quarantine.by.clone(),
        state_before: quarantine.before.state.and_then(enums::State::name).unwrap_or("Unknown").to_owned(),
        asked: quarantine.asked.as_ref().map(usage::one),
        usage,
    })
}
