//! Erasure of a deleted key at once, by two people.

use axum::extract::State;
use axum::http::StatusCode;
use keymanager::{Action, Erased};

use super::Shared;
use super::answer::{Answer, Reply};
use super::caller::Caller;
use super::key_protect::Which;
use super::routes::Routes;
use crate::api::{Collection, Erasure, Resource, rfc3339};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .home(Action::AskForErasure, "Key could not be erased", __path_ask, ask)
        .home(Action::ReadErasure, "The request for an erasure could not be retrieved", __path_show, show)
        .home(Action::ForgoErasure, "The request for an erasure could not be taken back", __path_forgo, forgo)
}

/// Have a deleted key erased at once: the first person asks for it, another one carries it out
///
/// The request counts for 7 days, and for this deletion of the key alone.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/erasure",
    tag = "Administration",
    params(Which),
    responses(
        (status = 201, description = "Asked for", body = Collection<Erasure>, content_type = Erasure::TYPE),
        (status = 200, description = "Erased", body = Collection<Erasure>, content_type = Erasure::TYPE),
    )
)]
async fn ask(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    match app.keys.erase(&caller, &id).await? {
        Erased::Asked(erasure) => Ok(Reply::made(resource(&app, &erasure))),
        Erased::Done(key) => {
            let done =
                Erasure { key: key.id.to_string(), state: "done".into(), asked_by: None, asked: None, until: None };
            Ok(Reply::collection(StatusCode::OK, &Collection::one(done)))
        }
    }
}

/// See who asked for a key to be erased at once
#[utoipa::path(
    get,
    path = "/api/v1/keys/{id}/erasure",
    tag = "Administration",
    params(Which),
    responses((status = 200, body = Collection<Erasure>, content_type = Erasure::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    let (erasure, _) = app.keys.erasure(&caller, &id).await?;
    Ok(Reply::one(resource(&app, &erasure)))
}

/// Take back that a key is to be erased at once
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{id}/erasure",
    tag = "Administration",
    params(Which),
    responses((status = 204))
)]
async fn forgo(caller: Caller, State(app): State<Shared>, which: Which) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    app.keys.forgo_erasure(&caller, &id).await?;
    Ok(Reply::no_content())
}

fn resource(app: &Shared, erasure: &keymanager::Erasure) -> Erasure {
    Erasure {
        key: erasure.key.to_string(),
        state: "asked".into(),
        asked_by: Some(erasure.asked_by.clone()),
        asked: Some(rfc3339(erasure.asked.seconds())),
        until: Some(rfc3339(app.keys.until(erasure).seconds())),
    }
}
