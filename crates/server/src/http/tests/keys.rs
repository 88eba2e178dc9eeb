//! Keys made, shown, moved, deleted, restored and purged: the shapes of what succeeds.

use keymanager::Role;
use serde_json::{Value, json};

use super::house::{House, Reply};

const KEY: &str = "application/vnd.ibm.kms.key+json";

/// Holds what is there to what is expected of it: `"?"` is anything, `null` is absent, and of objects no more is asked than is said.
pub(super) fn assert_has(there: &Value, expected: &Value, context: &str) {
    match expected {
        Value::Object(fields) => {
            for (name, expected) in fields {
                assert_has(&there[name], expected, &format!("{context}.{name}"));
            }
        }
        Value::String(text) if text == "?" => assert!(there.is_string(), "{context}: {there}"),
        expected => assert_eq!(there, expected, "{context}"),
    }
}

/// A request for one key.
pub(super) fn one(resource: Value) -> String {
    json!({"metadata": {"collectionType": KEY, "collectionTotal": 1}, "resources": [resource]}).to_string()
}

impl House {
    /// Makes a key, and gives its identifier.
    pub(super) async fn key(&self, resource: Value) -> String {
        let made = self.check("POST", "/api/v2/keys", &one(resource), 201, KEY).await;
        made["id"].as_str().unwrap().to_owned()
    }
}

fn content_type(reply: &Reply) -> &str {
    reply.headers["content-type"].to_str().unwrap()
}

/// What each route is called in audit events (Key Protect: "Activity tracking events").
const EVENTS: [(&str, &str, &str); 21] = [
    ("HEAD", "", "kms.secrets.head"),
    ("GET", "", "kms.secrets.list"),
    ("POST", "", "kms.secrets.create"),
    ("POST", "_with_policy_overrides", "kms.secrets-with-policy-overrides.create"),
    ("GET", "/{id}", "kms.secrets.read"),
    ("GET", "/{id}/metadata", "kms.secrets-metadata.read"),
    ("GET", "/{id}/versions", "kms.secrets-key-versions.list"),
    ("PATCH", "/{id}", "kms.secrets.patch"),
    ("DELETE", "/{id}", "kms.secrets.delete"),
    ("DELETE", "/{id}/purge", "kms.secrets.purge"),
    ("POST", "/{id}/restore", "kms.secrets.restore"),
    ("POST", "/{id}/actions/wrap", "kms.secrets.wrap"),
    ("POST", "/{id}/actions/unwrap", "kms.secrets.unwrap"),
    ("POST", "/{id}/actions/rewrap", "kms.secrets.rewrap"),
    ("POST", "/{id}/actions/rotate", "kms.secrets.rotate"),
    ("POST", "/{id}/actions/enable", "kms.secrets.enable"),
    ("POST", "/{id}/actions/disable", "kms.secrets.disable"),
    ("POST", "/{id}/actions/setKeyForDeletion", "kms.secrets.setkeyfordeletion"),
    ("POST", "/{id}/actions/unsetKeyForDeletion", "kms.secrets.unsetkeyfordeletion"),
    ("POST", "/{id}/actions/sync", "kms.secrets.default"),
    ("POST", "/{id}", "kms.secrets.default"),
];

#[tokio::test]
async fn each_route_has_the_event_of_what_it_does() {
    let mut house = House::new().await;
    house.api_key = house.appoint_here(&[Role::Manager, Role::KeyPurge]).await;
    for (method, rest, name) in EVENTS {
        let path = format!("/api/v2/keys{}", rest.replace("{id}", "nobody"));
        house.ask(method, &path, "not json").await;
        let event = house.events().await.pop().unwrap();
        assert_eq!((&event["action"], &event["requestData"]["requestURI"]), (&json!(name), &json!(path)), "{method}");
        let about = if rest.starts_with("/{id}") { ":key:nobody" } else { "::" };
        assert!(event["target"]["id"].as_str().unwrap().ends_with(about), "{event}");
    }
}

