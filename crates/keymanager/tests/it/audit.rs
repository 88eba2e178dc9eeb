//! Every change has its event, in the same batch, and what changes nothing has none. Events are CADF's, as IBM writes them.

use crate::people::{house, new_api_key, on};
use crate::{NOW, call, memory, new, open};
use keymanager::{
    Action, Call, NewAuthorization, NewGrant, NewServiceId, Occurrence, Origin, Outcome, Role, crn, event,
};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use store::Store;
use uuid::Uuid;

const NIL: Uuid = Uuid::nil();

async fn events(store: &Arc<dyn Store>) -> Vec<Value> {
    let events = store.events(0, 100).await.unwrap();
    events.iter().map(|event| serde_json::from_slice(&event.body).unwrap()).collect()
}

/// Action, target and its name of each event.
async fn told(store: &Arc<dyn Store>) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let events = events(store).await;
    let rest = |event: &Value| (text(&event["action"]), text(&event["target"]["id"]), text(&event["target"]["name"]));
    events.iter().map(rest).collect()
}

fn about(action: &str, crn: String, name: &str) -> (String, String, String) {
    (action.into(), crn, name.into())
}

#[tokio::test]
async fn every_change_of_keys_has_its_event() {
    let store = memory().await;
    let manager = crate::open_with(&store, crate::AT_ONCE).await;
    let instance = crate::tenant(&manager).await;
    let key = crate::make(&manager, instance, new("crk")).await.id;
    let which = key.to_string();
    let by = |action| call(instance, action);
    manager.rotate(&by(Action::RotateKey), &which, None).await.unwrap();
    manager.disable(&by(Action::DisableKey), &which).await.unwrap();
    manager.enable(&by(Action::EnableKey), &which).await.unwrap();
    manager.delete_key(&by(Action::DeleteKey), &which, false).await.unwrap();
    manager.restore(&by(Action::RestoreKey), &which).await.unwrap();
    let refused = by(Action::EnableKey);
    manager.enable(&refused, &which).await.unwrap_err();
    assert!(!refused.is_recorded());
    let of_key = |action| about(action, crn(instance, "key", &which), "crk");
    let expected = [
        about("resource-controller.instance.create", crn(instance, "", ""), "tenant"),
        of_key("kms.secrets.create"),
        of_key("kms.secrets.rotate"),
        of_key("kms.secrets.disable"),
        of_key("kms.secrets.enable"),
        of_key("kms.secrets.delete"),
        of_key("kms.secrets.restore"),
    ];
    assert_eq!(told(&store).await, expected);
}

#[tokio::test]
async fn every_change_of_who_may_do_what_has_its_event() {
    let house = house().await;
    let (tenant, manager) = (house.tenant, &house.manager);
    let by = |action| call(tenant, action);
    let named = NewServiceId { name: "backup".into(), description: None };
    let service_id = manager.create_service_id(&by(Action::CreateServiceId), named).await.unwrap().id.to_string();
    let (api_key, _) = manager.create_api_key(&by(Action::CreateApiKey), new_api_key("backup")).await.unwrap();
    let grant = NewGrant { service_id: "backup".into(), roles: vec![Role::Reader], target: on(tenant) };
    let grant = manager.create_grant(&by(Action::CreateGrant), grant).await.unwrap().id;
    let authorization = NewAuthorization { source: house.other, roles: vec![Role::Viewer] };
    let authorization = manager.create_authorization(&by(Action::CreateAuthorization), authorization).await.unwrap().id;
    manager.rename_instance(&by(Action::UpdateInstance), "tenant", "renamed").await.unwrap();
    manager.delete_authorization(&by(Action::DeleteAuthorization), authorization).await.unwrap();
    manager.delete_grant(&by(Action::DeleteGrant), "backup", grant).await.unwrap();
    for again in [false, true] {
        let by = by(Action::DeleteApiKey);
        manager.revoke_api_key(&by, "backup", api_key.id).await.unwrap();
        assert_eq!(by.is_recorded(), !again);
    }
    manager.delete_service_id(&by(Action::DeleteServiceId), "backup").await.unwrap();
    manager.delete_instance(&by(Action::DeleteInstance), "renamed").await.unwrap();
    let crn = |kind: &str, id: String| crn(tenant, kind, &id);
    let of_authorization = crn("authorization", authorization.to_string());
    let expected = [
        about("iam-identity.serviceid.create", crn("serviceid", service_id.clone()), "backup"),
        about("iam-identity.apikey.create", crn("apikey", api_key.id.to_string()), "key"),
        about("iam-access-management.policy.create", crn("policy", grant.to_string()), "backup"),
        about("iam-access-management.authorization.create", of_authorization.clone(), ""),
        about("resource-controller.instance.update", crn("", String::new()), "renamed"),
        about("iam-access-management.authorization.delete", of_authorization, ""),
        about("iam-access-management.policy.delete", crn("policy", grant.to_string()), "backup"),
        about("iam-identity.apikey.delete", crn("apikey", api_key.id.to_string()), "key"),
        about("iam-identity.serviceid.delete", crn("serviceid", service_id), "backup"),
        about("resource-controller.instance.delete", crn("", String::new()), "renamed"),
    ];
    assert_eq!(told(&house.store).await[2..], expected);
}

