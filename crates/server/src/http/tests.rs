//! The API as a client meets it, over the real engine and key manager on the store in memory.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use keymanager::{Actor, KeyManager, NewRootKey, Role};
use kmip::Timestamp;
use serde_json::{Value, json};
use store::Store;
use store::journal::{Flush, Journal};
use tower::ServiceExt;
use wrap::primitive::{Random, SystemRandom, random_secret};

use super::{Administration, router, routes};
use crate::api::{BASE, CORRELATION_ID};
use crate::folder::Folder;
use crate::pki::Pki;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Everything that is open to everybody.
const PUBLIC: [(Method, &str); 1] = [(Method::GET, "/health")];

struct House {
    app: Arc<Administration>,
    store: Arc<dyn Store>,
    api_key: String,
    _folder: tempfile::TempDir,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl House {
    /// An instance with the root key `main` and the adapter `dc1`, and an API key for it.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store::open("memory:").await.unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let master = wrap::master::MasterKey::new(&random_secret(&SystemRandom, 32).unwrap()).unwrap();
        let data = Folder::open(&folder.path().join("data")).unwrap();
        let authority = Pki::open(&data, master.seal_key(), &Default::default(), &random, NOW).unwrap().authority;
        let keys = Arc::new(KeyManager::open(store.clone(), master, random.clone()).await.unwrap());
        let journal =
            Journal::open(&folder.path().join("journal"), [0; 16], wrap::primitive::digest, Flush::Soon).unwrap();
        let parts = engine::Parts { store: store.clone(), wrapper: keys.clone(), random, journal: Arc::new(journal) };
        let engine = Arc::new(engine::Engine::open(parts).await.unwrap());
        let app = Arc::new(Administration { engine, keys, authority, now: || NOW });
        let mut house = House { app, store, api_key: String::new(), _folder: folder };
        house.api_key = house.tenant().await;
        house
    }

    /// Makes an instance with a root key and an adapter, and gives an API key for it.
    async fn tenant(&self) -> String {
        let by = Actor::new("test");
        let instance = self.app.keys.create_instance("i", &by, NOW).await.unwrap().id;
        let new = NewRootKey { name: "main".into(), description: None, payload: None };
        let root_key = self.app.keys.create_root_key(instance, new, &by, NOW).await.unwrap().id;
        let new = engine::registry::NewAdapter { instance, name: Some("dc1".into()), description: None, root_key };
        let by_engine = engine::registry::Actor::new("test");
        self.app.engine.registry().create_adapter(new, &by_engine, NOW).await.unwrap();
        let (_, secret) = self.app.keys.create_api_key(instance, "k", Role::Administrator, &by, NOW).await.unwrap();
        secret.expose().to_owned()
    }

    async fn send(&self, method: &Method, path: &str, headers: &[(&str, &str)], body: String) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("{BASE}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = router(self.app.clone()).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Reply { status, headers, body }
    }

    /// As the administrator.
    async fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        let authorization = format!("Bearer {}", self.api_key);
        self.send(&method.parse().unwrap(), path, &[("authorization", &authorization)], body.to_owned()).await
    }

    /// Asks as the administrator, and holds the answer to what is expected: the status, and something that is in it.
    async fn check(&self, method: &str, path: &str, body: &str, status: u16, part: &str) -> Value {
        let reply = self.ask(method, path, body).await;
        let text = reply.body.to_string();
        assert_eq!(reply.status, status, "{method} {path} {body}: {text}");
        assert!(text.contains(part), "{method} {path}: `{part}` is not in {text}");
        reply.body["resources"][0].clone()
    }
}

