//! One audit event for each call, also where the engine makes the change: in the change's batch or in the journal, never in both.

use keymanager::{Role, Timers};
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, Reply};
use crate::api::CORRELATION_ID;

const DELETE: &str = "kms.secrets.delete";
const RESTORE: &str = "kms.secrets.restore";
const REACTIVATE: &str = "keystead.kmip-object.reactivate";
const PURGE: &str = "kms.secrets.purge";
const ROTATE: &str = "kms.secrets.rotate";
/// What each adapter's own event of a rotation is: its record is changed too, and no change is without its event.
const REWRAPPED: &str = "kms.secrets.rewrap";
const FINISHED: &str = "keystead.rotation.finish";
const MADE: &str = "kms.kmip-management.create";
const GONE: &str = "kms.kmip-management.delete";
const CHANGED: &str = "kms.kmip-management.update";
/// How many certificates are in `$several`.
const SEVERAL: usize = 3;

/// Who asks.
#[derive(Clone, Copy, Debug)]
enum Who {
    /// Somebody who may do all of it.
    Manager,
    /// Somebody who may do none of it.
    Reader,
    /// Nobody whom the server knows.
    Stranger,
}

use Who::{Manager, Reader, Stranger};

/// Who asks what, the status of the answer, and the action of the call's event: one, or one for each certificate that it adds.
type Case = (Who, &'static str, &'static str, &'static str, u16, &'static str);

