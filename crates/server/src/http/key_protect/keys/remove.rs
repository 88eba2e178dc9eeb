//! Keys deleted, restored and purged.

use axum::extract::State;
use keymanager::Action;

use crate::api::Collection;
use crate::api::key_protect::{Key, ShownKey};
use crate::http::Shared;
use crate::http::answer::Answer;
use crate::http::caller::Caller;
use crate::http::key_protect::prefer::Prefer;
use crate::http::key_protect::which::Which;
use crate::http::query::Parameters;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .instance(Action::DeleteKey, "Key could not be deleted", __path_delete, delete)
        .instance(Action::RestoreKey, "Key could not be restored", __path_restore, restore)
        .instance(Action::PurgeKey, "Key could not be purged", __path_purge, purge)
}

/// Delete a key: it can be restored for 30 days
#[utoipa::path(
    delete,
    path = "/api/v2/keys/{id}",
    tag = "Keys",
    params(
        Which,
        Prefer,
        ("force" = Option<bool>, Query, description = "Also while something is registered on it"),
    ),
    responses(
        (status = 200, description = "With `Prefer: return=representation`", body = Collection<Key>, content_type = Key::TYPE),
        (status = 204),
    )
)]
async fn delete(caller: Caller, State(app): State<Shared>, which: Which, prefer: Prefer, query: Parameters) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    let force = query.flag("force")? == Some(true);
    let key = app.keys.delete_key(&caller, &id, force).await?;
    Ok(prefer.removed(&app, &caller, &key))
}

/// Restore a key that was deleted in the last 30 days
///
/// Its material was kept, so none is needed; a body, which earlier versions of the API took, is not read.
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}/restore",
    tag = "Keys",
    params(Which, Prefer),
    responses((status = 201, body = Collection<ShownKey>, content_type = Key::TYPE))
)]
async fn restore(caller: Caller, State(app): State<Shared>, which: Which, prefer: Prefer) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    let key = app.keys.restore(&caller, &id).await?;
    Ok(prefer.made(&app, &caller, &key))
}

/// Purge a key that was deleted 4 hours ago or earlier: nothing of it is left
#[utoipa::path(
    delete,
    path = "/api/v2/keys/{id}/purge",
    tag = "Keys",
    params(Which, Prefer),
    responses(
        (status = 200, description = "With `Prefer: return=representation`", body = Collection<Key>, content_type = Key::TYPE),
        (status = 204),
    )
)]
async fn purge(caller: Caller, State(app): State<Shared>, which: Which, prefer: Prefer) -> Answer {
    let id = which.in_ring(&app, &caller).await?;
    let key = app.keys.purge(&caller, &id).await?;
    Ok(prefer.removed(&app, &caller, &key))
}
