//! What is done with root keys.

use serde_json::{Value, json};

use super::house::House;
use super::keys::assert_has;

const ACTION: &str = "application/vnd.ibm.kms.key_action+json";
/// `hello`.
const HELLO: &str = "aGVsbG8=";

impl House {
    async fn root(&self) -> String {
        format!("/api/v2/keys/{}", self.key(json!({"name": "crk", "extractable": false})).await)
    }

    /// Does something with a root key: the answer's status and body.
    async fn act(&self, key: &str, action: &str, body: &Value) -> (u16, Value) {
        let reply = self.ask("POST", &format!("{key}/actions/{action}"), &body.to_string()).await;
        (reply.status, reply.body)
    }

    async fn version(&self, key: &str) -> Value {
        self.check("GET", &format!("{key}/metadata"), "", 200, "").await["keyVersion"]["id"].clone()
    }

    async fn state(&self, key: &str) -> u64 {
        self.check("GET", &format!("{key}/metadata"), "", 200, "").await["state"].as_u64().unwrap()
    }
}

#[tokio::test]
async fn what_was_wrapped_is_unwrapped_also_under_an_older_version() {
    let house = House::new().await;
    let key = house.root().await;
    let first = house.version(&key).await;
    let aad = json!(["instance", "object"]);
    let reply =
        house.ask("POST", &format!("{key}/actions/wrap"), &json!({"plaintext": HELLO, "aad": aad}).to_string()).await;
    assert_eq!((reply.status, reply.headers["content-type"].to_str().unwrap()), (200, ACTION));
    let wrapped = reply.body;
    assert_has(
        &wrapped,
        &json!({"ciphertext": "?", "keyVersion": {"id": first}, "plaintext": null, "metadata": null}),
        "wrap",
    );
    assert!(wrapped["keyVersion"].get("creationDate").is_none());

    let unwrap = json!({"ciphertext": wrapped["ciphertext"], "aad": aad});
    let (status, unwrapped) = house.act(&key, "unwrap", &unwrap).await;
    assert_eq!((status, unwrapped), (200, json!({"plaintext": HELLO, "keyVersion": {"id": first}})));

    assert_eq!(house.act(&key, "rotate", &json!({})).await.0, 204);
    let second = house.version(&key).await;
    assert_ne!(first, second);
    let (_, unwrapped) = house.act(&key, "unwrap", &unwrap).await;
    let expected = json!({
        "plaintext": HELLO, "keyVersion": {"id": first}, "ciphertext": "?", "rewrappedKeyVersion": {"id": second},
    });
    assert_has(&unwrapped, &expected, "unwrap");
    let (status, rewrapped) = house.act(&key, "rewrap", &unwrap).await;
    assert_eq!(status, 200);
    let expected = json!({
        "plaintext": null, "keyVersion": {"id": first}, "ciphertext": "?", "rewrappedKeyVersion": {"id": second},
    });
    assert_has(&rewrapped, &expected, "rewrap");
    let (_, again) = house.act(&key, "unwrap", &json!({"ciphertext": rewrapped["ciphertext"], "aad": aad})).await;
    assert_eq!(again, json!({"plaintext": HELLO, "keyVersion": {"id": second}}));
}

