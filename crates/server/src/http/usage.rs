//! Use of keys, as answers show it, and the word of warning to whoever takes a key away that was handed out lately.

use axum::http::{HeaderName, HeaderValue};
use engine::registry::Adapter;
use engine::usage;
use uuid::Uuid;

use super::Shared;
use super::answer::Reply;
use super::caller::Caller;
use super::error::Error;
use crate::api::{Key, Usage, Use, rfc3339};

/// Says what is odd about a request that was carried out. A 204 has no body to say it in.
const WARNING: HeaderName = HeaderName::from_static("keystead-warning");

/// The keys with what is known of their use.
pub(super) async fn with_usage(app: &Shared, adapter: &Adapter, keys: Vec<Key>) -> Result<Vec<Key>, Error> {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.id.parse().unwrap_or_default()).collect();
    let usages = app.engine.usages(adapter, &ids).await?;
    Ok(keys.into_iter().zip(usages).map(|(key, usage)| Key { usage: Some(resource(&usage)), ..key }).collect())
}

/// In the API's words.
pub(super) fn resource(usage: &usage::Usage) -> Usage {
    Usage {
        last: usage.last.as_ref().map(one),
        count: usage.count,
        other_at: usage.other.as_ref().map(|(at, _)| rfc3339(at.seconds())),
        other: usage.other.as_ref().map(|(_, operation)| operation.clone()),
    }
}

/// A use in the API's words.
pub(super) fn one(each: &usage::Use) -> Use {
    let usage::Use { at, by, name, address } = each;
    let address = address.map(|address| address.to_string());
    Use { at: rfc3339(at.seconds()), client: name.clone(), by: by.clone(), address }
}

/// What is to be said to whoever takes a key away, looked at before it is; none where it was not handed out lately, or nobody knows.
pub(super) async fn warning(app: &Shared, caller: &Caller, adapter: &Adapter, key: Uuid) -> Option<HeaderValue> {
    let usage = app.engine.usage(adapter, key).await.ok()?;
    let last = usage.last.as_ref().filter(|_| usage.is_recent(caller.now))?;
    let usage::Use { at, name, address, .. } = last;
    let from = address.map(|address| format!(" at {address}")).unwrap_or_default();
    let text = format!("key {key} was handed out to {name}{from} on {}: it may be in use", rfc3339(at.seconds()));
    HeaderValue::from_str(&text).ok()
}

/// The answer with that word.
pub(super) fn warned(reply: Reply, warning: Option<HeaderValue>) -> Reply {
    match warning {
        Some(warning) => reply.with(WARNING, warning),
        None => reply,
    }
}
