//! Keys of KMIP clients, among an instance's keys.

use std::net::Ipv4Addr;

use engine::origin::Origin;
use keymanager::Timers;
use kmip::message::ResponseMessage;
use kmip::tag;
use kmip::ttlv::Decode;
use serde_json::{Value, json};

use super::house::House;

impl House {
    /// Makes a client of an adapter.
    pub(super) async fn kmip_client(&self, adapter: &str, name: &str) -> Value {
        let path = format!("/api/v1/adapters/{adapter}/clients");
        self.check("POST", &path, &json!({"name": name}).to_string(), 201, "").await
    }

    /// Has a client of `dc1` make a key, and gives its identifier.
    pub(super) async fn kmip_key(&self, client: &str) -> String {
        let payload = self.kmip(client, CREATE).await.unwrap();
        payload.field(tag::UNIQUE_IDENTIFIER).unwrap().as_text().unwrap().to_owned()
    }

    /// Has it asked for a key.
    pub(super) async fn kmip_get(&self, client: &str, key: &str) {
        let (head, _) = CREATE.split_once("Create").unwrap();
        let request = format!("{head}Get\n    Request Payload\n      Unique Identifier: \"{key}\"\n");
        self.kmip(client, &request).await.unwrap();
    }

    /// The payload of the answer to a client of `dc1`, if there is one.
    async fn kmip(&self, client: &str, request: &str) -> Option<kmip::Value> {
        let registry = self.app.engine.registry();
        let adapter = registry.adapter(self.instance, "dc1").unwrap();
        let client = registry.admit(&registry.certificate(adapter.id, client).unwrap().fingerprint).unwrap();
        let origin = Origin::Client { client: &client, address: Ipv4Addr::LOCALHOST.into() };
        let reply = self.app.engine.handle(&origin, &kmip::text::parse(request).unwrap(), (self.app.now)()).await;
        let payload = ResponseMessage::decode(&reply.bytes).unwrap().items.remove(0).payload;
        payload.map(|payload| kmip::Value::decode(payload).unwrap())
    }
}

const CREATE: &str = "\
Request Message
  Request Header
    Protocol Version
      Protocol Version Major: 1
      Protocol Version Minor: 4
    Batch Count: 1
  Batch Item
    Operation: Create
    Request Payload
      Object Type: Symmetric Key
      Template-Attribute
        Attribute
          Attribute Name: \"Cryptographic Algorithm\"
          Attribute Value: AES
        Attribute
          Attribute Name: \"Cryptographic Length\"
          Attribute Value: 256
        Attribute
          Attribute Name: \"Cryptographic Usage Mask\"
          Attribute Value: 12
";

/// Of ten keys every other one is deleted: with and without those, page by page, in either order.
#[tokio::test]
async fn they_are_listed_by_state() {
    let house = House::with(Timers { restore_after: 0, ..Timers::default() }).await;
    house.kmip_client("dc1", "maker").await;
    let mut keys = Vec::new();
    for number in 0..10 {
        let key = house.kmip_key("maker").await;
        if number % 2 == 0 {
            assert_eq!(house.ask("DELETE", &format!("/api/v2/keys/{key}"), "").await.status, 204);
        }
        keys.push(key);
        house.wait(1);
    }
    let (deleted, live): (Vec<_>, Vec<_>) = keys.iter().enumerate().partition(|(number, _)| number % 2 == 0);
    for (state, of_it) in [("5", deleted), ("1", live)] {
        let made: Vec<&str> = of_it.iter().map(|(_, key)| key.as_str()).collect();
        let mut sorted = made.clone();
        sorted.sort_unstable();
        for (sort, mut expected) in [("id", sorted), ("creationDate", made)] {
            house.check_pages(&format!("state={state}&sort={sort}"), &expected).await;
            expected.reverse();
            house.check_pages(&format!("state={state}&sort=-{sort}"), &expected).await;
        }
    }
}

impl House {
    /// Sees that the pages of two of a list of standard keys are these.
    async fn check_pages(&self, query: &str, expected: &[&str]) {
        let mut seen = Vec::new();
        for offset in (0..expected.len() + 2).step_by(2) {
            let path = format!("/api/v2/keys?extractable=true&{query}&limit=2&offset={offset}");
            let reply = self.ask("GET", &path, "").await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.body);
            let page = reply.body["resources"].as_array().cloned().unwrap_or_default();
            seen.extend(page.iter().map(|key| key["id"].as_str().unwrap().to_owned()));
        }
        assert_eq!(seen, expected, "{query}");
    }
}
