//! The API's description: it is what is committed, and it says all that the routes do.

use serde_json::Value;

use super::house::House;
use crate::http::routes;

/// Beside the crate, for clients to be made from.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

async fn served() -> Value {
    let reply = House::new().await.send("GET", "/api/v2/openapi.json", &[], "").await;
    assert_eq!(reply.status, 200);
    reply.body
}

/// A change of the API is a change of this file, to be seen in review. `UPDATE_OPENAPI=1` writes it anew.
#[tokio::test]
async fn the_committed_description_is_the_one_that_is_served() {
    let text = format!("{}\n", serde_json::to_string_pretty(&served().await).unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, &text).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == text,
        "openapi.json is not what is served: run this test with UPDATE_OPENAPI=1 and read the difference"
    );
}

/// Each route is described, and each description says who may.
#[tokio::test]
async fn every_route_is_described_with_its_action() {
    let document = served().await;
    for route in routes(House::new().await.app).listed() {
        let operation = &document["paths"][&route.path][route.method.to_ascii_lowercase()];
        assert!(operation.is_object(), "{route:?} is not described");
        let action = route.action.map(|action| action.event());
        assert_eq!(operation["x-action"].as_str(), action, "{route:?}");
        let needs_bearer = operation["security"] == serde_json::json!([{ "bearer": [] }]);
        assert_eq!(needs_bearer, action.is_some(), "{route:?}");
    }
}
