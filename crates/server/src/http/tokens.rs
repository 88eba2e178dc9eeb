//! IAM's token endpoints: an API key for a token (IBM Cloud IAM: "Create an IAM access token for a user or service ID using an
//! API key"). Errors are IAM's, not Key Protect's.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use keymanager::Denied;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::attend::{Peer, Visit};
use super::body::Form;
use super::error::{Error, Fault};
use super::finish::Correlation;
use super::routes::Routes;
use super::{Shared, answer};
use crate::api::PrivateText;
use crate::identity::LIFETIME;

const GRANT: &str = "urn:ibm:params:oauth:grant-type:apikey";

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.public(__path_identity, identity).public(__path_oidc, oidc)
}

/// What asks for a token. IAM's clients send more, which says nothing here.
#[derive(Deserialize, ToSchema)]
pub(super) struct TokenRequest {
    /// `urn:ibm:params:oauth:grant-type:apikey`.
    #[serde(default)]
    grant_type: String,
    /// The API key.
    #[schema(value_type = Option<String>)]
    apikey: Option<PrivateText>,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(super) struct Token {
    access_token: String,
    /// Tokens are not refreshed here: the API key gives a new one.
    refresh_token: &'static str,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    /// Seconds since the Unix epoch.
    expiration: i64,
    scope: &'static str,
}

/// An error as IAM gives it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IamError {
    /// Such as `BXNIM0415E`.
    error_code: &'static str,
    /// What is wrong.
    error_message: &'static str,
    context: Context,
}

/// What ties an error to the server's log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context {
    request_id: String,
}

/// A token for an API key
#[utoipa::path(
    post,
    path = "/identity/token",
    tag = "Identity",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Token, content_type = "application/json"),
        (status = "4XX", body = IamError, content_type = "application/json"),
    )
)]
async fn identity(
    State(app): State<Shared>,
    visit: Option<Extension<Visit>>,
    peer: Option<Extension<Peer>>,
    correlation: Option<Extension<Correlation>>,
    form: Form<TokenRequest>,
) -> Response {
    let peer = peer.map(|Extension(peer)| peer.address);
    let id = correlation.map(|Extension(id)| id.0).unwrap_or_default();
    issue(&app, visit.map(|Extension(visit)| visit).unwrap_or_default(), peer, id, form.0).await
}

/// A token for an API key, at the path that older clients use
#[utoipa::path(
    post,
    path = "/oidc/token",
    tag = "Identity",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Token, content_type = "application/json"),
        (status = "4XX", body = IamError, content_type = "application/json"),
    )
)]
async fn oidc(
    app: State<Shared>,
    visit: Option<Extension<Visit>>,
    peer: Option<Extension<Peer>>,
    correlation: Option<Extension<Correlation>>,
    form: Form<TokenRequest>,
) -> Response {
    identity(app, visit, peer, correlation, form).await
}

async fn issue(
    app: &Shared,
    visit: Visit,
    peer: Option<std::net::IpAddr>,
    request_id: String,
    form: Result<TokenRequest, Error>,
) -> Response {
    let request = match form {
        Ok(request) => request,
        Err(_) => return refused(400, ("BXNIM0137E", "The request body can't be read: send a form"), request_id),
    };
    if request.grant_type != GRANT {
        return refused(400, ("BXNIM0106E", "Unsupported grant_type: only API keys are exchanged here"), request_id);
    }
    let Some(apikey) = request.apikey else {
        return refused(400, ("BXNIM0109E", "Property missing or empty: apikey"), request_id);
    };
    let now = (app.now)();
    match app.keys.authenticate(apikey.expose(), now).await {
        Ok(principal) => {
            visit.is_by(&principal.iam_id);
            match app.tokens.issue(&principal, now) {
                Ok(token) => answered(token, now.seconds() + LIFETIME),
                Err(error) => Error::fault(&error).into_response(),
            }
        }
        Err(Denied::Failed(error)) => match Error::from(error) {
            Error::Refused(_) => Error::Fault(Fault("an API key can't be looked up".to_owned())).into_response(),
            fault @ Error::Fault(_) => fault.into_response(),
        },
        Err(denied) => {
            tracing::warn!(?peer, reason = %denied, "a token was refused");
            if app.guesses.is_one_too_many(peer) {
                return refused(429, ("BXNIM0429E", "Too many failed attempts: wait a few minutes"), request_id);
            }
            refused(400, ("BXNIM0415E", "Provided API key could not be found."), request_id)
        }
    }
}

fn answered(access_token: String, expiration: i64) -> Response {
    let token = Token {
        access_token,
        refresh_token: "not_supported",
        token_type: "Bearer",
        expires_in: LIFETIME,
        expiration,
        scope: "ibm openid",
    };
    answer::json(StatusCode::OK, "application/json", &token)
}

fn refused(status: u16, (error_code, error_message): (&'static str, &'static str), request_id: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let error = IamError { error_code, error_message, context: Context { request_id } };
    let mut response = answer::json(status, "application/json", &error);
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    }
    response
}
