//! Keys: what clients made in an adapter, shown without material, and destroyed.

use axum::extract::State;
use axum::http::StatusCode;
use engine::manage::ObjectView;
use kmip::attribute::{self, AttributeName, Row};
use kmip::enums::CryptographicAlgorithm;
use kmip::{Value, tag};
use serde::Deserialize;
use uuid::Uuid;

use super::answer::{Answer, Reply};
use super::body::{Asked, At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use super::{Shared, adapters, usage};
use crate::api::{Attribute, Collection, Key, Reactivate, Resource, rfc3339};
use keymanager::Action;

/// The most keys of a page.
const LONGEST_PAGE: usize = 5000;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .home(Action::ListKmipObjects, "KMIP objects could not be retrieved", __path_list, list)
        .home(Action::ReadKmipObject, "KMIP object could not be retrieved", __path_show, show)
        .home(Action::DeleteKmipObject, "KMIP object could not be deleted", __path_destroy, destroy)
        .home(Action::ReactivateKmipObject, "KMIP object could not be reactivated", __path_reactivate, reactivate)
}

/// The query of a deletion.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Force {
    #[serde(default)]
    force: bool,
}

/// The query of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default = "usual_page")]
    limit: usize,
    #[serde(default)]
    after: u64,
}

fn usual_page() -> usize {
    100
}

/// The keys that clients made, with their attributes
#[utoipa::path(
    get,
    path = "/api/v1/adapters/{adapter}/keys",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier"), ("limit" = Option<usize>, Query, description = "1 to 5000; 100 when left out"), ("after" = Option<u64>, Query, description = "The cursor of the page before")),
    responses((status = 200, body = Collection<Key>, content_type = Key::TYPE))
)]
async fn list(
    caller: Caller,
    State(app): State<Shared>,
    At(adapter): At<String>,
    Asked(Page { limit, after }): Asked<Page>,
) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    if !(1..=LONGEST_PAGE).contains(&limit) {
        return Err(Error::bad_request("INVALID_QUERY_PARAM_ERR", format!("`limit` goes from 1 to {LONGEST_PAGE}")));
    }
    let total = app.engine.count_objects(&adapter).await?;
    let page = app.engine.objects(&adapter, after, limit, caller.now).await?;
    let keys = usage::with_usage(&app, &adapter, page.objects.iter().map(resource).collect()).await?;
    Ok(Reply::collection(StatusCode::OK, &Collection::page(keys, total, page.next)))
}

/// A key that a client made
#[utoipa::path(
    get,
    path = "/api/v1/adapters/{adapter}/keys/{key}",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier"), ("key" = String, Path, description = "The KMIP unique identifier")),
    responses((status = 200, body = Collection<Key>, content_type = Key::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At((adapter, key)): At<(String, String)>) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let object = app.engine.object(&adapter, identifier(&key)?, caller.now).await?;
    Ok(Reply::all(usage::with_usage(&app, &adapter, vec![resource(&object)]).await?))
}

/// Destroy a key; it can be restored, as the standard key that it is, for 30 days
#[utoipa::path(
    delete,
    path = "/api/v1/adapters/{adapter}/keys/{key}",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier"), ("key" = String, Path, description = "The KMIP unique identifier"), ("force" = Option<bool>, Query, description = "Also while it is active")),
    responses((status = 204))
)]
async fn destroy(
    caller: Caller,
    State(app): State<Shared>,
    At((adapter, key)): At<(String, String)>,
    Asked(Force { force }): Asked<Force>,
) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let key = identifier(&key)?;
    let warning = usage::warning(&app, &caller, &adapter, key).await;
    app.engine.destroy_object(&adapter, key, force, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    app.destroys.by_call(&caller);
    Ok(usage::warned(Reply::no_content(), warning))
}

