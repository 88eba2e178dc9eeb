//! The older form of the actions, `POST /keys/{id}?action=wrap` (Key Protect API: "Invoke an action on a key", deprecated).
//!
//! Which action such a request is for is known from its query alone. It is put into its path before anything else looks at the request,
//! so that it has its action's own gate and its action's own event. The invariant: **there is one way to each action**; what comes to
//! the path itself names none that there is.

use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Method, Request};
use keymanager::Action;

use crate::http::answer::Answer;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::key_protect::which::Which;
use crate::http::routes::Routes;

const KEYS: &str = "/api/v2/keys/";

/// What is below a key's path for each action.
pub(in crate::http) const PLACES: [(&str, &str); 10] = [
    ("wrap", "actions/wrap"),
    ("unwrap", "actions/unwrap"),
    ("rewrap", "actions/rewrap"),
    ("rotate", "actions/rotate"),
    ("enable", "actions/enable"),
    ("disable", "actions/disable"),
    ("setKeyForDeletion", "actions/setKeyForDeletion"),
    ("unsetKeyForDeletion", "actions/unsetKeyForDeletion"),
    ("sync", "actions/sync"),
    ("restore", "restore"),
];

pub(super) fn add_to(routes: Routes) -> Routes {
    // IBM's event for a request that is none of those that there are is `kms.secrets.default`, which is a sync's too.
    routes.instance(Action::SyncKey, "Action could not be performed on key", __path_unknown, unknown)
}

/// A request as it is sent today.
pub(in crate::http) fn in_todays_form<B>(mut request: Request<B>) -> Request<B> {
    if request.method() == Method::POST
        && let Some(uri) = rewritten(request.uri())
    {
        *request.uri_mut() = uri;
    }
    request
}

/// Where a request in the older form belongs; none for any other.
fn rewritten(uri: &Uri) -> Option<Uri> {
    let query = uri.query()?;
    let key = uri.path().strip_prefix(KEYS).filter(|key| !key.is_empty() && !key.contains('/'))?;
    let action = query.split('&').find_map(|parameter| parameter.strip_prefix("action="))?;
    let (_, place) = PLACES.iter().find(|(known, _)| *known == action)?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{KEYS}{key}/{place}?{query}")).ok()?);
    Uri::from_parts(parts).ok()
}

/// Invoke an action on a key, in the older form
///
/// Deprecated: each action has a path of its own, where its request and answer are described.
#[utoipa::path(
    post,
    path = "/api/v2/keys/{id}",
    tag = "Key actions",
    params(
        Which,
        ("action" = String, Query, description = "`wrap`, `unwrap`, `rewrap`, `rotate`, `enable`, `disable`, `setKeyForDeletion`, `unsetKeyForDeletion`, `sync` or `restore`"),
    ),
    request_body = Option<Value>,
    responses(
        (status = 200, description = "Wrapped, unwrapped or wrapped again", body = Value, content_type = "application/vnd.ibm.kms.key_action+json"),
        (status = 201, description = "Restored", body = Value, content_type = "application/vnd.ibm.kms.key+json"),
        (status = 204, description = "Done"),
    )
)]
async fn unknown(_caller: Caller, _which: Which) -> Answer {
    let known = PLACES.map(|(action, _)| action).join(", ");
    Err(Error::query("action", format!("the query's `action` is none that there is: {known}")))
}
