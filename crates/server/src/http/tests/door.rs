//! The door book, adapters' doors, and what an allow-list takes.

use std::collections::HashMap;
use std::net::IpAddr;

use engine::registry::Fingerprint;
use keymanager::Role;
use kmip::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::House;

const CERTIFICATES: &str = "/api/v1/adapters/dc1/certificates";
const DOOR: &str = "/api/v1/adapters/dc1/door";

fn made(change: impl FnOnce(&mut CertificateParams)) -> rcgen::Certificate {
    let mut params = CertificateParams::new(["vc.example.com".to_owned()]).unwrap();
    change(&mut params);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap()
}

fn certificate() -> rcgen::Certificate {
    made(|_| ())
}

fn authority() -> rcgen::Certificate {
    made(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))
}

/// Somebody comes to a door; their fingerprint.
fn come(house: &House, der: &[u8], door: Option<Uuid>) -> String {
    house.app.book.note(der, IpAddr::from([192, 0, 2, 1]), door, Timestamp::from_millis(1_800_000_000_000));
    Fingerprint::of(der).to_string()
}

/// As somebody who may do everything in one instance alone.
async fn tenant(house: &mut House) {
    house.instance = house.tenant().await;
    house.api_key = house.appoint_here(&[Role::Manager]).await;
}

fn own_door(house: &House) -> Uuid {
    house.app.engine.registry().adapter(house.instance, "dc1").unwrap().id
}