#[tokio::test]
async fn a_new_key_shows_all_of_itself() {
    let house = House::new().await;
    let resource = json!({
        "type": KEY, "name": "crk", "extractable": false, "description": "of all disks", "aliases": ["disks"],
        "tags": ["a", "b"], "expirationDate": "2030-01-02T04:04:05.5+01:00",
    });
    let reply = house.ask("POST", "/api/v2/keys", &one(resource)).await;
    assert_eq!((reply.status, content_type(&reply)), (201, KEY));
    let key = &reply.body["resources"][0];
    let id = key["id"].as_str().unwrap();
    let expected = json!({
        "type": KEY, "id": "?", "name": "crk", "description": "of all disks", "aliases": ["disks"], "tags": ["a", "b"],
        "state": 1, "extractable": false, "expirationDate": "2030-01-02T03:04:05Z",
        "crn": format!("crn:v1:bluemix:public:kms:local:a/local:{}:key:{id}", house.instance),
        "imported": false, "keyRingID": "default", "creationDate": "2027-01-15T08:00:00Z", "createdBy": "?",
        "algorithmType": "Deprecated", "algorithmMetadata": {"bitLength": "256", "mode": "Deprecated"},
        "algorithmBitSize": 256, "algorithmMode": "Deprecated",
        "keyVersion": {"id": "?", "creationDate": "2027-01-15T08:00:00Z"},
        "dualAuthDelete": {"enabled": false, "keySetForDeletion": null}, "deleted": false,
        "lastUpdateDate": null, "lastRotateDate": null, "rotation": null, "payload": null, "deletionDate": null,
        "restoreAllowed": null, "purgeAllowed": null, "nonactiveStateReason": null,
    });
    assert_has(key, &expected, "key");
    assert_eq!(reply.body["metadata"], json!({"collectionType": KEY, "collectionTotal": 1}));
    assert!(key["createdBy"].as_str().unwrap().starts_with("iam-ServiceId-"));
    for which in [id, "disks"] {
        for path in [format!("/api/v2/keys/{which}"), format!("/api/v2/keys/{which}/metadata")] {
            let reply = house.ask("GET", &path, "").await;
            assert_eq!((reply.status, content_type(&reply)), (200, KEY));
            assert_eq!(&reply.body["resources"][0], key, "{path}");
        }
    }
}

#[tokio::test]
async fn what_may_be_left_out_may_be_null_or_written_as_clients_do() {
    let house = House::new().await;
    let cases = [
        (json!({"name": "k"}), json!({"extractable": true, "imported": false, "keyVersion": null})),
        (
            json!({"name": "k", "description": null, "aliases": null, "tags": null, "expirationDate": null, "payload": null}),
            json!({"extractable": true, "aliases": null, "description": null}),
        ),
        (json!({"name": "k", "Tags": ["go"], "extractable": false}), json!({"tags": ["go"]})),
        (json!({"name": "k", "encryptedNonce": "", "iv": "", "payload": "AA=="}), json!({"imported": true})),
        (json!({"name": "k", "extractable": false, "payload": "AAAAAAAAAAAAAAAAAAAAAA=="}), json!({"imported": true})),
    ];
    for (resource, expected) in cases {
        let made = house.check("POST", "/api/v2/keys", &one(resource.clone()), 201, "").await;
        assert_has(&made, &expected, &resource.to_string());
    }
}

#[tokio::test]
async fn only_a_standard_keys_payload_is_given_out_and_only_where_one_key_is_asked_for() {
    let house = House::new().await;
    let imported = house.key(json!({"name": "kek", "payload": "c2VjcmV0IQ=="})).await;
    let generated = house.key(json!({"name": "kek"})).await;
    let root = house.key(json!({"name": "crk", "extractable": false})).await;
    let payload = async |path: String| house.check("GET", &path, "", 200, "").await["payload"].clone();
    assert_eq!(payload(format!("/api/v2/keys/{imported}")).await, "c2VjcmV0IQ==");
    assert_eq!(payload(format!("/api/v2/keys/{generated}")).await.as_str().unwrap().len(), 44);
    assert_eq!(payload(format!("/api/v2/keys/{root}")).await, Value::Null);
    assert_eq!(payload(format!("/api/v2/keys/{imported}/metadata")).await, Value::Null);
    assert!(!house.ask("GET", "/api/v2/keys", "").await.body.to_string().contains("payload"));
    let events = house.events().await;
    assert!(events.iter().any(|event| event["action"] == "kms.secrets.read" && event["target"]["name"] == "kek"));
    assert!(!format!("{events:?}").contains("c2VjcmV0IQ"));
}

