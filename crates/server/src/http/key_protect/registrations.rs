//! Registrations: what uses root keys.

use axum::extract::State;
use keymanager::Action;

use super::page::Page;
use crate::api::key_protect::Registration;
use crate::api::{Collection, Resource};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::At;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::query::Parameters;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    const FAILURE: &str = "Registrations could not be retrieved";
    routes.instance(Action::ListRegistrations, FAILURE, __path_of_all, of_all).instance(
        Action::ListRegistrations,
        FAILURE,
        __path_of_one,
        of_one,
    )
}

/// List registrations of all keys
#[utoipa::path(
    get,
    path = "/api/v2/keys/registrations",
    tag = "Registrations",
    params(
        ("limit" = Option<usize>, Query, description = "200 when left out", minimum = 1, maximum = 5000),
        ("offset" = Option<usize>, Query),
        ("urlEncodedResourceCRNQuery" = Option<String>, Query, description = "CRNs that begin so; `*` at the end says the same"),
        ("preventKeyDeletion" = Option<bool>, Query),
        ("totalCount" = Option<bool>, Query),
    ),
    responses((status = 200, body = Collection<Registration>, content_type = Registration::TYPE))
)]
async fn of_all(caller: Caller, State(app): State<Shared>, query: Parameters) -> Answer {
    list(caller, &app, None, &query).await
}

/// List registrations of a key
#[utoipa::path(
    get,
    path = "/api/v2/keys/{id}/registrations",
    tag = "Registrations",
    params(
        ("id" = String, Path, description = "The key's identifier or one of its aliases"),
        ("limit" = Option<usize>, Query, description = "200 when left out", minimum = 1, maximum = 5000),
        ("offset" = Option<usize>, Query),
        ("urlEncodedResourceCRNQuery" = Option<String>, Query, description = "CRNs that begin so; `*` at the end says the same"),
        ("preventKeyDeletion" = Option<bool>, Query),
        ("totalCount" = Option<bool>, Query),
    ),
    responses((status = 200, body = Collection<Registration>, content_type = Registration::TYPE))
)]
async fn of_one(caller: Caller, State(app): State<Shared>, At(id): At<String>, query: Parameters) -> Answer {
    list(caller, &app, Some(&id), &query).await
}

async fn list(caller: Caller, app: &Shared, key: Option<&str>, query: &Parameters) -> Result<Reply, Error> {
    let page = Page::of(query, 200, 5000)?;
    let wanted = query.text("urlEncodedResourceCRNQuery").unwrap_or_default().trim_end_matches('*');
    let protected = query.flag("preventKeyDeletion")?;
    let registrations = app.keys.registrations(&caller, key).await?;
    let shown = registrations.iter().map(|(key, registration)| Registration::of(key, registration));
    let shown = shown.filter(|registration| {
        registration.resource_crn.starts_with(wanted)
            && protected.is_none_or(|protected| registration.prevent_key_deletion == protected)
    });
    Ok(page.reply(&caller, shown.collect()))
}
