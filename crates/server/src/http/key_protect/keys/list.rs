//! Keys, listed and counted.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use keymanager::{Action, ListQuery, Scope, Search};

use super::select;
use crate::api::key_protect::Key;
use crate::api::{Collection, SearchQuery};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::beside::beside;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::key_protect::page::Page;
use crate::http::key_protect::shown::shown;
use crate::http::key_protect::which::Ring;
use crate::http::query::Parameters;
use crate::http::routes::Routes;

/// How many keys match.
const KEY_TOTAL: HeaderName = HeaderName::from_static("key-total");
/// The most of a page, and how many it has when the client does not say (Key Protect API: `limit`).
pub(super) const LONGEST: usize = 5000;
pub(super) const USUAL: usize = 200;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.instance(Action::HeadKeys, "Keys could not be retrieved", __path_count, count).instance(
        Action::ListKeys,
        "Keys could not be retrieved",
        __path_list,
        list,
    )
}

/// Count keys: their number is in the header `Key-Total`
#[utoipa::path(
    head,
    path = "/api/v2/keys",
    tag = "Keys",
    params(
        Ring,
        ("state" = Option<String>, Query, description = "States, with commas; all but destroyed when left out"),
        ("extractable" = Option<bool>, Query, description = "Standard keys, or root keys"),
        ("filter" = Option<String>, Query, description = "Conditions on properties, with blanks"),
        ("search" = Option<String>, Query, description = "A part of a name or alias"),
    ),
    responses((status = 200, headers(("Key-Total" = u64, description = "How many keys match"))))
)]
async fn count(caller: Caller, State(app): State<Shared>, query: Parameters) -> Answer {
    let total = app.keys.count_keys(&caller, &select::filter(&query, caller.ring())?).await?;
    caller.visit.note("totalResources", total);
    Ok(Reply::empty(StatusCode::OK).with(KEY_TOTAL, total))
}

/// List keys
#[utoipa::path(
    get,
    path = "/api/v2/keys",
    tag = "Keys",
    params(
        Ring,
        ("limit" = Option<usize>, Query, description = "1 to 5000; 200 when left out", minimum = 1, maximum = 5000),
        ("offset" = Option<usize>, Query, description = "How many to leave out at the start"),
        ("state" = Option<String>, Query, description = "States, with commas; all but destroyed when left out"),
        ("extractable" = Option<bool>, Query, description = "Standard keys, or root keys"),
        ("search" = Option<String>, Query, description = "A part of a name or alias; after `not:`, `exact:`, `name:`, `alias:`, `escape:`"),
        ("sort" = Option<String>, Query, description = "Properties, with commas, each after a `-` for the other way round; `id` when left out"),
        ("filter" = Option<String>, Query, description = "Conditions on properties, with blanks, such as `state=1 creationDate=gte:\"2026-01-02T03:04:05Z\"`"),
    ),
    responses((status = 200, body = Collection<Key>, content_type = Key::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, query: Parameters) -> Answer {
    let page = Page::of(&query, USUAL, LONGEST)?;
    let (filter, sort) = (select::filter(&query, caller.ring())?, select::sort(&query)?);
    let wanted = ListQuery { filter, sort, offset: page.offset(), limit: page.limit() };
    let found = app.keys.list_keys(&caller, &wanted).await?;
    caller.visit.note("totalResources", found.keys.len());
    let (total, count) = (found.total, found.keys.len());
    let written = move || {
        let mut page = Collection::new(found.keys.iter().map(|key| shown(&app, &caller, key)).collect());
        if let Some(search) = &wanted.filter.search {
            page.metadata.search_query = Some(understood(search));
            page.metadata.incomplete_search = Some(found.incomplete);
        }
        Ok::<_, Error>(Reply::collection(StatusCode::OK, &page))
    };
    // A long page takes milliseconds, which others should not wait for.
    let reply = if count > USUAL { beside(written).await? } else { written()? };
    Ok(match total {
        Some(total) => reply.with(KEY_TOTAL, total),
        None => reply,
    })
}

fn understood(search: &Search) -> SearchQuery {
    let scopes = if search.scopes.is_empty() { &[Scope::Name, Scope::Alias][..] } else { &search.scopes };
    SearchQuery {
        query: search.word.clone(),
        scopes: scopes.iter().map(|scope| select::name_of(*scope).to_owned()).collect(),
        not: search.not,
        exact: search.exact,
    }
}
