//! Records of destruction, and the public key that they are checked with.

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keymanager::{Action, DESTRUCTION_CONTEXT};
use uuid::Uuid;
use wrap::primitive::sign::PublicKey;

use super::Shared;
use super::answer::{Answer, Reply};
use super::body::At;
use super::caller::Caller;
use super::error::Error;
use super::query::Parameters;
use super::routes::Routes;
use crate::api::{Collection, Destruction, Resource, SignedDocument, SigningKey, rfc3339};
use crate::audit::pem;
use crate::pki::hexadecimal;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ListDestructions, "Records of destruction could not be retrieved", __path_list, list)
        .installation(Action::ReadDestruction, "The record of destruction could not be retrieved", __path_show, show)
        .installation(Action::ReadSigningKey, "The signing key could not be retrieved", __path_signing_key, signing_key)
}

/// List the records of destruction, the oldest first: of an instance, or with none named of all
#[utoipa::path(
    get,
    path = "/api/v1/destructions",
    tag = "Administration",
    params(("key" = Option<String>, Query, description = "Of this key alone, by its identifier")),
    responses((status = 200, body = Collection<Destruction>, content_type = Destruction::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, query: Parameters) -> Answer {
    let key = query.text("key").map(|text| {
        Uuid::parse_str(text).map_err(|_| Error::query("key", format!("`{text}` is no identifier of a key")))
    });
    let records = app.keys.destructions(&caller, key.transpose()?).await?;
    Ok(Reply::all(records.iter().map(summary).collect()))
}

/// Download a record of destruction, signed
#[utoipa::path(
    get,
    path = "/api/v1/destructions/{id}",
    tag = "Administration",
    params(("id" = String, Path, description = "The record's identifier")),
    responses((status = 200, body = Collection<Destruction>, content_type = Destruction::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(id): At<String>) -> Answer {
    let none = || Error::not_found("RESOURCE_NOT_FOUND_ERR", format!("there is no record of destruction `{id}` here"));
    let record = app.keys.destruction(&caller, Uuid::parse_str(&id).map_err(|_| none())?).await?;
    let document = document(&record, app.keys.public_key()?)?;
    Ok(Reply::one(Destruction { document, ..summary(&record) }))
}

/// The public key that signatures of this installation are checked with
#[utoipa::path(
    get,
    path = "/api/v1/signing-key",
    tag = "Administration",
    responses((status = 200, body = Collection<SigningKey>, content_type = SigningKey::TYPE))
)]
async fn signing_key(_: Caller, State(app): State<Shared>) -> Answer {
    let key = app.keys.public_key()?;
    let sha256 = hexadecimal(&wrap::primitive::digest(&[&key.to_der()]));
    Ok(Reply::one(SigningKey { algorithm: "Ed25519".into(), public_key: pem(&key), sha256 }))
}

fn summary(record: &keymanager::Destruction) -> Destruction {
    Destruction {
        id: record.id.to_string(),
        state: if record.is_done() { "done" } else { "pending" }.into(),
        key: record.key.to_string(),
        name: record.name.clone(),
        sort: record.sort.name().into(),
        instance: record.instance.to_string(),
        purged: rfc3339(record.purged.seconds()),
        purged_by: record.purged_by.clone(),
        asked_by: record.asked_by.clone(),
        epoch: record.old_epoch,
        document: None,
    }
}

fn document(record: &keymanager::Destruction, key: PublicKey) -> Result<Option<SignedDocument>, Error> {
    let (Some(signed), Some(signature)) = (&record.statement, &record.signature) else { return Ok(None) };
    Ok(Some(SignedDocument {
        statement: serde_json::from_slice(signed).map_err(|error| Error::fault(&error))?,
        signed: STANDARD.encode(signed),
        context: DESTRUCTION_CONTEXT.into(),
        signature: STANDARD.encode(signature),
        public_key: pem(&key),
    }))
}