/// In this order. `$name` stands for what the house has by that name.
const CASES: [Case; 69] = [
    // KMIP objects as standard keys.
    (Manager, "DELETE", "/api/v2/keys/$one", "", 204, DELETE),
    (Manager, "DELETE", "/api/v2/keys/$one", "", 410, DELETE),
    (Reader, "POST", "/api/v2/keys/$one/restore", "", 401, RESTORE),
    (Manager, "POST", "/api/v2/keys/$one/restore", "", 201, RESTORE),
    (Manager, "POST", "/api/v2/keys/$one/restore", "", 409, RESTORE),
    (Manager, "DELETE", "/api/v2/keys/$one/purge", "", 409, PURGE),
    (Manager, "DELETE", "/api/v2/keys/$one?force=true", "", 204, DELETE),
    (Reader, "DELETE", "/api/v2/keys/$one/purge", "", 401, PURGE),
    (Manager, "DELETE", "/api/v2/keys/$one/purge", "", 204, PURGE),
    (Manager, "DELETE", "/api/v2/keys/$one/purge", "", 404, PURGE),
    (Manager, "POST", "/api/v2/keys/$one/restore", "", 404, RESTORE),
    (Manager, "DELETE", "/api/v2/keys/$nobody", "", 404, DELETE),
    (Manager, "DELETE", "/api/v2/keys/$two?force=perhaps", "", 400, DELETE),
    (Reader, "DELETE", "/api/v2/keys/$two", "", 401, DELETE),
    (Stranger, "DELETE", "/api/v2/keys/$two", "", 401, DELETE),
    // The same as objects of their adapter, over both APIs.
    (Reader, "DELETE", "/api/v2/kmip_adapters/dc1/kmip_objects/$two", "", 401, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc1/kmip_objects/$nobody", "", 404, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc9/kmip_objects/$two", "", 404, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc1/kmip_objects/$two", "", 204, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc1/kmip_objects/$two", "", 409, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc1/kmip_objects/$two?force=true", "", 204, GONE),
    (Manager, "POST", "/api/v2/keys/$two/restore", "", 201, RESTORE),
    (Reader, "POST", "/api/v1/adapters/dc1/keys/$two/reactivate", "", 401, REACTIVATE),
    (Manager, "POST", "/api/v1/adapters/dc1/keys/$two/reactivate", "", 409, REACTIVATE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc1/kmip_objects/$two", "", 204, GONE),
    (Manager, "DELETE", "/api/v2/keys/$two/purge", "", 204, PURGE),
    (Reader, "DELETE", "/api/v1/adapters/dc1/keys/$three", "", 401, GONE),
    (Manager, "DELETE", "/api/v1/adapters/dc1/keys/$nobody", "", 404, GONE),
    (Manager, "DELETE", "/api/v1/adapters/dc1/keys/$three?force=perhaps", "", 400, GONE),
    (Manager, "DELETE", "/api/v1/adapters/dc1/keys/$three", "", 204, GONE),
    (Manager, "DELETE", "/api/v1/adapters/dc1/keys/$three", "", 409, GONE),
    // Adapters.
    (Manager, "POST", "/api/v2/kmip_adapters", "$adapter", 201, MADE),
    (Manager, "POST", "/api/v2/kmip_adapters", "$adapter", 409, MADE),
    (Manager, "POST", "/api/v2/kmip_adapters", "{", 400, MADE),
    (Reader, "POST", "/api/v2/kmip_adapters", "$adapter", 401, MADE),
    (Stranger, "POST", "/api/v2/kmip_adapters", "$adapter", 401, MADE),
    (Reader, "DELETE", "/api/v2/kmip_adapters/dc3", "", 401, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc3", "", 204, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc3", "", 404, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc1", "", 409, GONE),
    // Certificates, over both APIs.
    (Manager, "POST", "/api/v2/kmip_adapters/dc2/certificates", "$certificate", 201, MADE),
    (Manager, "POST", "/api/v2/kmip_adapters/dc2/certificates", "$certificate", 409, MADE),
    (Manager, "POST", "/api/v2/kmip_adapters/dc2/certificates", "{", 400, MADE),
    (Reader, "POST", "/api/v2/kmip_adapters/dc2/certificates", "$certificate", 401, MADE),
    (Reader, "DELETE", "/api/v2/kmip_adapters/dc2/certificates/vc", "", 401, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc2/certificates/vc", "", 204, GONE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc2/certificates/vc", "", 404, GONE),
    (Manager, "POST", "/api/v1/adapters/dc2/certificates", "$own_certificate", 201, MADE),
    (Manager, "POST", "/api/v1/adapters/dc2/certificates", "$own_certificate", 409, MADE),
    (Manager, "DELETE", "/api/v1/adapters/dc2/certificates/vc", "", 204, GONE),
    (Manager, "DELETE", "/api/v1/adapters/dc2/certificates/vc", "", 404, GONE),
    (Manager, "POST", "/api/v1/adapters/dc2/clients", r#"{"name": "issued"}"#, 201, MADE),
    (Manager, "POST", "/api/v1/adapters/dc2/clients", r#"{"name": "issued"}"#, 409, MADE),
    (Manager, "POST", "/api/v1/adapters/dc2/clients/sign", r#"{"name": "signed", "csr": "hello"}"#, 400, MADE),
    (Reader, "POST", "/api/v1/adapters/dc2/clients", r#"{"name": "other"}"#, 401, MADE),
    (Reader, "POST", "/api/v1/adapters/dc2/certificates", "$several", 401, MADE),
    (Manager, "POST", "/api/v1/adapters/dc2/certificates", "$several", 201, MADE),
    (Manager, "POST", "/api/v1/adapters/dc2/certificates", "$several", 409, MADE),
    // Doors.
    (Reader, "PUT", "/api/v1/adapters/dc2/door", "{}", 401, CHANGED),
    (Manager, "PUT", "/api/v1/adapters/dc2/door", r#"{"shared": false}"#, 400, CHANGED),
    (Manager, "PUT", "/api/v1/adapters/dc2/door", "{}", 200, CHANGED),
    // The root key of two adapters.
    (Reader, "POST", "/api/v2/keys/$root/actions/rotate", "", 401, ROTATE),
    (Manager, "POST", "/api/v2/keys/$root/actions/rotate", "", 204, ROTATE),
    (Manager, "POST", "/api/v2/keys/$root/actions/rotate", "", 409, ROTATE),
    (Manager, "POST", "/api/v2/keys/$root/actions/sync", "", 204, "kms.secrets.default"),
    (Manager, "POST", "/api/v2/keys/$root/actions/disable", "", 204, "kms.secrets.disable"),
    // While it can't be used, nothing is changed that is sealed under it.
    (Manager, "DELETE", "/api/v2/keys/$four", "", 409, DELETE),
    (Manager, "DELETE", "/api/v2/kmip_adapters/dc1/kmip_objects/$four", "", 409, GONE),
    (Manager, "POST", "/api/v2/kmip_adapters/dc2/certificates", "$certificate", 409, MADE),
];

/// A house in which a KMIP client has made keys, and what the cases call by name.
struct Scene {
    house: House,
    reader: String,
    names: Vec<(&'static str, String)>,
}

impl Scene {
    async fn new() -> Scene {
        let mut house =
            House::with(Timers { restore_after: 0, purge_after: 0, sync_every: 0, ..Timers::default() }).await;
        let reader = house.appoint_here(&[Role::Reader]).await;
        house.api_key = house.appoint_here(&[Role::Manager, Role::KeyPurge]).await;
        let root = house.app.engine.registry().adapters(house.instance)[0].root_key().key;
        house.adapter(house.instance, "dc2", root).await;
        house.kmip_client("dc1", "maker").await;
        let pem = house.kmip_client("dc2", "vc").await["certificate"].clone();
        assert_eq!(house.ask("DELETE", "/api/v1/adapters/dc2/certificates/vc", "").await.status, 204);
        let adapter = json!({"name": "dc3", "profile": "native_1.0", "profile_data": {"crk_id": root}});
        let certificate = json!({"name": "vc", "certificate": pem});
        let several = json!({"name": "many", "certificate": self_signed(SEVERAL)});
        let mut names = vec![
            ("$nobody", Uuid::from_u128(0x4000_8000).to_string()),
            ("$root", root.to_string()),
            ("$adapter", request("kmip_adapter", &adapter)),
            ("$certificate", request("kmip_client_certificate", &certificate)),
            ("$own_certificate", certificate.to_string()),
            ("$several", several.to_string()),
        ];
        for name in ["$one", "$two", "$three", "$four"] {
            names.push((name, house.kmip_key("maker").await));
        }
        Scene { house, reader, names }
    }

    fn filled(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    async fn send(&self, (who, method, path, body, ..): Case, correlation: &str) -> Reply {
        let key = match who {
            Manager => &self.house.api_key,
            Reader => &self.reader,
            Stranger => "nobody",
        };
        let (bearer, instance) = (format!("Bearer {key}"), self.house.instance.to_string());
        let headers = [("authorization", &*bearer), ("bluemix-instance", &*instance), (CORRELATION_ID, correlation)];
        self.house.send(method, &self.filled(path), &headers, self.filled(body)).await
    }

    async fn check(&self, case: Case, correlation: &str) {
        let before = self.house.events().await.len();
        let reply = self.send(case, correlation).await;
        let (_, _, _, _, status, action) = case;
        assert_eq!(reply.status, status, "{case:?}: {}", reply.body);
        let outcome = if status < 400 { "success" } else { "failure" };
        let mut expected = vec![(action, outcome)];
        if (action, outcome) == (ROTATE, "success") {
            // What the rotation leaves to be done is done in its name.
            self.house.app.keys.work_on_rotations(self.house.app.now).await.unwrap();
            expected.extend([(REWRAPPED, "success"), (REWRAPPED, "success"), (FINISHED, "success")]);
        }
        if (case.3, outcome) == ("$several", "success") {
            expected = vec![(action, outcome); SEVERAL];
        }
        let events = self.house.events().await;
        let written = events.len() - before;
        let of_it: Vec<&Value> = events.iter().filter(|event| event["correlationId"] == correlation).collect();
        let told = of_it.iter().map(|event| (text(&event["action"]), text(&event["outcome"])));
        assert_eq!(told.collect::<Vec<_>>(), expected, "{case:?}: {of_it:?}");
        assert_eq!(written, expected.len(), "{case:?}: an event of it has lost its correlation id");
    }
}

#[tokio::test]
async fn each_call_has_one_event() {
    let scene = Scene::new().await;
    for (number, case) in CASES.into_iter().enumerate() {
        scene.check(case, &format!("call-{number}")).await;
    }
}

/// Certificates, one after the other.
fn self_signed(count: usize) -> String {
    let made = (0..count).map(|number| {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let params = rcgen::CertificateParams::new(vec![format!("vc{number}.example.com")]).unwrap();
        params.self_signed(&key).unwrap().pem()
    });
    made.collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn request(of: &str, resource: &Value) -> String {
    let of = format!("application/vnd.ibm.kms.{of}+json");
    json!({"metadata": {"collectionType": of, "collectionTotal": 1}, "resources": [resource]}).to_string()
}
