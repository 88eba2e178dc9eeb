//! Health: whether keys can be opened, by opening something.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keymanager::{KeyManager, RootKey};
use wrap::primitive::{SystemRandom, random_secret};
use wrap::{KeyRef, Wrapper};

use super::Shared;
use super::error::Error;
use crate::api::{Collection, Health, Status};

pub(super) async fn show(State(administration): State<Shared>) -> Response {
    let status = match open_something(&administration.keys).await {
        Ok(()) => Status::Ok,
        Err(error) => {
            tracing::error!(?error, "the health check failed");
            Status::Failing
        }
    };
    let code = if status == Status::Ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(Collection::one(Health { status }))).into_response()
}

/// Wraps and unwraps under the first root key that is active. Where there is none, there is nothing to open.
async fn open_something(keys: &KeyManager) -> Result<(), Error> {
    for instance in keys.instances().await? {
        let active = |key: &&RootKey| key.state == keymanager::State::Active;
        if let Some(key) = keys.root_keys(instance.id).await?.iter().find(active) {
            return try_out(keys, &KeyRef { instance: instance.id, key: key.id }).await;
        }
    }
    Ok(())
}

async fn try_out(keys: &KeyManager, key: &KeyRef) -> Result<(), Error> {
    const PURPOSE: &[u8] = b"health";
    let canary = random_secret(&SystemRandom, 32)?;
    let wrapped = keys.wrap(key, &canary, PURPOSE).await?;
    keys.unwrap(key, &wrapped, PURPOSE).await?;
    Ok(())
}
