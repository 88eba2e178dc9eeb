//! Requests about keys that can't be carried out: the status, the code, what it is about, and that nothing has changed.

use serde_json::{Value, json};

use super::house::House;
use super::keys::one;

const KEYS: &str = "/api/v2/keys";
const OVERRIDES: &str = "/api/v2/keys_with_policy_overrides";
const KEY: &str = "application/vnd.ibm.kms.key+json";

impl House {
    /// All keys, and how many changes there were.
    async fn state_of_things(&self) -> (Value, usize) {
        let keys = self.ask("GET", "/api/v2/keys?state=0,1,2,3,5", "").await.body;
        (keys, self.store.events(0, 10_000).await.unwrap().len())
    }

    async fn check_refusals(&self, cases: &[(&str, &str, &str, u16, &str, &str)]) {
        let before = self.state_of_things().await;
        for (method, path, body, status, code, target) in cases {
            let reply = self.ask(method, path, body).await;
            let reason = &reply.body["resources"][0]["reasons"][0];
            let there = (reply.status, reason["code"].as_str().unwrap_or_default());
            assert_eq!(there, (*status, *code), "{method} {path} {body}: {}", reply.body);
            let about = if target.is_empty() { Value::Null } else { json!({"type": "field", "name": target}) };
            assert_eq!(reason["target"], about, "{method} {path} {body}");
            assert_eq!(reason["status"], json!(status));
            let sentence = reply.body["resources"][0]["errorMsg"].as_str().unwrap();
            assert!(sentence.ends_with(&format!(": Please see `reasons` for more details ({code})")), "{sentence}");
        }
        assert_eq!(self.state_of_things().await, before, "something changed");
    }
}

/// A request for a root key with these fields.
fn with(fields: &Value) -> String {
    let mut resource = json!({"name": "k", "extractable": false});
    resource.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    one(resource)
}

#[tokio::test]
async fn an_envelope_that_is_not_as_it_should_be_makes_nothing() {
    let house = House::new().await;
    let envelope = |total: usize, resources: Value| json!({"metadata": {"collectionType": KEY, "collectionTotal": total}, "resources": resources});
    let two = envelope(2, json!([{"name": "k"}, {"name": "l"}]));
    let mut further = envelope(1, json!([{"name": "k"}]));
    further["more"] = json!(1);
    let empty = json!({"metadata": {}, "resources": [{"name": "k"}]});
    let cases = [
        ("", "NO_BODY_ERR"),
        ("null", "NO_BODY_ERR"),
        ("{", "BAD_BODY_ERR"),
        ("[]", "BAD_BODY_ERR"),
        (" [{}, []]", "BAD_BODY_ERR"),
        (&*envelope(2, json!([{"name": "k"}])).to_string(), "COLLECTION_TOTAL_MISMATCH_ERR"),
        (&*two.to_string(), "BAD_BODY_ERR"),
        (&*envelope(1, two["resources"].clone()).to_string(), "BAD_BODY_ERR"),
        (&*envelope(0, json!([])).to_string(), "BAD_BODY_ERR"),
        (&*envelope(1, json!([])).to_string(), "BAD_BODY_ERR"),
        (&*empty.to_string(), "BAD_BODY_ERR"),
        (&*json!({"resources": [{"name": "k"}]}).to_string(), "BAD_BODY_ERR"),
        (&*further.to_string(), "BAD_BODY_ERR"),
    ];
    for path in [KEYS, OVERRIDES] {
        let cases: Vec<_> = cases.iter().map(|(body, code)| ("POST", path, *body, 400, *code, "")).collect();
        house.check_refusals(&cases).await;
    }
}

#[tokio::test]
async fn a_field_that_can_not_be_taken_is_told() {
    let house = House::new().await;
    let many = |count: usize| json!((0..count).map(|n| format!("t{n}")).collect::<Vec<_>>());
    let (bad_body, invalid) = ("BAD_BODY_ERR", "INVALID_FIELD_ERR");
    let cases = [
        (json!({"extract": true}), bad_body, ""),
        (json!({"name": 5}), bad_body, ""),
        (json!({"name": null}), bad_body, ""),
        (json!({"extractable": "false"}), bad_body, ""),
        (json!({"rotation": {"interval_month": 1}}), bad_body, ""),
        (json!({"name": ""}), invalid, "name"),
        (json!({"name": "n".repeat(91)}), invalid, "name"),
        (json!({"type": "key"}), invalid, "type"),
        (json!({"description": "d"}), invalid, "description"),
        (json!({"tags": ["a,b"]}), invalid, "tags"),
        (json!({"tags": many(31)}), invalid, "tags"),
        (json!({"expirationDate": "tomorrow"}), invalid, "expirationDate"),
        (json!({"expirationDate": "2026-01-01T00:00:00Z"}), invalid, "expirationDate"),
    ];
    let cases = cases.map(|(fields, code, target)| (with(&fields), code, target));
    let cases: Vec<_> = cases.iter().map(|(body, code, target)| ("POST", KEYS, &**body, 400, *code, *target)).collect();
    house.check_refusals(&cases).await;
}

