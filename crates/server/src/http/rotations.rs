//! Rotations: how far they have come, as answers and as events; and the versions that they leave, retired and taken back.
//!
//! The invariant: **who listens hears of the keys that they may see**, and holds up nobody: who falls behind misses steps, and there is
//! room for so many listeners, each for so long.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::{Stream, iter, unfold};
use keymanager::{Action, RotationJob};
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{Instant, timeout_at};

use super::Shared;
use super::answer::{Answer, Reply};
use super::body::{Asked, At};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use crate::api::{Collection, Resource, RootKeyVersion, Rotation};

/// How many seconds somebody is told of news before they have to ask again: what they may see is asked anew then.
const LONGEST: u64 = 300;

/// The query of a listener.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    #[serde(default = "longest")]
    seconds: u64,
}

fn longest() -> u64 {
    LONGEST
}

pub(super) fn add_to(routes: Routes) -> Routes {
    let failed = "Rotation could not be retrieved";
    routes
        .instance(Action::ReadRotation, failed, __path_show, show)
        .instance(Action::ListRotations, "Rotations could not be retrieved", __path_list, list)
        .instance(Action::ListRotations, "Rotations could not be listened to", __path_listen, listen)
        .instance(Action::ListVersionUse, "Key versions could not be retrieved", __path_versions, versions)
        .instance(Action::RetireKeyVersion, "Key version could not be retired", __path_retire, retire)
        .instance(Action::UnretireKeyVersion, "Retirement could not be taken back", __path_unretire, unretire)
}

/// How far the newest rotation of a root key has come
#[utoipa::path(
    get,
    path = "/api/v1/keys/{id}/rotation",
    tag = "Rotations",
    params(("id" = String, Path, description = "The key's identifier or one of its aliases")),
    responses((status = 200, body = Collection<Rotation>, content_type = Rotation::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(id): At<String>) -> Answer {
    caller.visit.is_about(&id, "");
    let (key, job) = app.keys.rotation(&caller, &id).await?;
    Ok(Reply::one(Rotation::of(&key, &job)))
}

/// The newest rotations of the instance, the newest first; at most 1,000
#[utoipa::path(
    get,
    path = "/api/v1/rotations",
    tag = "Rotations",
    responses((status = 200, body = Collection<Rotation>, content_type = Rotation::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>) -> Answer {
    let rotations = app.keys.rotations(&caller).await?;
    Ok(Reply::all(rotations.iter().map(|(key, job)| Rotation::of(key, job)).collect()))
}

/// Rotations as they go on: server-sent events
///
/// Each event is called `rotation` and has the rotation as JSON. First come those that are under way, then each step of any. The stream
/// ends after five minutes, or with the server: ask again. Who falls behind misses steps.
#[utoipa::path(
    get,
    path = "/api/v1/rotations/events",
    tag = "Rotations",
    params(("seconds" = Option<u64>, Query, description = "For how long; 300 when left out", minimum = 1, maximum = 300)),
    responses((status = 200, description = "A stream of events", body = String, content_type = "text/event-stream"))
)]
async fn listen(
    caller: Caller,
    State(app): State<Shared>,
    Asked(Long { seconds }): Asked<Long>,
) -> Result<Response, Error> {
    if !(1..=LONGEST).contains(&seconds) {
        return Err(Error::query("seconds", format!("`seconds` goes from 1 to {LONGEST}")));
    }
    // First the ears, then the look: what happens in between is heard.
    let news = app.keys.rotation_news()?;
    let now = app.keys.rotations(&caller).await?;
    let now: Vec<_> = now.iter().map(|(key, job)| Rotation::of(key, job)).filter(|each| !each.is_finished()).collect();
    let listener = Listener { caller, app, news, until: Instant::now() + Duration::from_secs(seconds) };
    let events = iter(now).chain(heard(listener)).map(|rotation| Ok::<_, Infallible>(event(&rotation)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

struct Listener {
    caller: Caller,
    app: Shared,
    news: Receiver<Option<Arc<RotationJob>>>,
    until: Instant,
}

fn heard(listener: Listener) -> impl Stream<Item = Rotation> {
    unfold(listener, async |mut listener| Some((listener.next().await?, listener)))
}

impl Listener {
    /// The next step that is for this caller; none at the end.
    async fn next(&mut self) -> Option<Rotation> {
        loop {
            match timeout_at(self.until, self.news.recv()).await.ok()? {
                Ok(Some(job)) if job.instance == self.caller.instance => {
                    if let Some(key) = self.app.keys.visible(&self.caller, job.key).await.ok()? {
                        return Some(Rotation::of(&key, &job));
                    }
                }
                Ok(Some(_)) | Err(RecvError::Lagged(_)) => {}
                Ok(None) | Err(RecvError::Closed) => return None,
            }
        }
    }
}

fn event(rotation: &Rotation) -> Event {
    Event::default().event("rotation").json_data(rotation).unwrap_or_default()
}

/// The versions of a root key, the newest first, with what is still under each
#[utoipa::path(
    get,
    path = "/api/v1/keys/{id}/versions",
    tag = "Rotations",
    params(("id" = String, Path, description = "The key's identifier or one of its aliases")),
    responses((status = 200, body = Collection<RootKeyVersion>, content_type = RootKeyVersion::TYPE))
)]
async fn versions(caller: Caller, State(app): State<Shared>, At(id): At<String>) -> Answer {
    caller.visit.is_about(&id, "");
    let (_, versions) = app.keys.version_use(&caller, &id).await?;
    Ok(Reply::all(versions.iter().map(RootKeyVersion::of).collect()))
}

/// Retire an older version of a root key: it unwraps no more
///
/// Refused for the newest, and while adapters' keys are under it. What was wrapped under it over the API can't be unwrapped any more. It
/// can be taken back for 30 days; then its material is erased.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/versions/{version}/retire",
    tag = "Rotations",
    params(
        ("id" = String, Path, description = "The key's identifier or one of its aliases"),
        ("version" = String, Path, description = "The version's identifier or number"),
    ),
    responses((status = 200, body = Collection<RootKeyVersion>, content_type = RootKeyVersion::TYPE))
)]
async fn retire(caller: Caller, State(app): State<Shared>, At((id, version)): At<(String, String)>) -> Answer {
    caller.visit.is_about(&id, "");
    let retired = app.keys.retire_version(&caller, &id, &version).await?;
    Ok(Reply::one(RootKeyVersion::of(&retired)))
}

/// Take the retirement of a version back: it unwraps again
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/versions/{version}/unretire",
    tag = "Rotations",
    params(
        ("id" = String, Path, description = "The key's identifier or one of its aliases"),
        ("version" = String, Path, description = "The version's identifier or number"),
    ),
    responses((status = 200, body = Collection<RootKeyVersion>, content_type = RootKeyVersion::TYPE))
)]
async fn unretire(caller: Caller, State(app): State<Shared>, At((id, version)): At<(String, String)>) -> Answer {
    caller.visit.is_about(&id, "");
    let back = app.keys.unretire_version(&caller, &id, &version).await?;
    Ok(Reply::one(RootKeyVersion::of(&back)))
}
