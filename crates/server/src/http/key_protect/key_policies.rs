//! Policies of keys: rotation, and two people for a deletion.

use axum::extract::State;
use axum::http::StatusCode;
use keymanager::{Action, Key, PolicyStamp, RotationSetting, crn};

use super::request;
use crate::api::key_protect::{DualAuthPolicy, KeyPolicy, NewKeyPolicy, Request, RotationPolicy};
use crate::api::{Collection, Resource, rfc3339};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::{At, Body};
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::query::Parameters;
use crate::http::routes::Routes;

const ROTATION: &str = "rotation";
const DUAL_AUTH: &str = "dualAuthDelete";

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.instance(Action::ReadKeyPolicies, "Key policies could not be retrieved", __path_list, list).instance(
        Action::WriteKeyPolicies,
        "Key policy could not be created",
        __path_set,
        set,
    )
}

/// List a key's policies
#[utoipa::path(
    get,
    path = "/api/v2/keys/{id}/policies",
    tag = "Key policies",
    params(
        ("id" = String, Path, description = "The key's identifier or one of its aliases"),
        ("policy" = Option<String>, Query, description = "`rotation` or `dualAuthDelete`; both when left out"),
    ),
    responses((status = 200, body = Collection<KeyPolicy>, content_type = KeyPolicy::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, At(id): At<String>, query: Parameters) -> Answer {
    let wanted = wanted(&query)?;
    let key = app.keys.key(&caller, &id, caller.ring()).await?;
    caller.visit.is_about(key.id, &key.name);
    Ok(reply(&key, wanted))
}

/// Set a policy of a key
#[utoipa::path(
    put,
    path = "/api/v2/keys/{id}/policies",
    tag = "Key policies",
    params(
        ("id" = String, Path, description = "The key's identifier or one of its aliases"),
        ("policy" = Option<String>, Query, description = "Which policy the body holds: `rotation` or `dualAuthDelete`"),
    ),
    request_body(content = Request<NewKeyPolicy>, content_type = "application/vnd.ibm.kms.policy+json"),
    responses((status = 200, body = Collection<KeyPolicy>, content_type = KeyPolicy::TYPE))
)]
async fn set(
    caller: Caller,
    State(app): State<Shared>,
    At(id): At<String>,
    query: Parameters,
    Body(body): Body<Request<NewKeyPolicy>>,
) -> Answer {
    let wanted = wanted(&query)?;
    let policy = request::one(body)?;
    let matches = |name| wanted.is_none_or(|wanted| wanted == name);
    let (name, key) = match (policy.rotation, policy.dual_auth_delete) {
        (Some(rotation), None) if matches(ROTATION) => {
            (ROTATION, app.keys.set_rotation(&caller, &id, setting(rotation)).await?)
        }
        (None, Some(DualAuthPolicy { enabled })) if matches(DUAL_AUTH) => {
            (DUAL_AUTH, app.keys.set_dual_auth(&caller, &id, enabled).await?)
        }
        (Some(_), None) | (None, Some(_)) => return Err(mismatch()),
        (Some(_), Some(_)) | (None, None) => {
            let message = "a policy is either `rotation` or `dualAuthDelete`: set them one after the other";
            return Err(Error::bad_request("BAD_BODY_ERR", message));
        }
    };
    caller.visit.is_about(key.id, &key.name);
    Ok(reply(&key, Some(name)))
}

pub(super) fn setting(policy: RotationPolicy) -> RotationSetting {
    RotationSetting { enabled: policy.enabled.unwrap_or(true), interval_month: policy.interval_month }
}

fn wanted(query: &Parameters) -> Result<Option<&str>, Error> {
    match query.text("policy") {
        known @ (None | Some(ROTATION | DUAL_AUTH)) => Ok(known),
        Some(_) => Err(Error::query("policy", "`policy` is `rotation` or `dualAuthDelete`")),
    }
}

fn mismatch() -> Error {
    Error::bad_request("BODY_QUERY_PARAM_MISMATCH_ERR", "the body holds another policy than `policy` says")
}

fn reply(key: &Key, wanted: Option<&str>) -> Reply {
    let matches = |name| wanted.is_none_or(|wanted| wanted == name);
    let rotation = key.rotation.as_ref().filter(|_| matches(ROTATION)).map(|rotation| KeyPolicy {
        rotation: Some(RotationPolicy {
            enabled: Some(rotation.enabled),
            interval_month: Some(rotation.interval_month),
        }),
        ..described(key, &rotation.stamp)
    });
    let dual_auth = key.dual_auth.as_ref().filter(|_| matches(DUAL_AUTH)).map(|dual_auth| KeyPolicy {
        dual_auth_delete: Some(DualAuthPolicy { enabled: dual_auth.enabled }),
        ..described(key, &dual_auth.stamp)
    });
    let policies = dual_auth.into_iter().chain(rotation).collect();
    Reply::collection(StatusCode::OK, &Collection::<KeyPolicy>::new(policies))
}

fn described(key: &Key, stamp: &PolicyStamp) -> KeyPolicy {
    KeyPolicy {
        r#type: KeyPolicy::TYPE.to_owned(),
        id: stamp.id.to_string(),
        crn: crn(key.instance, "policy", &stamp.id.to_string()),
        creation_date: rfc3339(stamp.created.seconds()),
        created_by: stamp.created_by.clone(),
        last_update_date: rfc3339(stamp.updated.seconds()),
        updated_by: stamp.updated_by.clone(),
        rotation: None,
        dual_auth_delete: None,
    }
}