#[tokio::test]
async fn policies_of_its_own_stand_in_the_place_of_the_instances() {
    let house = House::new().await;
    let cases = [
        (json!({}), json!({"rotation": null, "dualAuthDelete": {"enabled": false}})),
        (json!({"rotation": {"interval_month": 3}}), json!({"rotation": {"enabled": true, "interval_month": 3}})),
        (
            json!({"rotation": {"enabled": false, "interval_month": 4}, "dualAuthDelete": {"enabled": true}}),
            json!({"rotation": {"enabled": false, "interval_month": 4}, "dualAuthDelete": {"enabled": true}}),
        ),
        (json!({"dualAuthDelete": {"enabled": false}}), json!({"dualAuthDelete": {"enabled": false}})),
    ];
    for (policies, expected) in cases {
        let mut resource = json!({"name": "crk", "extractable": false});
        resource.as_object_mut().unwrap().extend(policies.as_object().unwrap().clone());
        let made = house.check("POST", "/api/v2/keys_with_policy_overrides", &one(resource), 201, "crk").await;
        assert_has(&made, &expected, &policies.to_string());
        let metadata = format!("/api/v2/keys/{}/metadata", made["id"].as_str().unwrap());
        assert_has(&house.check("GET", &metadata, "", 200, "").await, &expected, &policies.to_string());
    }
}

#[tokio::test]
async fn a_client_sees_as_much_of_a_changed_key_as_it_prefers() {
    let house = House::new().await;
    let (minimal, whole) = ("return=minimal", "return=representation");
    // What is said of what is made, restored, and taken away: the status, and whether the key is there.
    let cases = [
        (None, true, (204, false)),
        (Some(minimal), false, (204, false)),
        (Some(whole), true, (200, true)),
        (Some("respond-async, RETURN=Minimal; foo=bar"), false, (204, false)),
        (Some("return=everything"), true, (204, false)),
    ];
    for (prefer, made_whole, (removed, shown)) in cases {
        let headers: Vec<(&str, &str)> = prefer.into_iter().map(|prefer| ("prefer", prefer)).collect();
        let ask = async |method: &str, path: &str, body: &str| house.ask_with(method, path, &headers, body).await;
        let made = ask("POST", "/api/v2/keys", &one(json!({"name": "k"}))).await;
        let id = made.body["resources"][0]["id"].as_str().unwrap().to_owned();
        let only_id = json!([{"id": id}]);
        assert_eq!((made.status, made.body["resources"] != only_id), (201, made_whole), "{prefer:?}");
        let deleted = ask("DELETE", &format!("/api/v2/keys/{id}"), "").await;
        assert_eq!((deleted.status, deleted.body["resources"][0]["state"] == 5), (removed, shown), "{prefer:?}");
        house.wait(30);
        let restored = ask("POST", &format!("/api/v2/keys/{id}/restore"), "").await;
        assert_eq!((restored.status, restored.body["resources"] != only_id), (201, made_whole), "{prefer:?}");
        assert_eq!(ask("DELETE", &format!("/api/v2/keys/{id}"), "").await.status, removed);
    }
}

#[tokio::test]
async fn a_deleted_key_says_what_can_still_be_done_with_it() {
    let mut house = House::new().await;
    let path = format!("/api/v2/keys/{}", house.key(json!({"name": "crk", "extractable": false})).await);
    assert_eq!(house.ask("DELETE", &path, "").await.status, 204);
    let expected = |restore: bool, purge: bool| {
        json!({
            "state": 5, "deleted": true, "deletionDate": "2027-01-15T08:00:00Z", "deletedBy": "?", "nonactiveStateReason": 2,
            "restoreAllowed": restore, "restoreExpirationDate": "2027-02-14T08:00:00Z", "purgeAllowed": purge,
            "purgeAllowedFrom": "2027-01-15T12:00:00Z", "purgeScheduledOn": "2027-04-15T08:00:00Z", "payload": null,
        })
    };
    for (seconds, restore, purge) in
        [(0, true, false), (14_399, true, false), (1, true, true), (30 * 86_400, false, true)]
    {
        house.wait(seconds);
        assert_has(&house.check("GET", &path, "", 200, "").await, &expected(restore, purge), "deleted");
    }
    house.api_key = house.appoint_here(&[Role::KeyPurge, Role::Reader]).await;
    assert_eq!(house.ask("DELETE", &format!("{path}/purge"), "").await.status, 204);
    house.check("DELETE", &format!("{path}/purge"), "", 404, "KEY_NOT_FOUND_ERR").await;
    house.check("GET", &format!("{path}/metadata"), "", 404, "KEY_NOT_FOUND_ERR").await;
}

