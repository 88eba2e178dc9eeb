//! KMIP objects of an adapter: looked at and destroyed, never made, and their material never read.

use axum::extract::State;
use engine::manage::{ObjectQuery, ObjectView};
use engine::registry::certificate_id;
use keymanager::Action;
use kmip::Timestamp;
use kmip::enums;
use uuid::Uuid;

use super::super::page::Page;
use super::{date, find};
use crate::api::key_protect::KmipObject;
use crate::api::{Collection, Resource};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::At;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::query::Parameters;
use crate::http::routes::Routes;
use crate::http::usage;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .instance(Action::ListKmipObjects, "KMIP objects could not be retrieved", __path_list, list)
        .instance(Action::ReadKmipObject, "KMIP object could not be retrieved", __path_show, show)
        .instance(Action::DeleteKmipObject, "KMIP object could not be deleted", __path_delete, delete)
}

/// List an adapter's KMIP objects
#[utoipa::path(
    get,
    path = "/api/v2/kmip_adapters/{adapter}/kmip_objects",
    tag = "KMIP",
    params(
        ("adapter" = String, Path, description = "Identifier or name"),
        ("limit" = Option<usize>, Query, description = "100 when left out", minimum = 1, maximum = 5000),
        ("offset" = Option<usize>, Query),
        ("totalCount" = Option<bool>, Query),
        ("state" = Option<String>, Query, description = "States by number, with commas; 1,2,3,4 when left out"),
    ),
    responses((status = 200, body = Collection<KmipObject>, content_type = KmipObject::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, At(adapter): At<String>, query: Parameters) -> Answer {
    let page = Page::of(&query, 100, 5000)?;
    let states: Vec<enums::State> = query.list("state").map(state).collect::<Result<_, _>>()?;
    let states = if states.is_empty() { ObjectQuery::default().states } else { states };
    let adapter = find(&app, &caller, &adapter)?;
    let wanted = ObjectQuery { states, offset: page.offset(), limit: page.limit(), count: page.is_counted() };
    let found = app.engine.objects_in(&adapter, &wanted, caller.now).await?;
    Ok(page.counted(&caller, found.objects.iter().map(resource).collect(), found.total))
}

/// Show a KMIP object
#[utoipa::path(
    get,
    path = "/api/v2/kmip_adapters/{adapter}/kmip_objects/{id}",
    tag = "KMIP",
    params(("adapter" = String, Path), ("id" = String, Path, description = "Its unique identifier")),
    responses((status = 200, body = Collection<KmipObject>, content_type = KmipObject::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At((adapter, id)): At<(String, String)>) -> Answer {
    let adapter = find(&app, &caller, &adapter)?;
    let object = app.engine.object(&adapter, identifier(&id)?, caller.now).await?;
    caller.visit.is_about(object.id, "");
    Ok(Reply::one(resource(&object)))
}

/// Destroy a KMIP object
#[utoipa::path(
    delete,
    path = "/api/v2/kmip_adapters/{adapter}/kmip_objects/{id}",
    tag = "KMIP",
    params(
        ("adapter" = String, Path),
        ("id" = String, Path, description = "Its unique identifier"),
        ("force" = Option<bool>, Query, description = "Also while it is active"),
    ),
    responses((status = 204, description = "It is destroyed; it can be restored as a standard key for 30 days"))
)]
async fn delete(
    caller: Caller,
    State(app): State<Shared>,
    At((adapter, id)): At<(String, String)>,
    query: Parameters,
) -> Answer {
    let force = query.flag("force")?.unwrap_or(false);
    let adapter = find(&app, &caller, &adapter)?;
    let id = identifier(&id)?;
    caller.visit.is_about(id, "");
    let warning = usage::warning(&app, &caller, &adapter, id).await;
    app.engine.destroy_object(&adapter, id, force, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    app.destroys.by_call(&caller);
    Ok(usage::warned(Reply::no_content(), warning))
}

fn state(text: &str) -> Result<enums::State, Error> {
    let number = text.parse().ok().filter(|number| (1..=6).contains(number));
    number.map(enums::State::from_number).ok_or_else(|| Error::query("state", "`state` takes numbers from 1 to 6"))
}

/// What is no UUID can't be an object of ours, so it is not found.
fn identifier(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| Error::not_found("NOT_FOUND_ERR", format!("there is no KMIP object `{text}`")))
}

fn resource(object: &ObjectView) -> KmipObject {
    let certificate = |by: &Option<String>| by.as_deref().and_then(certificate_id).map(|id| id.to_string());
    let at = |time: Option<Timestamp>| time.map(date);
    KmipObject {
        id: object.id.to_string(),
        kmip_object_type: object.object_type.number(),
        state: object.state.map_or(0, enums::State::number),
        created_at: at(object.created_at).unwrap_or_default(),
        created_by_kmip_client_cert_id: certificate(&object.created_by),
        created_by: object.created_by.clone().unwrap_or_default(),
        updated_at: at(object.updated_at),
        updated_by_kmip_client_cert_id: certificate(&object.updated_by),
        updated_by: object.updated_by.clone(),
        destroyed_at: at(object.destroyed_at),
        destroyed_by_kmip_client_cert_id: certificate(&object.destroyed_by),
        destroyed_by: object.destroyed_by.clone(),
        recoverable: object.has_material,
    }
}