/// Make a deactivated key active again: KMIP has no way back
#[utoipa::path(
    post,
    path = "/api/v1/adapters/{adapter}/keys/{key}/reactivate",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier"), ("key" = String, Path, description = "The KMIP unique identifier")),
    request_body = Option<Reactivate>,
    responses((status = 200, body = Collection<Key>, content_type = Key::TYPE))
)]
async fn reactivate(
    caller: Caller,
    State(app): State<Shared>,
    At((adapter, key)): At<(String, String)>,
    Body(Reactivate { reason }): Body<Reactivate>,
) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let id = identifier(&key)?;
    caller.visit.is_about(id, "");
    let reason = reason.as_deref().map(said).transpose()?;
    let (by, now) = (caller.administrator(), caller.now);
    let object = app.engine.reactivate_object(&adapter, id, reason, &by, now).await?;
    caller.set_recorded();
    Ok(Reply::one(resource(&object)))
}

/// What is written into the audit is of bounded length, and on one line.
fn said(reason: &str) -> Result<&str, Error> {
    let fits = (1..=240).contains(&reason.chars().count()) && !reason.chars().any(char::is_control);
    fits.then_some(reason).ok_or_else(|| Error::field("reason", "has 1 to 240 characters, on one line"))
}

/// What is no UUID can't be a key of ours, so it is not found.
pub(super) fn identifier(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| Error::not_found("KEY_NOT_FOUND_ERR", format!("there is no key `{text}`")))
}

fn resource(object: &ObjectView) -> Key {
    let value =
        |row: &Row| object.attributes.iter().find(|attribute| attribute.name.is(row)).map(|attribute| &attribute.value);
    let algorithm = value(&attribute::CRYPTOGRAPHIC_ALGORITHM).and_then(Value::as_enumeration);
    let length = value(&attribute::CRYPTOGRAPHIC_LENGTH).and_then(Value::as_integer);
    let created = value(&attribute::INITIAL_DATE).and_then(Value::as_date_time);
    Key {
        id: object.id.to_string(),
        object_type: name(object.object_type.name(), object.object_type.number()),
        state: object.state.map_or_else(String::new, |state| name(state.name(), state.number())),
        algorithm: algorithm.map(|number| name(CryptographicAlgorithm::from_number(number).name(), number)),
        length: length.and_then(|bits| u32::try_from(bits).ok()),
        attributes: object.attributes.iter().filter_map(shown).collect(),
        created_at: created.map_or_else(String::new, |date| rfc3339(date.0)),
        usage: None,
    }
}

fn name(known: Option<&str>, number: u32) -> String {
    known.map_or_else(|| format!("{number:#x}"), str::to_owned)
}

/// Attributes that have a field of their own, or that say nothing to a person.
const ELSEWHERE: [&Row; 6] = [
    &attribute::UNIQUE_IDENTIFIER,
    &attribute::OBJECT_TYPE,
    &attribute::STATE,
    &attribute::CRYPTOGRAPHIC_ALGORITHM,
    &attribute::CRYPTOGRAPHIC_LENGTH,
    &attribute::INITIAL_DATE,
];

fn shown(attribute: &attribute::Attribute) -> Option<Attribute> {
    if ELSEWHERE.iter().any(|row| attribute.name.is(row)) {
        return None;
    }
    let value = text(&attribute.value)?;
    let name = match &attribute.name {
        AttributeName::Standard(row) => row.name.to_owned(),
        AttributeName::Custom(name) | AttributeName::Unknown(name) => name.clone(),
    };
    Some(Attribute { name, value })
}

/// A value for people. Bytes and most structures are not for them.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::TextString(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::LongInteger(number) => Some(number.to_string()),
        Value::Enumeration(number) => Some(format!("{number:#x}")),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::DateTime(date) => Some(rfc3339(date.0)),
        Value::Interval(seconds) => Some(format!("{} s", seconds.0)),
        Value::Structure(_) => value.field(tag::NAME_VALUE).and_then(Value::as_text).map(str::to_owned),
        Value::ByteString(_) | Value::BigInteger(_) => None,
    }
}