#[tokio::test]
async fn a_key_is_made_in_a_ring_found_in_it_and_moved_out_of_it() {
    let house = House::new().await;
    assert_eq!(house.ask("POST", "/api/v2/key_rings/vsan", "").await.status, 201);
    let (here, elsewhere) = ([("X-Kms-Key-Ring", "vsan")], [("x-kms-key-ring", "default")]);
    let body = one(json!({"name": "crk", "extractable": false}));
    let made = house.ask_with("POST", "/api/v2/keys", &here, &body).await;
    assert_eq!((made.status, &made.body["resources"][0]["keyRingID"]), (201, &json!("vsan")));
    let id = made.body["resources"][0]["id"].as_str().unwrap();
    let each = [
        ("GET", ""),
        ("GET", "/metadata"),
        ("GET", "/versions"),
        ("PATCH", ""),
        ("POST", "/actions/wrap"),
        ("POST", "/actions/rotate"),
        ("POST", "/actions/disable"),
        ("POST", "/restore"),
        ("DELETE", ""),
    ];
    for (method, rest) in each {
        let body = if method == "PATCH" { r#"{"keyRingID": "default"}"# } else { "" };
        let reply = house.ask_with(method, &format!("/api/v2/keys/{id}{rest}"), &elsewhere, body).await;
        let code = &reply.body["resources"][0]["reasons"][0]["code"];
        assert_eq!((reply.status, code), (404, &json!("KEY_NOT_FOUND_ERR")), "{method} {rest}");
    }
    let moves = [(r#"{"KeyRingID": "default"}"#, "default"), (r#"{"keyRingID": "vsan"}"#, "vsan")];
    for (body, ring) in moves {
        let moved = house.check("PATCH", &format!("/api/v2/keys/{id}"), body, 200, KEY).await;
        assert_eq!(moved["keyRingID"], ring);
    }
    let kept = house.ask_with("GET", &format!("/api/v2/keys/{id}"), &here, "").await;
    assert_eq!(kept.body["resources"][0]["state"], 1);
}

#[tokio::test]
async fn versions_are_listed_newest_first() {
    let house = House::new().await;
    let key = house.key(json!({"name": "crk", "extractable": false})).await;
    let path = format!("/api/v2/keys/{key}");
    house.wait(60);
    assert_eq!(house.ask("POST", &format!("{path}/actions/rotate"), "").await.status, 204);
    let newest = house.check("GET", &format!("{path}/metadata"), "", 200, "").await["keyVersion"].clone();
    let reply = house.ask("GET", &format!("{path}/versions?totalCount=True"), "").await;
    assert_eq!(content_type(&reply), "application/vnd.ibm.kms.key.version+json");
    assert_has(&reply.body["metadata"], &json!({"collectionTotal": 2, "totalCount": 2}), "metadata");
    assert_eq!(reply.body["resources"][0], newest);
    assert_eq!(reply.body["resources"][1]["creationDate"], "2027-01-15T08:00:00Z");
    let page = house.ask("GET", &format!("{path}/versions?limit=1&offset=1&totalCount="), "").await.body;
    assert_eq!(page["metadata"]["totalCount"], Value::Null);
    assert_eq!(page["resources"], json!([reply.body["resources"][1]]));
    assert_eq!(house.ask("POST", &format!("{path}/actions/disable"), "").await.status, 204);
    house.check("GET", &format!("{path}/versions"), "", 409, "KEY_ACTION_INVALID_STATE_ERR").await;
    house.check("GET", &format!("{path}/versions?allKeyStates=true"), "", 200, r#""collectionTotal":2"#).await;
}

#[tokio::test]
async fn an_object_of_a_kmip_client_is_seen_as_nothing_more_than_a_standard_key() {
    let house = House::new().await;
    let id = "00000000-0000-4000-8000-000000000000";
    for path in [format!("/api/v2/keys/{id}"), format!("/api/v2/keys/{id}/metadata")] {
        house.check("GET", &path, "", 404, "KEY_NOT_FOUND_ERR").await;
    }
}