#[tokio::test]
async fn an_event_says_who_did_what_from_where() {
    let house = house().await;
    let who = house.somebody(&[Role::Manager], on(house.tenant)).await;
    let origin = Origin { address: Some(IpAddr::from([192, 0, 2, 1])), correlation: Some("one".into()) };
    let by = house.manager.enter(&who, Some(house.tenant), Action::CreateKey, origin, NOW).await.unwrap();
    let key = house.manager.create_key(&by, new("crk")).await.unwrap().id;
    let tenant = house.tenant;
    let expected = json!({
        "eventTime": "2026-01-02T03:04:05Z",
        "action": "kms.secrets.create",
        "outcome": "success",
        "message": "Keystead: create secrets crk",
        "severity": "normal",
        "initiator": {
            "id": who.iam_id,
            "typeURI": "service/security/account/serviceid",
            "host": { "address": "192.0.2.1" },
        },
        "target": {
            "id": format!("crn:v1:bluemix:public:kms:local:a/local:{tenant}:key:{key}"),
            "name": "crk",
            "typeURI": "kms/secrets",
        },
        "observer": { "name": "Keystead" },
        "reason": { "reasonCode": 201, "reasonType": "Created" },
        "requestData": { "instanceID": tenant.to_string() },
        "correlationId": "one",
        "dataEvent": true,
        "logSourceCRN": format!("crn:v1:bluemix:public:kms:local:a/local:{tenant}::"),
    });
    let events = events(&house.store).await;
    assert_eq!(events.last(), Some(&expected));
    assert!(by.is_recorded());
}

fn occurrence<'a>(action: Action, status: u16) -> Occurrence<'a> {
    Occurrence {
        action,
        instance: Uuid::from_u128(2),
        initiator: "",
        address: None,
        correlation: None,
        now: NOW,
        outcome: Outcome { status, reason: None },
        target: None,
        request: &[],
        response: &[],
    }
}

fn written(occurrence: &Occurrence<'_>) -> Value {
    serde_json::from_slice(&event(occurrence)).unwrap()
}

#[test]
fn a_refusal_is_an_event_too() {
    let refused = Occurrence {
        outcome: Outcome { status: 404, reason: Some("KEY_NOT_FOUND_ERR") },
        target: Some(("no such \"key\"", "")),
        request: &[
            ("requestURI", "/api/v2/keys/x".into()),
            ("instanceID", "another".into()),
            ("keyType", "root_key".into()),
        ],
        response: &[("totalResources", 0.into())],
        ..occurrence(Action::ReadKeyMetadata, 404)
    };
    let expected = json!({
        "eventTime": "2026-01-02T03:04:05Z",
        "action": "kms.secrets-metadata.read",
        "outcome": "failure",
        "message": "Keystead: read secrets-metadata -failure",
        "severity": "normal",
        "initiator": { "id": "", "typeURI": "service/security/account/unknown" },
        "target": {
            "id": "crn:v1:bluemix:public:kms:local:a/local:00000000-0000-0000-0000-000000000002:key:no such \"key\"",
            "name": "",
            "typeURI": "kms/secrets-metadata",
        },
        "observer": { "name": "Keystead" },
        "reason": { "reasonCode": 404, "reasonType": "Not Found", "reasonForFailure": "KEY_NOT_FOUND_ERR" },
        "requestData": {
            "instanceID": "00000000-0000-0000-0000-000000000002",
            "requestURI": "/api/v2/keys/x",
            "keyType": "root_key",
        },
        "responseData": { "totalResources": 0 },
        "dataEvent": true,
        "logSourceCRN": "crn:v1:bluemix:public:kms:local:a/local:00000000-0000-0000-0000-000000000002::",
    });
    assert_eq!(written(&refused), expected);
}