/// How many certificates somebody sees in the door book who names no instance.
async fn seen(house: &House) -> u64 {
    let bearer = format!("Bearer {}", house.api_key);
    let reply = house.send("GET", "/api/v1/door", &[("authorization", &bearer)], "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body["metadata"]["collectionTotal"].as_u64().unwrap()
}

#[tokio::test]
async fn a_tenant_learns_of_nobody_who_did_not_come_to_a_door_of_its_own() {
    let mut house = House::new().await;
    let foreign = own_door(&house);
    let at_shared = come(&house, certificate().der(), None);
    let at_foreign = come(&house, certificate().der(), Some(foreign));
    assert_eq!(seen(&house).await, 2);
    tenant(&mut house).await;
    assert_eq!(seen(&house).await, 0);
    let body = json!({"adapter": "dc1"}).to_string();
    for fingerprint in [&at_shared, &at_foreign] {
        let path = format!("/api/v1/door/{fingerprint}");
        house.check("POST", &path, &body, 404, "CERTIFICATE_NOT_FOUND_ERR").await;
        house.check("DELETE", &path, "", 404, "CERTIFICATE_NOT_FOUND_ERR").await;
    }
    let own = come(&house, certificate().der(), Some(own_door(&house)));
    assert_eq!(seen(&house).await, 1);
    house.check("GET", "/api/v1/adapters/dc1/trust", "", 200, &own).await;
    let trust = house.ask("GET", "/api/v1/adapters/dc1/trust", "").await.body.to_string();
    assert!(!trust.contains(&at_shared) && !trust.contains(&at_foreign), "{trust}");
    house.check("POST", &format!("/api/v1/door/{own}"), &body, 201, &own).await;
    house.check("GET", CERTIFICATES, "", 200, &own).await;
    assert_eq!(seen(&house).await, 0);
}

#[tokio::test]
async fn who_came_is_named_by_a_beginning_that_is_the_only_one() {
    let house = House::new().await;
    let [one, other] = alike();
    let fingerprint = come(&house, &one, None);
    let body = json!({"adapter": "dc1", "name": "vc"}).to_string();
    let at = |named: &str| format!("/api/v1/door/{named}");
    let beginning = &fingerprint[..8];
    come(&house, &other, None);
    let ambiguous = house.check("POST", &at(beginning), &body, 409, "AMBIGUOUS_NAME_ERR").await;
    assert!(ambiguous["reasons"][0]["message"].as_str().unwrap().contains("give more of it"));
    house.check("DELETE", &at(beginning), "", 409, "AMBIGUOUS_NAME_ERR").await;
    house.check("DELETE", &at(&Fingerprint::of(&other).to_string()), "", 204, "").await;
    for bad in [&fingerprint[..7], "vcenter1", &format!("{fingerprint}0")] {
        house.check("POST", &at(bad), &body, 400, "INVALID_FIELD_ERR").await;
    }
    house.check("POST", &at("00000000"), &body, 404, "CERTIFICATE_NOT_FOUND_ERR").await;
    house.check("POST", &at(beginning), r#"{"adapter": "dc9"}"#, 404, "ADAPTER_NOT_FOUND_ERR").await;
    house.check("POST", &at(beginning), r#"{"adapter": "dc1", "standing": "authority"}"#, 400, "no authority").await;
    house.check("GET", CERTIFICATES, "", 200, r#""collectionTotal":0"#).await;
    let with_colons = format!("{}:{}", beginning[..2].to_uppercase(), &beginning[2..]);
    house.check("POST", &at(&with_colons), &body, 201, r#""name":"vc""#).await;
    assert!(house.app.book.strangers().is_empty());
}

/// Two certificates whose fingerprints begin alike.
fn alike() -> [Vec<u8>; 2] {
    let mut der = certificate().der().to_vec();
    let mut known: HashMap<[u8; 4], Vec<u8>> = HashMap::new();
    let end = der.len();
    for number in 0..u32::MAX {
        // Its own signature, which nobody looks at.
        der[end - 4..].copy_from_slice(&number.to_be_bytes());
        let beginning = *Fingerprint::of(&der).0.first_chunk().unwrap();
        if let Some(first) = known.insert(beginning, der.clone()) {
            return [first, der];
        }
    }
    unreachable!()
}

#[tokio::test]
async fn all_certificates_of_a_text_go_onto_the_list_or_none() {
    let house = House::new().await;
    let (one, two, three) = (certificate(), certificate(), certificate());
    let add = |name: &str, texts: &[String]| json!({"name": name, "certificate": texts.join("\n")}).to_string();
    let weak = include_str!("../../../tests/it/fixtures/rsa1024.crt").to_owned();
    let key = KeyPair::generate().unwrap().serialize_pem();
    for (texts, part) in [
        (vec![one.pem(), weak], "1024 bits"),
        (vec![one.pem(), key], "private key"),
        (vec![one.pem(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".to_owned()], "number 2"),
        (vec!["hello".to_owned()], "neither"),
    ] {
        house.check("POST", CERTIFICATES, &add("vc", &texts), 400, part).await;
    }
    house.check("GET", CERTIFICATES, "", 200, r#""collectionTotal":0"#).await;
    let reply = house.ask("POST", CERTIFICATES, &add("vc", &[one.pem(), two.pem()])).await;
    let names: Vec<&Value> = reply.body["resources"].as_array().unwrap().iter().map(|entry| &entry["name"]).collect();
    assert_eq!((reply.status, names), (201, vec![&json!("vc"), &json!("vc-2")]));
    house.check("POST", CERTIFICATES, &add("new", &[three.pem(), two.pem()]), 409, "dc1 already, as `vc-2`").await;
    house.check("POST", CERTIFICATES, &add("vc", &[three.pem()]), 409, "NAME_TAKEN_ERR").await;
    // The second name is too long, which shows when the first one is listed already.
    let long = "n".repeat(40);
    house.check("POST", CERTIFICATES, &add(&long, &[three.pem(), certificate().pem()]), 400, "is no name").await;
    house.check("GET", CERTIFICATES, "", 200, r#""collectionTotal":2"#).await;
}

#[tokio::test]
async fn whose_list_a_certificate_is_on_is_said_within_the_instance_alone() {
    let mut house = House::new().await;
    let root_key = house.app.engine.registry().adapters(house.instance)[0].root_key().key;
    house.adapter(house.instance, "dc2", root_key).await;
    let (client, ca) = (certificate(), authority());
    let listed = json!({"name": "vc", "certificate": client.pem()}).to_string();
    let denied = json!({"name": "no", "certificate": certificate().pem(), "standing": "denied"}).to_string();
    let vouches =
        json!({"name": "ca", "certificate": ca.pem(), "standing": "authority", "any_subject": true}).to_string();
    for body in [&listed, &denied, &vouches] {
        house.check("POST", CERTIFICATES, body, 201, "").await;
        house.check("POST", "/api/v1/adapters/dc2/certificates", body, 409, "of adapter dc1 already").await;
    }
    tenant(&mut house).await;
    for body in [&listed, &denied, &vouches] {
        let reply = house.ask("POST", CERTIFICATES, body).await;
        let text = reply.body.to_string();
        assert!(reply.status == 409 && text.contains("another adapter's list") && !text.contains("dc"), "{text}");
    }
}

#[tokio::test]
async fn an_authority_needs_limits_that_can_be_read_and_a_certificate_that_can_vouch() {
    let house = House::new().await;
    let (client, ca) = (certificate().pem(), authority().pem());
    let expired = made(|params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    });
    let body = |pem: &str, more: Value| {
        let mut body = json!({"name": "ca", "certificate": pem, "standing": "authority"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body.to_string()
    };
    let any = json!({"any_subject": true});
    for (body, part) in [
        (body(&ca, json!({})), "say for which clients"),
        (body(&ca, json!({"any_subject": true, "subjects": ["CN=a"]})), "not both"),
        (body(&ca, json!({"subjects": ["vcenter"]})), "ATTRIBUTE=VALUE"),
        (body(&client, any.clone()), "no CA certificate"),
        (body(&expired.pem(), any), "expired"),
        (body(&client, json!({"standing": "listed", "subjects": ["CN=a"]})), "only an authority"),
    ] {
        house.check("POST", CERTIFICATES, &body, 400, part).await;
    }
    house.check("GET", CERTIFICATES, "", 200, r#""collectionTotal":0"#).await;
    let good = body(&ca, json!({"subjects": ["CN=vcenter*,O=Example"]}));
    house.check("POST", CERTIFICATES, &good, 201, r#""subjects":["CN=vcenter*,O=Example"]"#).await;
}

#[tokio::test]
async fn a_certificate_says_how_long_it_is_valid_and_what_happens_then() {
    let house = House::new().await;
    let soon = made(|params| params.not_after = rcgen::date_time_ymd(2027, 1, 18));
    let over = made(|params| params.not_after = rcgen::date_time_ymd(2027, 1, 14));
    for (name, certificate) in [("soon", soon), ("over", over)] {
        let body = json!({"name": name, "certificate": certificate.pem()}).to_string();
        house.check("POST", CERTIFICATES, &body, 201, name).await;
    }
    let at = |name: &str| format!("{CERTIFICATES}/{name}");
    let soon = house.check("GET", &at("soon"), "", 200, r#""when_expired":"served""#).await;
    assert_eq!((&soon["days_left"], &soon["expired"]), (&json!(2), &json!(false)));
    let over = house.check("GET", &at("over"), "", 200, r#""expired":true"#).await;
    assert_eq!(over["days_left"], json!(-2));
    house.check("PUT", DOOR, r#"{"expired": "refused"}"#, 200, "").await;
    house.check("GET", &at("over"), "", 200, r#""when_expired":"refused""#).await;
}

#[tokio::test]
async fn a_door_is_shown_and_set_and_keeps_its_password_to_itself() {
    let mut house = House::new().await;
    house.check("GET", DOOR, "", 200, r#""shared":true"#).await;
    for (body, status, part) in [
        (r#"{"shared": false}"#, 400, "another way in"),
        (r#"{"port": 443}"#, 409, "for its administration"),
        (r#"{"port": 5696}"#, 409, "which all adapters share"),
        (r#"{"port": 0}"#, 400, "no port"),
        (r#"{"names": ["192.0.2.1"]}"#, 400, "no host name"),
        (r#"{"credential": {"set": {"user": "u", "password": "short"}}}"#, 400, "8 to 128 bytes"),
        (r#"{"prt": 1}"#, 400, "unknown field `prt`"),
    ] {
        house.check("PUT", DOOR, body, status, part).await;
    }
    let body = json!({"port": 5697, "names": ["VC.example.com"], "shared": false,
        "credential": {"set": {"user": "vcenter", "password": "correct horse"}}});
    let set = house.check("PUT", DOOR, &body.to_string(), 200, "vc.example.com").await;
    assert_eq!((&set["user"], &set["port"], &set["shared"]), (&json!("vcenter"), &json!(5697), &json!(false)));
    assert!(!set.to_string().contains("correct horse"));
    house.check("GET", "/api/v1/adapters/dc1/trust", "", 200, r#""port":5697"#).await;
    house.check("PUT", DOOR, r#"{"port": 5697}"#, 200, r#""user":"vcenter""#).await;
    assert!(!house.events().await.iter().any(|event| event.to_string().contains("correct horse")));
    tenant(&mut house).await;
    house.check("PUT", DOOR, r#"{"port": 5697}"#, 409, "port 5697").await;
    house.check("PUT", "/api/v1/adapters/dc2/door", "{}", 404, "ADAPTER_NOT_FOUND_ERR").await;
}
