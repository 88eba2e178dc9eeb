//! Backups, and the public half of the recovery key. They are the installation's, and hold all of it.

use axum::body::Body as Sent;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use keymanager::Action;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use wrap::recovery::RecoveryPublic;

use super::Shared;
use super::answer::{Answer, Reply};
use super::beside::beside;
use super::body::{At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use crate::api::{Backup, Collection, NewRecoveryKey, RecoveryKey, Resource, VerifiedBackup, rfc3339};
use crate::backup::{self, Made, Recovery};

/// How much of a backup is sent at a time.
const CHUNK: usize = 256 * 1024;
const TYPE: &str = "application/octet-stream";

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ReadBackups, "Backups could not be retrieved", __path_list, list)
        .installation(Action::CreateBackup, "Backup could not be created", __path_create, create)
        .installation(Action::ReadBackups, "The backup could not be retrieved", __path_download, download)
        .installation(Action::CreateBackup, "Verification could not be noted", __path_verified, verified)
        .installation(Action::ReadBackups, "The recovery key could not be retrieved", __path_show, show)
        .installation(Action::UpdateRecoveryKey, "The recovery key could not be set", __path_set, set)
}

/// List the backups in the server's folder, the newest first
#[utoipa::path(get, path = "/api/v1/backups", tag = "Administration", responses((status = 200, body = Collection<Backup>, content_type = Backup::TYPE)))]
async fn list(caller: Caller, State(app): State<Shared>) -> Answer {
    whole(&caller)?;
    let backups = app.backups.clone();
    let all = beside(move || backups.list()).await?;
    Ok(Reply::all(all.into_iter().map(resource).collect()))
}

/// Make a backup in the server's folder
#[utoipa::path(post, path = "/api/v1/backups", tag = "Administration", responses((status = 201, body = Collection<Backup>, content_type = Backup::TYPE)))]
async fn create(caller: Caller, State(app): State<Shared>) -> Answer {
    whole(&caller)?;
    let made = app.backups.make(caller.now).await?;
    caller.visit.is_about(&made.name, "");
    tracing::info!(name = made.name, bytes = made.size, by = caller.actor, "a backup was made");
    Ok(Reply::made(resource(made)))
}

/// Download a backup: it is sealed to the recovery key
#[utoipa::path(get, path = "/api/v1/backups/{name}", tag = "Administration", params(("name" = String, Path, description = "The file's name")), responses((status = 200, description = "The backup as it is in the folder", body = Vec<u8>, content_type = "application/octet-stream")))]
async fn download(caller: Caller, State(app): State<Shared>, At(name): At<String>) -> Result<Response, Error> {
    whole(&caller)?;
    caller.visit.is_about(&name, "");
    let (backups, wanted) = (app.backups.clone(), name.clone());
    let none =
        || Error::not_found("RESOURCE_NOT_FOUND_ERR", format!("there is no backup `{name}` in the server's folder"));
    let path = beside(move || backups.find(&wanted)).await?.ok_or_else(none)?;
    let file = File::open(&path).await.map_err(|error| Error::fault(&error))?;
    let length = file.metadata().await.map_err(|error| Error::fault(&error))?.len();
    let chunks = stream::try_unfold(file, async |mut file| {
        let mut chunk = Vec::with_capacity(CHUNK);
        let count = (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).await?;
        Ok::<_, std::io::Error>((count > 0).then_some((chunk, file)))
    });
    let headers = [(header::CONTENT_TYPE, TYPE.to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    Ok((headers, Sent::from_stream(chunks)).into_response())
}

/// Say that a backup was verified: the server then no longer warns
#[utoipa::path(post, path = "/api/v1/backups/verified", tag = "Administration", request_body = VerifiedBackup, responses((status = 200, body = Collection<RecoveryKey>, content_type = RecoveryKey::TYPE)))]
async fn verified(caller: Caller, State(app): State<Shared>, Body(body): Body<VerifiedBackup>) -> Answer {
    whole(&caller)?;
    if body.created > caller.now.millis() {
        return Err(Error::field("created", "lies in the future"));
    }
    let backups = app.backups.clone();
    let recovery = beside(move || backups.note_verified(body.created)).await?;
    shown(&app, recovery)
}

/// The public half of the recovery key, and of what age backups are
#[utoipa::path(get, path = "/api/v1/recovery-key", tag = "Administration", responses((status = 200, body = Collection<RecoveryKey>, content_type = RecoveryKey::TYPE)))]
async fn show(caller: Caller, State(app): State<Shared>) -> Answer {
    whole(&caller)?;
    let backups = app.backups.clone();
    let recovery = beside(move || backups.recovery()).await?;
    shown(&app, recovery)
}

/// Set the recovery key: later backups are sealed to it
#[utoipa::path(put, path = "/api/v1/recovery-key", tag = "Administration", request_body = NewRecoveryKey, responses((status = 200, body = Collection<RecoveryKey>, content_type = RecoveryKey::TYPE)))]
async fn set(caller: Caller, State(app): State<Shared>, Body(new): Body<NewRecoveryKey>) -> Answer {
    whole(&caller)?;
    let public = backup::public_key(&new.public)
        .ok_or_else(|| Error::field("public", "is no key of 32 bytes in hexadecimal"))?;
    if !(1..=80).contains(&new.kept.chars().count()) || new.kept.chars().any(char::is_control) {
        return Err(Error::field("kept", "has 1 to 80 characters, on one line"));
    }
    let (backups, now) = (app.backups.clone(), caller.now);
    let recovery = beside(move || backups.set_recovery(&public, new.kept, now)).await?;
    tracing::warn!(by = caller.actor, "backups are sealed to another recovery key from now on");
    shown(&app, recovery)
}

fn whole(caller: &Caller) -> Result<(), Error> {
    caller.whole(
        "backups are the installation's: this takes a role on the installation as a whole, and no instance named",
    )
}

fn shown(app: &Shared, recovery: Recovery) -> Answer {
    let at = |millis: i64| rfc3339(millis.div_euclid(1000));
    let id = backup::public_key(&recovery.public).as_ref().map(RecoveryPublic::id);
    Ok(Reply::one(RecoveryKey {
        installation: app.backups.installation()?,
        kept: id.map(|_| recovery.kept),
        since: id.map(|_| at(recovery.since)),
        id: id.map(|id| crate::pki::hexadecimal(&id)),
        last_backup: recovery.made.map(at),
        last_verified: recovery.verified.map(at),
        folder: app.backups.place().display().to_string(),
    }))
}

fn resource(made: Made) -> Backup {
    let Made { name, created, size, recovery_key } = made;
    Backup { name, created_at: rfc3339(created.div_euclid(1000)), created, size, recovery_key }
}