#[tokio::test]
async fn every_route_asks_who_is_there_but_for_the_listed_ones() {
    let house = House::new().await;
    let routes = routes();
    assert!(routes.listed().len() > 20);
    for route in routes.listed() {
        let path = route.path.replace(['{', '}'], "");
        let public = PUBLIC.contains(&(route.method.clone(), route.path));
        assert_eq!(route.public, public, "{route:?}");
        let shown: [&[(&str, &str)]; 4] = [
            &[],
            &[("authorization", "Bearer keystead_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")],
            &[("authorization", "Basic YWRtaW46YWRtaW4=")],
            &[("authorization", "Bearer ")],
        ];
        for headers in shown {
            let reply = house.send(&route.method, &path, headers, "not json".into()).await;
            let expected = if public { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            assert_eq!(reply.status, expected.as_u16(), "{route:?} {headers:?}");
        }
    }
}

#[tokio::test]
async fn a_revoked_key_opens_nothing() {
    let house = House::new().await;
    house.check("GET", "/adapters", "", 200, "dc1").await;
    let instance = house.app.keys.instances().await.unwrap()[0].id;
    let key = house.app.keys.api_keys(instance).await.unwrap()[0].id;
    house.app.keys.revoke_api_key(instance, key, &Actor::new("test"), NOW).await.unwrap();
    house.check("GET", "/adapters", "", 401, "UNAUTHORIZED_ERR").await;
}

#[tokio::test]
async fn bad_requests_are_told_what_is_wrong() {
    let house = House::new().await;
    let long = format!("\"{}\"", "x".repeat(1 << 20));
    let cases = [
        ("POST", "/adapters", r#"{"name": "dc2", "rootkey": "main"}"#, 400, "unknown field `rootkey`"),
        ("POST", "/adapters", r#"{"name": "dc2""#, 400, "BAD_BODY_ERR"),
        ("POST", "/adapters", r#"{"name": 5}"#, 400, "BAD_BODY_ERR"),
        ("POST", "/adapters", "", 400, "missing field `name`"),
        ("POST", "/adapters", r#"{"name": "dc2"} {}"#, 400, "BAD_BODY_ERR"),
        ("POST", "/adapters", &long, 413, "BODY_TOO_LONG_ERR"),
        ("POST", "/adapters", r#"{"name": "a b"}"#, 400, "is no name"),
        ("POST", "/adapters", r#"{"name": "dc1"}"#, 409, "NAME_TAKEN_ERR"),
        ("POST", "/adapters", r#"{"name": "dc2", "root_key": "other"}"#, 404, "KEY_NOT_FOUND_ERR"),
        ("GET", "/adapters/dc9", "", 404, "ADAPTER_NOT_FOUND_ERR"),
        ("DELETE", "/adapters/dc9", "", 404, "ADAPTER_NOT_FOUND_ERR"),
        ("GET", "/adapters/dc1/certificates/none", "", 404, "CERTIFICATE_NOT_FOUND_ERR"),
        ("POST", "/adapters/dc1/certificates", r#"{"certificate": "hello"}"#, 400, "INVALID_CERTIFICATE_ERR"),
        ("POST", "/adapters/dc1/clients/sign", r#"{"name": "vc", "csr": "hello"}"#, 400, "INVALID_CERTIFICATE_ERR"),
        ("POST", "/adapters/dc1/clients", r#"{"name": "a/b"}"#, 400, "is no name"),
        ("GET", "/adapters/dc1/keys/none", "", 404, "KEY_NOT_FOUND_ERR"),
        ("GET", "/adapters/dc1/keys/00000000-0000-4000-8000-000000000000", "", 404, "no such key"),
        ("GET", "/adapters/dc1/keys?limit=0", "", 400, "INVALID_QUERY_PARAM_ERR"),
        ("GET", "/adapters/dc1/keys?limit=x", "", 400, "INVALID_QUERY_PARAM_ERR"),
        ("GET", "/adapters/dc1/keys?lmit=5", "", 400, "unknown field `lmit`"),
        ("DELETE", "/rootkeys/main?forced=true", "", 400, "unknown field `forced`"),
        ("POST", "/rootkeys", r#"{"name": ""}"#, 400, "INVALID_FIELD_ERR"),
        ("POST", "/rootkeys", r#"{"name": "k", "payload": "*"}"#, 400, "not base64"),
        ("POST", "/rootkeys", r#"{"name": "k", "payload": "AAAA"}"#, 400, "has 3 bytes"),
        (
            "POST",
            "/rootkeys/main/actions/rotate",
            r#"{"payload": "AAAAAAAAAAAAAAAAAAAAAA=="}"#,
            400,
            "KEY_PAYLOAD_REQ_ERR",
        ),
        ("POST", "/rootkeys/main/actions/enable", "", 409, "KEY_ACTION_INVALID_STATE_ERR"),
        ("POST", "/rootkeys/main/actions/explode", "", 404, "PATH_NOT_FOUND_ERR"),
        ("DELETE", "/rootkeys/main", "", 409, "dc1"),
        ("PATCH", "/adapters", "", 405, "METHOD_NOT_ALLOWED_ERR"),
        ("GET", "/nothing/here", "", 404, "PATH_NOT_FOUND_ERR"),
        ("GET", "/adapters/%ff", "", 400, "BAD_PATH_ERR"),
    ];
    for (method, path, body, status, part) in cases {
        let error = house.check(method, path, body, status, part).await;
        assert_eq!(error["reasons"][0]["status"], json!(status), "{method} {path}");
        assert!(error["errorMsg"].is_string() && error["reasons"][0]["code"].is_string(), "{error}");
    }
}

#[tokio::test]
async fn adapters_come_and_go() {
    let house = House::new().await;
    let made = house.check("POST", "/adapters", r#"{"name": "dc2", "description": "two"}"#, 201, "dc2").await;
    let by_id = house.check("GET", &format!("/adapters/{}", made["id"].as_str().unwrap()), "", 200, "dc2").await;
    assert_eq!(made, by_id);
    assert_eq!(made["created_at"], "2027-01-15T08:00:00Z");
    assert!(made["created_by"].as_str().unwrap().starts_with("ApiKey-"));
    house.check("GET", "/adapters", "", 200, r#""collectionTotal":2"#).await;
    assert_eq!(house.ask("DELETE", "/adapters/dc2", "").await.status, 204);
    house.check("GET", "/adapters/dc2", "", 404, "ADAPTER_NOT_FOUND_ERR").await;
    house.check("POST", "/rootkeys", r#"{"name": "second"}"#, 201, "second").await;
    house.check("POST", "/adapters", r#"{"name": "dc3"}"#, 400, "main, second").await;
    house.check("POST", "/adapters", r#"{"name": "dc3", "root_key": "second"}"#, 201, "dc3").await;
}

#[tokio::test]
async fn certificates_are_listed_once_and_recognised_however_they_came() {
    let house = House::new().await;
    house.check("POST", "/adapters", r#"{"name": "dc2"}"#, 201, "dc2").await;
    let issued = house.check("POST", "/adapters/dc1/clients", r#"{"name": "vc"}"#, 201, "BEGIN PRIVATE KEY").await;
    let pem = issued["certificate"].as_str().unwrap();
    let again = json!({"name": "again", "certificate": pem}).to_string();
    house.check("POST", "/adapters/dc1/certificates", &again, 409, "as `vc`").await;
    house.check("POST", "/adapters/dc2/certificates", &again, 409, "another adapter's list").await;
    house.check("GET", "/adapters/dc1/certificates", "", 200, r#""public_key":"RSA "#).await;
    let list = house.ask("GET", "/adapters/dc1/certificates", "").await.body;
    assert!(!list.to_string().contains("BEGIN"), "{list}");
    let fingerprint = issued["fingerprint"].as_str().unwrap();
    for which in ["vc", issued["id"].as_str().unwrap(), fingerprint] {
        house.check("GET", &format!("/adapters/dc1/certificates/{which}"), "", 200, "BEGIN CERTIFICATE").await;
    }
    assert_eq!(house.ask("DELETE", "/adapters/dc1/certificates/vc", "").await.status, 204);
    let unnamed = json!({"certificate": pem}).to_string();
    let expected = format!("kmip_cert_{}", &fingerprint[..12]);
    house.check("POST", "/adapters/dc2/certificates", &unnamed, 201, &expected).await;
}

#[tokio::test]
async fn a_request_is_signed_whatever_it_asks_for() {
    let house = House::new().await;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["vcenter.example.com".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let csr = params.serialize_request(&key).unwrap().pem().unwrap();
    let body = json!({"name": "vc", "csr": csr}).to_string();
    let signed = house.check("POST", "/adapters/dc1/clients/sign", &body, 201, "BEGIN CERTIFICATE").await;
    assert!(signed.get("private_key").is_none());
    let pem = signed["certificate"].as_str().unwrap();
    let (_, der) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    assert!(!der.parse_x509().unwrap().is_ca());
}

#[tokio::test]
async fn a_root_key_goes_through_its_life() {
    let house = House::new().await;
    house.check("POST", "/rootkeys/main/actions/rotate", "", 200, r#""versions":2"#).await;
    house.check("POST", "/rootkeys/main/actions/rotate", "{}", 200, r#""versions":3"#).await;
    house.check("POST", "/rootkeys/main/actions/disable", "", 200, "suspended").await;
    house.check("GET", "/adapters/dc1/keys", "", 409, "root key").await;
    house.check("POST", "/adapters", r#"{"name": "dc2"}"#, 409, "no active root key").await;
    house.check("POST", "/rootkeys/main/actions/enable", "", 200, r#""state":1"#).await;
    house.check("GET", "/adapters/dc1/keys", "", 200, r#""totalCount":0"#).await;
    house.check("DELETE", "/rootkeys/main", "", 409, "PROTECTED_RESOURCE_ERR").await;
    assert_eq!(house.ask("DELETE", "/rootkeys/main?force=true", "").await.status, 204);
    house.check("GET", "/rootkeys/main", "", 200, r#""restorable_until":"2027-02-14T08:00:00Z""#).await;
    house.check("POST", "/rootkeys/main/actions/restore", "", 200, r#""state":1"#).await;
    let imported = r#"{"name": "mine", "payload": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
    house.check("POST", "/rootkeys", imported, 201, r#""imported":true"#).await;
    house.check("POST", "/rootkeys/mine/actions/rotate", "", 400, "KEY_PAYLOAD_REQ_ERR").await;
}

#[tokio::test]
async fn one_instance_does_not_see_another() {
    let mut house = House::new().await;
    house.check("POST", "/adapters", r#"{"name": "secret"}"#, 201, "secret").await;
    let adapter = house.check("GET", "/adapters/secret", "", 200, "secret").await["id"].as_str().unwrap().to_owned();
    let root_key = house.check("GET", "/rootkeys/main", "", 200, "main").await["id"].as_str().unwrap().to_owned();
    house.api_key = house.tenant().await;
    house.check("GET", "/adapters", "", 200, r#""collectionTotal":1"#).await;
    house.check("GET", "/adapters/secret", "", 404, "ADAPTER_NOT_FOUND_ERR").await;
    house.check("GET", &format!("/adapters/{adapter}"), "", 404, "ADAPTER_NOT_FOUND_ERR").await;
    house.check("POST", &format!("/rootkeys/{root_key}/actions/disable"), "", 404, "KEY_NOT_FOUND_ERR").await;
}

#[tokio::test]
async fn answers_carry_the_correlation_id_and_are_not_kept() {
    let house = House::new().await;
    let cases = [("abc-1_2.3", true), ("", false), ("two words", false), (&*"x".repeat(65), false), ("a\tb", false)];
    for (sent, echoed) in cases {
        let reply = house.send(&Method::GET, "/health", &[(CORRELATION_ID, sent)], String::new()).await;
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
    assert_eq!(house.send(&Method::GET, "/health", &[], String::new()).await.status, 200);
    house.store.close().await.unwrap();
    let reply = house.ask("GET", "/rootkeys", "").await;
    let correlation = reply.headers[CORRELATION_ID].to_str().unwrap();
    let text = reply.body.to_string();
    assert_eq!(reply.status, 500);
    assert!(text.contains("INTERNAL_ERR") && text.contains(correlation) && !text.contains("closed"), "{text}");
    assert_eq!(house.send(&Method::GET, "/health", &[], String::new()).await.status, 503);
}

#[tokio::test]
async fn what_was_begun_is_finished_when_the_client_goes_away() {
    let house = House::new().await;
    {
        let mut asked = std::pin::pin!(house.ask("POST", "/adapters", r#"{"name": "dc2"}"#));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(asked.as_mut().poll(&mut context).is_pending());
    }
    for _ in 0..1000 {
        if house.ask("GET", "/adapters/dc2", "").await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the adapter was not made");
}
