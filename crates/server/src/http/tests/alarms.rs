//! Alarms and the server's own certificates: who sees what, and when.

use engine::registry::{Actor, NewCertificate, Standing};
use keymanager::Role;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::Value;

use super::house::House;
use crate::alarm::Alarm;
use crate::expiry::Severity;

const DAY: i64 = 86_400;
const TEN_YEARS: i64 = 3650 * DAY;

/// Puts a certificate on the list of the adapter `dc1` that lasts until 2028.
async fn enlist(house: &House) {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::default();
    params.not_after = rcgen::date_time_ymd(2028, 1, 15);
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let adapter = house.app.engine.registry().adapter(house.instance, "dc1").unwrap().id;
    let new = NewCertificate { adapter, name: Some("vc".into()), der, standing: Standing::Listed };
    house.app.engine.registry().add_certificate(new, &Actor::new("test"), (house.app.now)()).await.unwrap();
}

/// The kinds of the alarms and the thresholds that they crossed, as whoever holds the API key sees them.
async fn alarms(house: &House, instance: Option<String>) -> Vec<(String, i64)> {
    let bearer = format!("Bearer {}", house.api_key);
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(instance.as_deref().map(|instance| ("bluemix-instance", instance)));
    let reply = house.send("GET", "/api/v1/alarms", &headers, "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let row = |one: &Value| (one["kind"].as_str().unwrap().to_owned(), one["threshold_days"].as_i64().unwrap());
    reply.body["resources"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test]
async fn each_side_has_its_alarms_as_time_goes_by() {
    let house = House::new().await;
    enlist(&house).await;
    assert_eq!(alarms(&house, None).await, []);
    let client = |days| vec![("client".to_owned(), days)];
    let mut left = 365 * DAY - 8 * 3600; // it is eight in the morning
    for (days, expected) in [(90, 90), (30, 30), (14, 14), (7, 7), (1, 1)] {
        house.wait(left - days * DAY - 1);
        assert_ne!(alarms(&house, None).await, client(expected), "a second too early for {days}");
        house.wait(1);
        left = days * DAY;
        assert_eq!(alarms(&house, None).await, client(expected));
        assert_eq!(alarms(&house, Some(house.instance.to_string())).await, client(expected));
    }
    house.wait(TEN_YEARS - 400 * DAY);
    let all = alarms(&house, None).await;
    let count = |kind: &str| all.iter().filter(|(found, _)| found == kind).count();
    assert_eq!((count("client"), count("server"), count("server-staged"), count("server-ca")), (1, 2, 0, 0), "{all:?}");
    let own = alarms(&house, Some(house.instance.to_string())).await;
    assert_eq!(own, client(0), "an instance sees what is on its own lists");
}

#[tokio::test]
async fn a_successor_is_staged_ninety_days_before_the_end_and_not_activated() {
    let house = House::new().await;
    let certificates = house.app.certificates.clone();
    let stage = || certificates.stage_due((house.app.now)()).unwrap().len();
    let served = || certificates.shown().unwrap()[0].der.clone();
    let before = served();
    assert_eq!(stage(), 0);
    house.wait(TEN_YEARS - 90 * DAY - 1);
    assert_eq!(stage(), 0);
    house.wait(1);
    assert_eq!((stage(), stage()), (2, 0));
    assert_eq!(served(), before);
    let text = house.ask("GET", "/api/v1/tls", "").await.body.to_string();
    assert!(text.contains("staged"), "{text}");
}

#[tokio::test]
async fn the_servers_certificates_are_the_installations() {
    let mut house = House::new().await;
    let bearer = format!("Bearer {}", house.api_key);
    let plain = [("authorization", bearer.as_str())];
    assert_eq!(house.send("POST", "/api/v1/tls/renew", &plain, "").await.status, 200);
    let changes =
        [("POST", "renew"), ("POST", "request"), ("POST", "stage"), ("POST", "activate"), ("DELETE", "staged")];
    let body = |what: &str| if what == "stage" { r#"{"certificate":"x"}"# } else { "{}" };
    // An instance was named: it is no matter of an instance, whoever asks.
    for (method, what) in changes {
        let reply = house.ask(method, &format!("/api/v1/tls/{what}"), body(what)).await;
        assert_eq!(reply.status, 403, "{what}: {}", reply.body);
    }
    for (role, status) in [(Role::Editor, 401), (Role::Administrator, 403)] {
        house.api_key = house.appoint_here(&[Role::Manager, role]).await;
        let bearer = format!("Bearer {}", house.api_key);
        let plain = [("authorization", bearer.as_str())];
        for (method, what) in changes {
            let reply = house.send(method, &format!("/api/v1/tls/{what}"), &plain, body(what)).await;
            assert_eq!(reply.status, status, "{role:?} {what}: {}", reply.body);
            let event = house.events().await.pop().unwrap();
            assert_eq!(event["action"], "keystead.server-certificate.update", "{role:?} {what}");
        }
        assert_eq!(house.send("GET", "/api/v1/tls", &plain, "").await.status, 200);
    }
    // Its alarms are its own instance's also where it names none.
    assert_eq!(alarms(&house, None).await, []);
    // Who has a role on keys alone sees them too.
    house.api_key = house.appoint_here(&[Role::Reader]).await;
    let bearer = format!("Bearer {}", house.api_key);
    assert_eq!(house.send("GET", "/api/v1/tls", &[("authorization", &bearer)], "").await.status, 200);
}

#[tokio::test]
async fn what_else_stands_is_its_instances_and_the_installations() {
    let mut house = House::new().await;
    let raise = |about: &str, instance| {
        let (message, advice) = ("it burns".to_owned(), "put it out".to_owned());
        let (kind, severity, since) = ("fire", Severity::Error, (house.app.now)());
        house.app.alarms.raise(Alarm { kind, about: about.to_owned(), severity, message, advice, instance, since });
    };
    raise("kitchen", Some(house.instance));
    raise("street", None);
    let whole = alarm_bodies(&house).await;
    assert_eq!(whole.iter().map(|alarm| &alarm["about"]).collect::<Vec<_>>(), ["kitchen", "street"]);
    house.api_key = house.appoint_here(&[Role::Manager]).await;
    let own = alarm_bodies(&house).await;
    let [alarm] = &own[..] else { panic!("{own:?}") };
    assert_eq!(
        (&alarm["kind"], &alarm["severity"], &alarm["message"]),
        (&"fire".into(), &"error".into(), &"it burns".into())
    );
    assert!(alarm.get("days_left").is_none() && alarm["since"].is_string());
    house.app.alarms.clear("fire", "kitchen");
    assert_eq!(alarm_bodies(&house).await, [] as [Value; 0]);
}

async fn alarm_bodies(house: &House) -> Vec<Value> {
    let bearer = format!("Bearer {}", house.api_key);
    let reply = house.send("GET", "/api/v1/alarms", &[("authorization", &bearer)], "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body["resources"].as_array().unwrap().clone()
}

/// What the API lists and what the numbers count is the same.
#[tokio::test]
async fn a_key_that_is_asked_for_in_quarantine_is_an_alarm_and_counted() {
    let house = House::new().await;
    house.kmip_client("dc1", "vc").await;
    let key = house.kmip_key("vc").await;
    let path = format!("/api/v1/adapters/dc1/keys/{key}/quarantine");
    house.check("POST", &path, r#"{"days": 30, "then": "destroy"}"#, 201, "").await;
    house.kmip_get("vc", &key).await;
    let kinds = |alarms: Vec<Value>| alarms.iter().map(|alarm| alarm["kind"].to_string()).collect::<Vec<_>>();
    assert_eq!(kinds(alarm_bodies(&house).await), [r#""quarantine""#]);
    let bearer = format!("Bearer {}", house.api_key);
    let reply = house.send("GET", "/metrics", &[("authorization", &bearer)], "").await;
    let text = reply.body.as_str().unwrap();
    assert!(text.contains(r#"keystead_alarms{kind="quarantine",severity="warning"} 1"#), "{text}");
}

/// Keys can be destroyed by three doors beside KMIP's own, and are counted together. Three are many here.
#[tokio::test]
async fn many_destroys_over_the_api_are_an_alarm() {
    let house = House::new().await;
    house.kmip_client("dc1", "vc").await;
    let adapter = house.app.engine.registry().adapter(house.instance, "dc1").unwrap().id;
    let paths = [
        ("/api/v1/adapters/dc1/keys/".to_owned(), "?force=true"),
        (format!("/api/v2/kmip_adapters/{adapter}/kmip_objects/"), "?force=true"),
        ("/api/v2/keys/".to_owned(), ""),
    ];
    for (path, query) in paths {
        assert_eq!(alarm_bodies(&house).await, [] as [Value; 0], "{path}");
        let key = house.kmip_key("vc").await;
        house.check("DELETE", &format!("{path}{key}{query}"), "", 204, "").await;
    }
    let alarms = alarm_bodies(&house).await;
    assert!(matches!(alarms.as_slice(), [alarm] if alarm["kind"] == "destroys"), "{alarms:?}");
}
