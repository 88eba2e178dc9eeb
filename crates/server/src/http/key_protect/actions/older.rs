//! The older form of the actions, `POST /keys/{id}?action=wrap` (Key Protect API: "Invoke an action on a key", deprecated).
//!
//! Which action such a request is for is known from its query alone. It is put into its path before anything else looks at the request,
//! so that it has its action's own gate and its action's own event. The invariant: **there is one way to each action.**

use axum::extract::Request;
use axum::http::Method;
use axum::http::uri::{PathAndQuery, Uri};

const KEYS: &str = "/api/v2/keys/";

/// A request as it is sent today.
pub(in crate::http) fn in_todays_form(mut request: Request) -> Request {
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
    if action.is_empty() || !action.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let path = match action {
        "restore" => format!("{KEYS}{key}/restore?{query}"),
        action => format!("{KEYS}{key}/actions/{action}?{query}"),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}