/// The severity of every action with every status, against IBM's two tables: the worse of both counts.
#[test]
fn severities_are_ibms() {
    // An erasure at once is ours, and no less than a deletion.
    let critical = ["kms.secrets.delete", "keystead.erasure.create"];
    let warning = [
        "kms.secrets.rotate",
        "kms.secrets.restore",
        "kms.secrets.enable",
        "kms.secrets.disable",
        "kms.secrets.setkeyfordeletion",
        "kms.secrets.unsetkeyfordeletion",
        "kms.policies.write",
        "kms.instance-policies.write",
    ];
    for &action in Action::ALL {
        for status in [200, 201, 204, 400, 401, 403, 404, 409, 410, 422, 424, 429, 500, 502, 503, 504, 505, 507] {
            let expected = if critical.contains(&action.event()) || [401, 403, 503, 507].contains(&status) {
                "critical"
            } else if warning.contains(&action.event()) || [400, 409, 424, 502, 504, 505].contains(&status) {
                "warning"
            } else {
                "normal"
            };
            assert_eq!(written(&occurrence(action, status))["severity"], expected, "{action:?} {status}");
        }
    }
}

/// Whatever it is about, an event is whole: each action has a target, a type and a message.
#[test]
fn events_of_all_actions() {
    for &action in Action::ALL {
        for target in [None, Some(("00000000-0000-0000-0000-000000000003", "name"))] {
            let event = written(&Occurrence { target, ..occurrence(action, 200) });
            let (noun, verb) = action.event().rsplit_once('.').unwrap();
            assert_eq!(event["target"]["typeURI"], noun.replacen('.', "/", 1), "{action:?}");
            assert_eq!(event["dataEvent"], action.event().starts_with("kms."));
            let noun = noun.rsplit_once('.').unwrap().1;
            let name = if target.is_some() { " name" } else { "" };
            assert_eq!(event["message"], format!("Keystead: {verb} {noun}{name}"));
            let id = event["target"]["id"].as_str().unwrap();
            assert_eq!(id.split(':').count(), 10, "{id}");
            assert_eq!(id.contains("000000000003"), target.is_some(), "{action:?}: {id}");
        }
    }
    let of_nothing = Occurrence { instance: NIL, ..occurrence(Action::ListInstances, 200) };
    let event = written(&of_nothing);
    assert_eq!(event["logSourceCRN"], "crn:v1:bluemix:public:kms:local:a/local:::");
    assert_eq!(event["requestData"], json!({}));
}

#[test]
fn initiators_are_of_a_sort() {
    let cases = [
        ("", "unknown"),
        ("iam-ServiceId-1", "serviceid"),
        ("ApiKey-1", "apikey"),
        ("CertificateID-1", "certificate"),
        ("schedule", "service"),
    ];
    for (initiator, sort) in cases {
        let event = written(&Occurrence { initiator, ..occurrence(Action::WrapKey, 200) });
        assert_eq!(event["initiator"]["typeURI"], format!("service/security/account/{sort}"));
    }
}

/// No secret, and no digest of one, in any event or record.
#[tokio::test]
async fn an_api_keys_secret_is_nowhere() {
    let store = memory().await;
    let manager = open(&store).await;
    let by = |action| Call::internal(NIL, action, "somebody", NOW);
    let named = NewServiceId { name: "backup".into(), description: None };
    manager.create_service_id(&by(Action::CreateServiceId), named).await.unwrap();
    let (_, secret) = manager.create_api_key(&by(Action::CreateApiKey), new_api_key("backup")).await.unwrap();
    let secret = &secret.expose()["keystead_".len()..];
    for event in store.events(0, 100).await.unwrap() {
        assert!(!String::from_utf8_lossy(&event.body).contains(secret));
    }
    let all = store::Query {
        space: store::Space::INSTALLATION,
        kind: store::Kind(0x14),
        terms: Vec::new(),
        after: 0,
        limit: 10,
    };
    let records = store.find(&all).await.unwrap().records;
    assert_eq!(records.len(), 1);
    assert!(!String::from_utf8_lossy(&records[0].1.body).contains(secret));
}
