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

fn with(fields: &[(&str, Value)]) -> String {
    let mut resource = json!({"name": "k", "extractable": false});
    for (name, value) in fields {
        resource[*name] = value.clone();
    }
    one(resource)
}

#[tokio::test]
async fn a_key_that_can_not_be_made_is_not_made() {
    let house = House::new().await;
    house.key(json!({"name": "k", "aliases": ["taken"]})).await;
    let mismatch = json!({"metadata": {"collectionType": KEY, "collectionTotal": 2}, "resources": [{"name": "k"}]});
    let two =
        json!({"metadata": {"collectionType": KEY, "collectionTotal": 2}, "resources": [{"name": "k"}, {"name": "l"}]});
    let none = json!({"metadata": {"collectionType": KEY, "collectionTotal": 0}, "resources": []});
    let metadata = json!({"metadata": {}, "resources": [{"name": "k"}]});
    let bare = json!({"resources": [{"name": "k"}]});
    let further =
        json!({"metadata": {"collectionType": KEY, "collectionTotal": 1}, "resources": [{"name": "k"}], "more": 1});
    let nonce = [("encryptedNonce", json!("AAAA")), ("iv", json!("AAAA"))];
    let many = |what: &str, count: usize| json!((0..count).map(|n| format!("{what}{n}")).collect::<Vec<_>>());
    let cases = [
        ("POST", KEYS, "", 400, "NO_BODY_ERR", ""),
        ("POST", KEYS, "null", 400, "NO_BODY_ERR", ""),
        ("POST", KEYS, "{", 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, "[]", 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &mismatch.to_string(), 400, "COLLECTION_TOTAL_MISMATCH_ERR", ""),
        ("POST", KEYS, &two.to_string(), 400, "BAD_BODY_ERR", ""),
        ("POST", OVERRIDES, &two.to_string(), 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &none.to_string(), 400, "NUM_COLLECTION_RESOURCE_ERR", ""),
        ("POST", KEYS, &metadata.to_string(), 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &bare.to_string(), 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &further.to_string(), 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &one(json!({})), 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &one(json!({"name": 5})), 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &with(&[("extract", json!(true))]), 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &with(&[("extractable", json!("false"))]), 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &with(&[("rotation", json!({"interval_month": 1}))]), 400, "BAD_BODY_ERR", ""),
        ("POST", KEYS, &with(&[("name", json!(""))]), 400, "INVALID_FIELD_ERR", "name"),
        ("POST", KEYS, &with(&[("name", json!("n".repeat(91)))]), 400, "INVALID_FIELD_ERR", "name"),
        ("POST", KEYS, &with(&[("type", json!("key"))]), 400, "INVALID_FIELD_ERR", "type"),
        ("POST", KEYS, &with(&[("description", json!("d"))]), 400, "INVALID_FIELD_ERR", "description"),
        ("POST", KEYS, &with(&[("tags", json!(["a,b"]))]), 400, "INVALID_FIELD_ERR", "tags"),
        ("POST", KEYS, &with(&[("tags", many("t", 31))]), 400, "INVALID_FIELD_ERR", "tags"),
        ("POST", KEYS, &with(&[("aliases", many("alias", 6))]), 409, "LIMIT_REACHED_ERR", ""),
        ("POST", KEYS, &with(&[("aliases", json!(["taken"]))]), 409, "NAME_TAKEN_ERR", ""),
        ("POST", KEYS, &with(&[("expirationDate", json!("tomorrow"))]), 400, "INVALID_FIELD_ERR", "expirationDate"),
        (
            "POST",
            KEYS,
            &with(&[("expirationDate", json!("2026-01-01T00:00:00Z"))]),
            400,
            "INVALID_FIELD_ERR",
            "expirationDate",
        ),
        ("POST", KEYS, &with(&[("payload", json!("*"))]), 400, "INVALID_FIELD_ERR", "payload"),
        ("POST", KEYS, &with(&[("payload", json!(""))]), 400, "INVALID_FIELD_ERR", "payload"),
        ("POST", KEYS, &with(&[("payload", json!("AAAA"))]), 400, "INVALID_FIELD_ERR", "payload"),
        ("POST", KEYS, &with(&[("payload", json!("AAAAAAAAAAAAAAAAAAAAAA"))]), 400, "INVALID_FIELD_ERR", "payload"),
        ("POST", KEYS, &with(&[("payload", json!("AAAAAAAAAAAAAAAAAAAAAB=="))]), 400, "INVALID_FIELD_ERR", "payload"),
        ("POST", KEYS, &with(&nonce), 400, "INVALID_FIELD_ERR", "payload"),
        (
            "POST",
            KEYS,
            &with(&[("payload", json!("AAAA")), ("iv", json!("AAAA"))]),
            400,
            "INVALID_FIELD_ERR",
            "encryptedNonce",
        ),
        (
            "POST",
            KEYS,
            &with(&[("payload", json!("AAAA")), ("encryptedNonce", json!("AAAA"))]),
            400,
            "INVALID_FIELD_ERR",
            "iv",
        ),
        (
            "POST",
            OVERRIDES,
            &with(&[("rotation", json!({"enabled": true}))]),
            400,
            "INVALID_FIELD_ERR",
            "interval_month",
        ),
        (
            "POST",
            OVERRIDES,
            &with(&[("rotation", json!({"interval_month": 13}))]),
            400,
            "INVALID_FIELD_ERR",
            "interval_month",
        ),
        ("POST", OVERRIDES, &with(&[("rotation", json!({"interval_month": -1}))]), 400, "BAD_BODY_ERR", ""),
        ("POST", OVERRIDES, &with(&[("dualAuthDelete", json!({}))]), 400, "BAD_BODY_ERR", ""),
        (
            "POST",
            OVERRIDES,
            &with(&[("extractable", json!(true)), ("rotation", json!({"interval_month": 1}))]),
            400,
            "KEY_ROOT_REQ_ERR",
            "",
        ),
    ];
    house.check_refusals(&cases).await;
    let reply = house.ask_with("POST", KEYS, &[("x-kms-key-ring", "nowhere")], &with(&[])).await;
    assert_eq!(reply.status, 404, "{}", reply.body);
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
