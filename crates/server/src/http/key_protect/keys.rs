//! Keys: listed, counted, made, shown, moved, deleted, restored, purged.

use axum::extract::State;
use axum::http::StatusCode;
use keymanager::{Action, ListQuery};

use crate::api::Collection;
use crate::api::key_protect::Key;
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::caller::Caller;
use crate::http::query::Parameters;
use crate::http::routes::Routes;
use crate::api::Resource;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.instance(Action::ListKeys, "Keys could not be retrieved", __path_list, list)
}

/// List keys
#[utoipa::path(
    get,
    path = "/api/v2/keys",
    tag = "Keys",
    params(
        ("limit" = Option<usize>, Query, description = "1 to 5000; 200 when left out"),
        ("offset" = Option<usize>, Query),
    ),
    responses((status = 200, body = Collection<Key>, content_type = Key::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, query: Parameters) -> Answer {
    let wanted = ListQuery { limit: query.number("limit", 200, 1..=5000)?, ..ListQuery::default() };
    let page = app.keys.list_keys(&caller, &wanted).await?;
    caller.visit.note("totalResources", page.keys.len());
    let keys = page.keys.iter().map(Key::from).collect();
    Ok(Reply::collection(StatusCode::OK, &Collection::new(keys)))
}
