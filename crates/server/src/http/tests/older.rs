//! The older form of the actions, `POST /keys/{id}?action=...`: the same gate, the same answer, the same event.

use keymanager::{Action, Role};
use serde_json::json;

use super::house::House;
use crate::http::key_protect::PLACES;
use crate::http::routes;

/// Every action that has a path, by its name in the older form.
fn actions(house: &House) -> Vec<(&'static str, Action)> {
    let routes = routes(house.app.clone());
    let action = |place: &str| {
        let path = format!("/api/v2/keys/{{id}}/{place}");
        routes.listed().iter().find(|route| route.path == path).and_then(|route| route.action).unwrap()
    };
    PLACES.iter().map(|(name, place)| (*name, action(place))).collect()
}

#[tokio::test]
async fn every_action_has_an_older_form() {
    let house = House::new().await;
    let routes = routes(house.app.clone());
    let paths = routes.listed().iter().filter_map(|route| route.path.strip_prefix("/api/v2/keys/{id}/actions/"));
    let mut paths: Vec<_> = paths.chain(["restore"]).collect();
    let mut known = PLACES.map(|(name, _)| name).to_vec();
    paths.sort_unstable();
    known.sort_unstable();
    assert_eq!(paths, known);
}

#[tokio::test]
async fn each_action_has_its_own_gate_and_its_own_event() {
    let mut house = House::new().await;
    let key = house.key(json!({"name": "crk", "extractable": false})).await;
    for role in [Role::Reader, Role::Writer, Role::Manager, Role::KeyPurge] {
        house.api_key = house.appoint_here(&[role]).await;
        for (name, action) in actions(&house) {
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
    let unknown = "INVALID_QUERY_PARAM_ERR";
    let cases = [
        ("POST", format!("{key}?action=explode"), 400, unknown),
        ("POST", format!("{key}?action=../../key_rings/x"), 400, unknown),
        ("POST", format!("{key}?action=Disable"), 400, unknown),
        ("POST", format!("{key}?action="), 400, unknown),
        ("POST", format!("{key}?reaction=disable"), 400, unknown),
        ("POST", key.clone(), 400, unknown),
        ("POST", "/api/v2/keys/?action=wrap".to_owned(), 404, "PATH_NOT_FOUND_ERR"),
        ("GET", format!("{key}?action=disable"), 200, "crk"),
        ("POST", format!("{key}/actions/wrap?action=disable"), 200, "ciphertext"),
    ];
    for (method, path, status, part) in cases {
        house.check(method, &path, "", status, part).await;
    }
    house.check("GET", &format!("{key}/metadata"), "", 200, r#""state":1"#).await;
}
