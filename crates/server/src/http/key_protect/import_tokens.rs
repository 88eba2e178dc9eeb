//! Import tokens.

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keymanager::Action;

use crate::api::Resource;
use crate::api::key_protect::{ImportToken, NewImportToken};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.instance(Action::CreateImportToken, "Import Token could not be created", __path_create, create).instance(
        Action::ReadImportToken,
        "Import Token could not be retrieved",
        __path_show,
        show,
    )
}

/// Create an import token
#[utoipa::path(
    post,
    path = "/api/v2/import_token",
    tag = "Import tokens",
    request_body(content = NewImportToken, content_type = "application/json"),
    responses((status = 200, body = ImportToken, content_type = ImportToken::TYPE))
)]
async fn create(caller: Caller, State(app): State<Shared>, Body(new): Body<NewImportToken>) -> Answer {
    let token = app.keys.create_import_token(&caller, new.expiration, new.max_allowed_retrievals).await?;
    Ok(Reply::flat(&ImportToken::from(token)))
}

/// Retrieve an import token
#[utoipa::path(
    get,
    path = "/api/v2/import_token",
    tag = "Import tokens",
    responses((status = 200, body = ImportToken, content_type = ImportToken::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>) -> Answer {
    let kit = app.keys.import_token(&caller).await?;
    caller.visit.note("remainingRetrievals", kit.token.remaining_retrievals);
    let (payload, nonce) = (Some(STANDARD.encode(kit.public_key)), Some(STANDARD.encode(kit.nonce)));
    Ok(Reply::flat(&ImportToken { payload, nonce, ..ImportToken::from(kit.token) }))
}