#[tokio::test]
async fn without_a_plaintext_one_is_made_and_shown() {
    let house = House::new().await;
    let key = house.root().await;
    for body in ["", "null", "{}", r#"{"plaintext": null}"#, r#"{"aad": null}"#, r#"{"aad": [null]}"#, r#"{"aad": []}"#]
    {
        let reply = house.ask("POST", &format!("{key}/actions/wrap"), body).await;
        assert_eq!(reply.status, 200, "{body}: {}", reply.body);
        assert_eq!(reply.body["plaintext"].as_str().map(str::len), Some(44), "{body}");
        let unwrap = json!({"ciphertext": reply.body["ciphertext"]});
        assert_eq!(house.act(&key, "unwrap", &unwrap).await.1["plaintext"], reply.body["plaintext"], "{body}");
    }
}

#[tokio::test]
async fn what_does_not_belong_together_is_not_unwrapped() {
    let house = House::new().await;
    let (key, other) = (house.root().await, house.root().await);
    let (_, wrapped) = house.act(&key, "wrap", &json!({"plaintext": HELLO, "aad": ["a", "b"]})).await;
    let ciphertext = wrapped["ciphertext"].as_str().unwrap();
    let cases = [
        (&key, json!({"ciphertext": ciphertext})),
        (&key, json!({"ciphertext": ciphertext, "aad": ["b", "a"]})),
        (&key, json!({"ciphertext": ciphertext, "aad": ["ab"]})),
        (&key, json!({"ciphertext": "AAAA", "aad": ["a", "b"]})),
        (&key, json!({"ciphertext": "", "aad": ["a", "b"]})),
        (&other, json!({"ciphertext": ciphertext, "aad": ["a", "b"]})),
    ];
    for (key, body) in cases {
        for action in ["unwrap", "rewrap"] {
            let (status, answer) = house.act(key, action, &body).await;
            let code = &answer["resources"][0]["reasons"][0]["code"];
            assert_eq!((status, code), (422, &json!("UNPROCESSABLE_CIPHERTEXT_ERR")), "{action} {body}");
        }
    }
}

#[tokio::test]
async fn bad_input_is_told_by_its_field_and_gives_away_nothing() {
    let house = House::new().await;
    let root = house.root().await;
    let standard = format!("/api/v2/keys/{}", house.key(json!({"name": "kek"})).await);
    let nobody = "/api/v2/keys/00000000-0000-4000-8000-000000000000".to_owned();
    let changes = house.store.events(0, 10_000).await.unwrap().len();
    let long = |text: &str, count: usize| json!(vec![text; count]);
    let cases = [
        (&root, "wrap", json!({"plaintext": "aGVsbG8"}), 400, "INVALID_FIELD_ERR", "plaintext"),
        (&root, "wrap", json!({"plaintext": "aGVsbG9="}), 400, "INVALID_FIELD_ERR", "plaintext"),
        (&root, "wrap", json!({"plaintext": "hello world!"}), 400, "INVALID_FIELD_ERR", "plaintext"),
        (&root, "wrap", json!({"plaintext": "-_-_"}), 400, "INVALID_FIELD_ERR", "plaintext"),
        (&root, "wrap", json!({"plaintext": ""}), 400, "INVALID_FIELD_ERR", "plaintext"),
        (&root, "wrap", json!({"plaintext": "A".repeat(5464)}), 400, "INVALID_FIELD_ERR", "plaintext"),
        (&root, "wrap", json!({"plaintext": 5}), 400, "BAD_BODY_ERR", ""),
        (&root, "wrap", json!({"plain": HELLO}), 400, "BAD_BODY_ERR", ""),
        (&root, "wrap", json!({"aad": long("a", 127)}), 400, "INVALID_FIELD_ERR", "aad"),
        (&root, "wrap", json!({"aad": [ "a".repeat(256) ]}), 400, "INVALID_FIELD_ERR", "aad"),
        (&root, "wrap", json!({"aad": "a"}), 400, "BAD_BODY_ERR", ""),
        (&root, "unwrap", json!({"ciphertext": "*"}), 400, "INVALID_FIELD_ERR", "ciphertext"),
        (&root, "unwrap", json!({}), 400, "BAD_BODY_ERR", ""),
        (&root, "rewrap", json!({"ciphertext": "A"}), 400, "INVALID_FIELD_ERR", "ciphertext"),
        (&root, "rotate", json!({"payload": "*"}), 400, "INVALID_FIELD_ERR", "payload"),
        (&root, "rotate", json!({"payload": "AAAAAAAAAAAAAAAAAAAAAA=="}), 400, "KEY_PAYLOAD_REQ_ERR", "payload"),
        (&root, "rotate", json!({"iv": "AAAA"}), 400, "INVALID_FIELD_ERR", "payload"),
        (&root, "rotate", json!({"force": true}), 400, "BAD_BODY_ERR", ""),
        (&root, "enable", json!(null), 409, "KEY_ACTION_INVALID_STATE_ERR", ""),
        (&root, "setKeyForDeletion", json!(null), 409, "NOT_DUAL_AUTH_ERR", ""),
        (&root, "unsetKeyForDeletion", json!(null), 409, "NOT_DUAL_AUTH_ERR", ""),
        (&root, "explode", json!(null), 404, "PATH_NOT_FOUND_ERR", ""),
        (&standard, "wrap", json!({"plaintext": HELLO}), 400, "KEY_ROOT_REQ_ERR", ""),
        (&standard, "unwrap", json!({"ciphertext": "AAAA"}), 400, "KEY_ROOT_REQ_ERR", ""),
        (&standard, "rotate", json!({}), 400, "KEY_ROOT_REQ_ERR", ""),
        (&standard, "disable", json!({}), 400, "KEY_ROOT_REQ_ERR", ""),
        (&nobody, "wrap", json!({"plaintext": HELLO}), 404, "KEY_NOT_FOUND_ERR", ""),
        (&nobody, "disable", json!({}), 404, "KEY_NOT_FOUND_ERR", ""),
    ];
    for (key, action, body, status, code, target) in cases {
        let (there, answer) = house.act(key, action, &body).await;
        let reason = &answer["resources"][0]["reasons"][0];
        assert_eq!((there, &reason["code"]), (status, &json!(code)), "{action} {body}: {answer}");
        let about = if target.is_empty() { Value::Null } else { json!({"type": "field", "name": target}) };
        assert_eq!(reason["target"], about, "{action} {body}");
        assert!(!answer.to_string().contains("aGVsbG8"), "{answer}");
    }
    assert_eq!(house.store.events(0, 10_000).await.unwrap().len(), changes, "something changed");
}

#[tokio::test]
async fn a_key_goes_through_its_life_however_a_body_says_nothing() {
    let house = House::new().await;
    for body in ["", "null", "{}"] {
        let key = house.root().await;
        let act = async |action: &str| house.ask("POST", &format!("{key}/actions/{action}"), body).await.status;
        assert_eq!((act("disable").await, house.state(&key).await), (204, 2));
        assert_eq!((act("wrap").await, act("enable").await), (409, 409), "not before 30 s");
        house.wait(30);
        assert_eq!((act("enable").await, house.state(&key).await), (204, 1));
        assert_eq!((act("rotate").await, act("rotate").await), (204, 409), "once an hour");
        house.wait(3600);
        assert_eq!((act("rotate").await, act("sync").await), (204, 409), "not within an hour of a change");
        house.wait(3600);
        assert_eq!((act("sync").await, act("sync").await), (204, 409));
    }
}

#[tokio::test]
async fn two_people_delete_a_key_that_needs_two() {
    let mut house = House::new().await;
    let resource = json!({"name": "crk", "extractable": false, "dualAuthDelete": {"enabled": true}});
    let body = super::keys::one(resource);
    let made = house.check("POST", "/api/v2/keys_with_policy_overrides", &body, 201, "").await;
    let key = format!("/api/v2/keys/{}", made["id"].as_str().unwrap());
    house.check("DELETE", &key, "", 409, "AUTHORIZATIONS_NOT_MET").await;
    let set = json!({"enabled": true, "keySetForDeletion": true, "authExpiration": "2027-01-22T08:00:00Z"});
    let unset = json!({"enabled": true});
    for (action, expected) in
        [("setKeyForDeletion", &set), ("unsetKeyForDeletion", &unset), ("setKeyForDeletion", &set)]
    {
        assert_eq!(house.act(&key, action, &Value::Null).await.0, 204);
        let there = house.check("GET", &format!("{key}/metadata"), "", 200, "").await["dualAuthDelete"].clone();
        assert_eq!(&there, expected, "{action}");
    }
    house.check("DELETE", &key, "", 409, "AUTHORIZATIONS_NOT_MET").await;
    house.api_key = house.appoint_here(&[keymanager::Role::Manager]).await;
    assert_eq!(house.ask("DELETE", &key, "").await.status, 204);
}

#[tokio::test]
async fn an_imported_key_is_rotated_to_what_is_brought_along() {
    let house = House::new().await;
    let payload = "AAAAAAAAAAAAAAAAAAAAAA==";
    let key = house.key(json!({"name": "crk", "extractable": false, "payload": payload})).await;
    let key = format!("/api/v2/keys/{key}");
    let (status, answer) = house.act(&key, "rotate", &Value::Null).await;
    let reason = &answer["resources"][0]["reasons"][0];
    assert_eq!((status, &reason["code"]), (400, &json!("KEY_PAYLOAD_REQ_ERR")));
    assert_eq!(reason["target"], json!({"type": "field", "name": "payload"}));
    assert_eq!(house.act(&key, "rotate", &json!({"payload": "AAECAwQFBgcICQoLDA0ODw=="})).await.0, 204);
}

#[tokio::test]
async fn each_use_has_its_event_with_the_version_and_without_the_data() {
    let house = House::new().await;
    let key = house.root().await;
    let id = key.rsplit_once('/').unwrap().1;
    let version = house.version(&key).await;
    let (_, wrapped) = house.act(&key, "wrap", &json!({"plaintext": HELLO})).await;
    let ciphertext = wrapped["ciphertext"].as_str().unwrap();
    house.act(&key, "unwrap", &json!({"ciphertext": ciphertext})).await;
    house.act(&key, "rewrap", &json!({"ciphertext": ciphertext})).await;
    house.act(&key, "unwrap", &json!({"ciphertext": "AAAA"})).await;
    let events = house.events().await;
    let of = |action: &str| -> Vec<&Value> { events.iter().filter(|event| event["action"] == action).collect() };
    for action in ["kms.secrets.wrap", "kms.secrets.unwrap", "kms.secrets.rewrap"] {
        let event = of(action)[0];
        assert_eq!(
            (&event["outcome"], &event["responseData"]["keyVersionId"]),
            (&json!("success"), &version),
            "{event}"
        );
        assert!(event["target"]["id"].as_str().unwrap().ends_with(&format!(":key:{id}")), "{event}");
        assert!(event["requestData"]["requestURI"].as_str().unwrap().starts_with(&key), "{event}");
    }
    let refused = of("kms.secrets.unwrap")[1];
    assert_has(
        refused,
        &json!({"outcome": "failure", "reason": {"reasonCode": 422, "reasonForFailure": "UNPROCESSABLE_CIPHERTEXT_ERR"}}),
        "event",
    );
    assert!(refused["target"]["id"].as_str().unwrap().ends_with(id), "{refused}");
    let all = json!(events).to_string();
    assert!(!all.contains("aGVsbG8") && !all.contains(ciphertext));
}
