//! The older form of the actions, `POST /keys/{id}?action=...`: the same gate, the same answer, the same event.

use keymanager::{Action, Role};
use serde_json::json;

use super::house::House;

const ACTIONS: [(&str, Action); 9] = [
    ("wrap", Action::WrapKey),
    ("unwrap", Action::UnwrapKey),
    ("rewrap", Action::RewrapKey),
    ("rotate", Action::RotateKey),
    ("enable", Action::EnableKey),
    ("disable", Action::DisableKey),
    ("setKeyForDeletion", Action::SetKeyForDeletion),
    ("unsetKeyForDeletion", Action::UnsetKeyForDeletion),
    ("restore", Action::RestoreKey),
];

#[tokio::test]
async fn each_action_has_its_own_gate_and_its_own_event() {
    let mut house = House::new().await;
    let key = house.key(json!({"name": "crk", "extractable": false})).await;
    for role in [Role::Reader, Role::Writer, Role::Manager, Role::KeyPurge] {
        house.api_key = house.appoint_here(&[role]).await;
        for (name, action) in ACTIONS {
            let reply = house.ask("POST", &format!("/api/v2/keys/{key}?action={name}"), "not json").await;
            assert_eq!(reply.status == 401, !role.may(action), "{role:?} {name}: {}", reply.body);
            let event = house.events().await.pop().unwrap();
            let expected = (action.event(), if role.may(action) { event["outcome"].clone() } else { json!("failure") });
            let changed = reply.status < 300;
            assert!(
                changed || (event["action"].as_str().unwrap(), event["outcome"].clone()) == expected,
                "{name}: {event}"
            );
        }
    }
}

#[tokio::test]
async fn it_does_what_todays_form_does() {
    let house = House::new().await;
    let key = format!("/api/v2/keys/{}", house.key(json!({"name": "crk", "extractable": false})).await);
    let plain = r#"{"plaintext": "aGVsbG8="}"#;
    let wrapped = house.ask("POST", &format!("{key}?action=wrap"), plain).await.body;
    let ciphertext = json!({"ciphertext": wrapped["ciphertext"]}).to_string();
    for path in
        [format!("{key}?action=unwrap"), format!("{key}?a=b&action=unwrap&c=d"), format!("{key}/actions/unwrap")]
    {
        let unwrapped = house.ask("POST", &path, &ciphertext).await;
        assert_eq!((unwrapped.status, &unwrapped.body["plaintext"]), (200, &json!("aGVsbG8=")), "{path}");
    }
    assert_eq!(house.ask("POST", &format!("{key}?action=disable"), "").await.status, 204);
    assert_eq!(house.ask("DELETE", &key, "").await.status, 204);
    house.wait(30);
    assert_eq!(house.ask("POST", &format!("{key}?action=restore"), "").await.status, 201);
}

#[tokio::test]
async fn nothing_else_is_led_astray() {
    let house = House::new().await;
    let key = format!("/api/v2/keys/{}", house.key(json!({"name": "crk", "extractable": false})).await);
    let cases = [
        ("POST", format!("{key}?action=explode"), 404, "PATH_NOT_FOUND_ERR"),
        ("POST", format!("{key}?action=../../key_rings/x"), 405, "METHOD_NOT_ALLOWED_ERR"),
        ("POST", format!("{key}?action="), 405, "METHOD_NOT_ALLOWED_ERR"),
        ("POST", key.clone(), 405, "METHOD_NOT_ALLOWED_ERR"),
        ("POST", "/api/v2/keys/?action=wrap".to_owned(), 404, "PATH_NOT_FOUND_ERR"),
        ("GET", format!("{key}?action=disable"), 200, "crk"),
        ("POST", format!("{key}/actions/wrap?action=disable"), 200, "ciphertext"),
    ];
    for (method, path, status, part) in cases {
        house.check(method, &path, "", status, part).await;
    }
    house.check("GET", &format!("{key}/metadata"), "", 200, r#""state":1"#).await;
}
