//! What all answers have in common, and what becomes of requests that go wrong.

use serde_json::json;

use super::house::House;
use crate::api::CORRELATION_ID;

#[tokio::test]
async fn bad_requests_are_told_what_is_wrong() {
    let house = House::new().await;
    let long = format!("\"{}\"", "x".repeat(1 << 20));
    let clients = "/api/v1/adapters/dc1/clients";
    let cases = [
        ("POST", clients, r#"{"nmae": "vc"}"#, 400, "unknown field `nmae`"),
        ("POST", clients, r#"{"name": "vc""#, 400, "BAD_BODY_ERR"),
        ("POST", clients, r#"{"name": 5}"#, 400, "BAD_BODY_ERR"),
        ("POST", clients, "", 400, "missing field `name`"),
        ("POST", clients, r#"{"name": "vc"} {}"#, 400, "BAD_BODY_ERR"),
        ("POST", clients, &long, 413, "BODY_TOO_LONG_ERR"),
        ("PATCH", clients, "", 405, "METHOD_NOT_ALLOWED_ERR"),
        ("GET", "/nothing/here", "", 404, "PATH_NOT_FOUND_ERR"),
        ("GET", "/api/v2/nothing", "", 404, "PATH_NOT_FOUND_ERR"),
        ("GET", "/api/v1/adapters/%ff/certificates", "", 400, "INVALID_FIELD_ERR"),
    ];
    for (method, path, body, status, part) in cases {
        let error = house.check(method, path, body, status, part).await;
        assert_eq!(error["reasons"][0]["status"], json!(status), "{method} {path}");
        assert!(error["errorMsg"].is_string() && error["reasons"][0]["code"].is_string(), "{error}");
    }
}

#[tokio::test]
async fn answers_carry_the_correlation_id_and_are_not_kept() {
    let house = House::new().await;
    let cases = [("abc-1_2.3", true), ("", false), ("two words", false), (&*"x".repeat(65), false), ("a\tb", false)];
    for (sent, echoed) in cases {
        let reply = house.send("GET", "/api/v1/health", &[(CORRELATION_ID, sent)], "").await;
        let back = reply.headers[CORRELATION_ID].to_str().unwrap();
        assert_eq!(back == sent, echoed, "{sent}");
        assert!(echoed || uuid::Uuid::parse_str(back).is_ok());
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn a_fault_is_told_by_its_correlation_id_alone() {
    let house = House::new().await;
    assert_eq!(house.send("GET", "/api/v1/health", &[], "").await.status, 200);
    house.store.close().await.unwrap();
    let reply = house.ask("GET", "/api/v2/keys", "").await;
    let correlation = reply.headers[CORRELATION_ID].to_str().unwrap();
    let text = reply.body.to_string();
    assert_eq!(reply.status, 500);
    assert!(text.contains("INTERNAL_ERR") && text.contains(correlation) && !text.contains("closed"), "{text}");
    // What was found is good for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(house.send("GET", "/api/v1/health", &[], "").await.status, 503);
    assert_eq!(house.send("GET", "/api/v1/health/ready", &[], "").await.status, 503);
    assert_eq!(house.send("GET", "/api/v1/health/live", &[], "").await.status, 200);
}

#[tokio::test]
async fn what_was_begun_is_finished_when_the_client_goes_away() {
    let house = House::new().await;
    let (clients, name) = ("/api/v1/adapters/dc1/clients", r#"{"name": "vc"}"#);
    {
        let mut asked = std::pin::pin!(house.ask("POST", clients, name));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(asked.as_mut().poll(&mut context).is_pending());
    }
    for _ in 0..6000 {
        if house.ask("GET", "/api/v1/adapters/dc1/certificates/vc", "").await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the certificate was not made");
}