#[tokio::test]
async fn material_that_can_not_be_taken_is_told() {
    let house = House::new().await;
    let (payload, nonce, iv) = ("AAAAAAAAAAAAAAAAAAAAAA==", "AAAA", "AAAA");
    let cases = [
        (json!({"payload": "*"}), "payload"),
        (json!({"payload": ""}), "payload"),
        (json!({"payload": "AAAA"}), "payload"),
        (json!({"payload": "AAAAAAAAAAAAAAAAAAAAAA"}), "payload"),
        (json!({"payload": "AAAAAAAAAAAAAAAAAAAAAB=="}), "payload"),
        (json!({"payload": "AAAAAAAAAAAAAAAAAAAAAA==\n"}), "payload"),
        (json!({"encryptedNonce": nonce, "iv": iv}), "payload"),
        (json!({"encryptionAlgorithm": "RSAES_OAEP_SHA_256"}), "payload"),
        (json!({"payload": payload, "iv": iv}), "encryptedNonce"),
        (json!({"payload": payload, "encryptionAlgorithm": "RSAES_OAEP_SHA_256"}), "encryptedNonce"),
        (json!({"payload": payload, "encryptedNonce": nonce}), "iv"),
        (json!({"payload": payload, "encryptedNonce": "*", "iv": iv}), "encryptedNonce"),
        (json!({"payload": payload, "encryptedNonce": nonce, "iv": "*"}), "iv"),
    ];
    let cases = cases.map(|(fields, target)| (with(&fields), target));
    let cases = cases.iter().map(|(body, target)| ("POST", KEYS, &**body, 400, "INVALID_FIELD_ERR", *target));
    house.check_refusals(&cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn policies_that_can_not_be_are_told() {
    let house = House::new().await;
    let cases = [
        (json!({"rotation": {"enabled": true}}), "INVALID_FIELD_ERR", "interval_month"),
        (json!({"rotation": {"interval_month": 0}}), "INVALID_FIELD_ERR", "interval_month"),
        (json!({"rotation": {"interval_month": 13}}), "INVALID_FIELD_ERR", "interval_month"),
        (json!({"rotation": {"interval_month": -1}}), "BAD_BODY_ERR", ""),
        (json!({"rotation": {"months": 1}}), "BAD_BODY_ERR", ""),
        (json!({"dualAuthDelete": {}}), "BAD_BODY_ERR", ""),
        (json!({"extractable": true, "rotation": {"interval_month": 1}}), "KEY_ROOT_REQ_ERR", ""),
    ];
    let cases = cases.map(|(fields, code, target)| (with(&fields), code, target));
    let cases = cases.iter().map(|(body, code, target)| ("POST", OVERRIDES, &**body, 400, *code, *target));
    house.check_refusals(&cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn aliases_and_rings_are_what_there_is_room_for() {
    let house = House::new().await;
    house.key(json!({"name": "k", "aliases": ["taken"]})).await;
    let (taken, six) =
        (with(&json!({"aliases": ["taken"]})), with(&json!({"aliases": ["aa", "bb", "cc", "dd", "ee", "ff"]})));
    let cases = [
        ("POST", KEYS, &*taken, 409, "NAME_TAKEN_ERR", ""),
        ("POST", KEYS, &*six, 400, "INVALID_FIELD_ERR", "aliases"),
    ];
    house.check_refusals(&cases).await;
    let before = house.state_of_things().await;
    let reply = house.ask_with("POST", KEYS, &[("x-kms-key-ring", "nowhere")], &with(&json!({}))).await;
    assert_eq!(reply.status, 404, "{}", reply.body);
    assert_eq!(house.state_of_things().await, before, "something changed");
}

#[tokio::test]
async fn what_is_not_there_or_can_not_be_done_is_told() {
    let house = House::new().await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let root = house.key(json!({"name": "crk", "extractable": false})).await;
    let standard = house.key(json!({"name": "kek"})).await;
    let deleted = house.key(json!({"name": "old", "extractable": false})).await;
    assert_eq!(house.ask("DELETE", &format!("{KEYS}/{deleted}"), "").await.status, 204);
    let main = house.ask("GET", &format!("{KEYS}?search=main"), "").await.body["resources"][0]["id"].clone();
    let main = main.as_str().unwrap();
    let state = "KEY_ACTION_INVALID_STATE_ERR";
    let cases = [
        ("GET", &format!("{KEYS}/{nobody}"), "", 404, "KEY_NOT_FOUND_ERR", ""),
        ("GET", &format!("{KEYS}/no-alias/metadata"), "", 404, "KEY_NOT_FOUND_ERR", ""),
        ("GET", &format!("{KEYS}/{nobody}/versions"), "", 404, "KEY_NOT_FOUND_ERR", ""),
        ("GET", &format!("{KEYS}/%ff"), "", 400, "INVALID_FIELD_ERR", ""),
        ("GET", &format!("{KEYS}/{standard}/versions"), "", 400, "KEY_ROOT_REQ_ERR", ""),
        ("GET", &format!("{KEYS}/{deleted}/versions"), "", 410, "KEY_DELETED_ERR", ""),
        ("PATCH", &format!("{KEYS}/{nobody}"), r#"{"keyRingID": "default"}"#, 404, "KEY_NOT_FOUND_ERR", ""),
        ("PATCH", &format!("{KEYS}/{root}"), r#"{"keyRingID": "nowhere"}"#, 404, "RESOURCE_NOT_FOUND_ERR", ""),
        ("PATCH", &format!("{KEYS}/{root}"), r#"{"name": "new"}"#, 400, "BAD_BODY_ERR", ""),
        ("PATCH", &format!("{KEYS}/{root}"), r#"{"keyRingID": ""}"#, 400, "INVALID_FIELD_ERR", "keyRingID"),
        ("PATCH", &format!("{KEYS}/{root}"), "", 400, "BAD_BODY_ERR", ""),
        ("DELETE", &format!("{KEYS}/{nobody}"), "", 404, "KEY_NOT_FOUND_ERR", ""),
        ("DELETE", &format!("{KEYS}/{deleted}"), "", 410, "KEY_DELETED_ERR", ""),
        ("DELETE", &format!("{KEYS}/{main}"), "", 409, "PROTECTED_RESOURCE_ERR", ""),
        ("DELETE", &format!("{KEYS}/{main}?force=false"), "", 409, "PROTECTED_RESOURCE_ERR", ""),
        ("POST", &format!("{KEYS}/{nobody}/restore"), "", 404, "KEY_NOT_FOUND_ERR", ""),
        ("POST", &format!("{KEYS}/{root}/restore"), "", 409, state, ""),
        ("POST", &format!("{KEYS}/{deleted}/restore"), "", 409, "REQ_TOO_EARLY_ERR", ""),
    ];
    let cases: Vec<_> = cases.iter().map(|(m, p, b, s, c, t)| (*m, p.as_str(), *b, *s, *c, *t)).collect();
    house.check_refusals(&cases).await;
    house.check("DELETE", &format!("{KEYS}/{root}?force=perhaps"), "", 400, "query_param").await;
    assert_eq!(house.ask("DELETE", &format!("{KEYS}/{main}?force=True"), "").await.status, 204);
}

#[tokio::test]
async fn only_a_deleted_key_is_purged_and_not_at_once() {
    let mut house = House::new().await;
    let root = house.key(json!({"name": "crk", "extractable": false})).await;
    let deleted = house.key(json!({"name": "old", "extractable": false})).await;
    assert_eq!(house.ask("DELETE", &format!("{KEYS}/{deleted}"), "").await.status, 204);
    house.api_key = house.appoint_here(&[keymanager::Role::KeyPurge, keymanager::Role::Manager]).await;
    let cases = [
        ("DELETE", &*format!("{KEYS}/{root}/purge"), "", 409, "KEY_ACTION_INVALID_STATE_ERR", ""),
        ("DELETE", &*format!("{KEYS}/{deleted}/purge"), "", 409, "REQ_TOO_EARLY_ERR", ""),
    ];
    house.check_refusals(&cases).await;
}
