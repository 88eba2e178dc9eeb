//! Client certificates over the API.

use serde_json::json;

use super::house::House;

const CLIENTS: &str = "/api/v1/adapters/dc1/clients";
const CERTIFICATES: &str = "/api/v1/adapters/dc1/certificates";

async fn house_with_two_adapters() -> House {
    let house = House::new().await;
    let root_key = house.app.engine.registry().adapters(house.instance)[0].root_key().key;
    house.adapter(house.instance, "dc2", root_key).await;
    house
}

#[tokio::test]
async fn bad_requests_are_told_what_is_wrong() {
    let house = House::new().await;
    let keys = "/api/v1/adapters/dc1/keys";
    let cases = [
        ("GET", "/api/v1/adapters/dc9/certificates", "", 404, "ADAPTER_NOT_FOUND_ERR"),
        ("GET", &format!("{CERTIFICATES}/none"), "", 404, "CERTIFICATE_NOT_FOUND_ERR"),
        ("POST", CERTIFICATES, r#"{"certificate": "hello"}"#, 400, "INVALID_CERTIFICATE_ERR"),
        ("POST", &format!("{CLIENTS}/sign"), r#"{"name": "vc", "csr": "hello"}"#, 400, "INVALID_CERTIFICATE_ERR"),
        ("POST", CLIENTS, r#"{"name": "a/b"}"#, 400, "is no name"),
        ("GET", &format!("{keys}/none"), "", 404, "KEY_NOT_FOUND_ERR"),
        ("GET", &format!("{keys}/00000000-0000-4000-8000-000000000000"), "", 404, "no such key"),
        ("GET", &format!("{keys}?limit=0"), "", 400, "INVALID_QUERY_PARAM_ERR"),
        ("GET", &format!("{keys}?limit=x"), "", 400, "INVALID_QUERY_PARAM_ERR"),
        ("GET", &format!("{keys}?lmit=5"), "", 400, "unknown field `lmit`"),
    ];
    for (method, path, body, status, part) in cases {
        house.check(method, path, body, status, part).await;
    }
}

#[tokio::test]
async fn certificates_are_listed_once_and_recognised_however_they_came() {
    let house = house_with_two_adapters().await;
    let issued = house.check("POST", CLIENTS, r#"{"name": "vc"}"#, 201, "BEGIN PRIVATE KEY").await;
    let pem = issued["certificate"].as_str().unwrap();
    let again = json!({"name": "again", "certificate": pem}).to_string();
    house.check("POST", CERTIFICATES, &again, 409, "as `vc`").await;
    house.check("POST", "/api/v1/adapters/dc2/certificates", &again, 409, "of adapter dc1 already, as `vc`").await;
    house.check("GET", CERTIFICATES, "", 200, r#""public_key":"RSA "#).await;
    let list = house.ask("GET", CERTIFICATES, "").await.body;
    assert!(!list.to_string().contains("BEGIN"), "{list}");
    let fingerprint = issued["fingerprint"].as_str().unwrap();
    for which in ["vc", issued["id"].as_str().unwrap(), fingerprint] {
        house.check("GET", &format!("{CERTIFICATES}/{which}"), "", 200, "BEGIN CERTIFICATE").await;
    }
    assert_eq!(house.ask("DELETE", &format!("{CERTIFICATES}/vc"), "").await.status, 204);
    let unnamed = json!({"certificate": pem}).to_string();
    let expected = format!("kmip_cert_{}", &fingerprint[..12]);
    house.check("POST", "/api/v1/adapters/dc2/certificates", &unnamed, 201, &expected).await;
}

#[tokio::test]
async fn a_request_is_signed_whatever_it_asks_for() {
    let house = House::new().await;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["vcenter.example.com".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let csr = params.serialize_request(&key).unwrap().pem().unwrap();
    let body = json!({"name": "vc", "csr": csr}).to_string();
    let signed = house.check("POST", &format!("{CLIENTS}/sign"), &body, 201, "BEGIN CERTIFICATE").await;
    assert!(signed.get("private_key").is_none());
    let pem = signed["certificate"].as_str().unwrap();
    let (_, der) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    assert!(!der.parse_x509().unwrap().is_ca());
}

#[tokio::test]
async fn one_instance_does_not_see_another() {
    let mut house = house_with_two_adapters().await;
    house.check("GET", "/api/v1/adapters/dc2/certificates", "", 200, r#""collectionTotal":0"#).await;
    let adapter = house.app.engine.registry().adapter(house.instance, "dc2").unwrap().id;
    house.instance = house.tenant().await;
    house.check("GET", CERTIFICATES, "", 200, r#""collectionTotal":0"#).await;
    for which in ["dc2", &adapter.to_string()] {
        let path = format!("/api/v1/adapters/{which}/certificates");
        house.check("GET", &path, "", 404, "ADAPTER_NOT_FOUND_ERR").await;
    }
}
