//! What is counted, for whom, and until when.

use serde_json::json;

use super::house::House;

const METRICS: &str = "/api/v1/metrics";

impl House {
    async fn enable_metrics(&self, enabled: bool) {
        let resources = json!([{"policy_type": "metrics", "policy_data": {"enabled": enabled}}]);
        let metadata = json!({"collectionType": "application/vnd.ibm.kms.policy+json", "collectionTotal": 1});
        let body = json!({"metadata": metadata, "resources": resources}).to_string();
        let reply = self.ask("PUT", "/api/v2/instance/policies?policy=metrics", &body).await;
        assert_eq!(reply.status, 204, "{}", reply.body);
    }

    /// The lines that are no comments.
    async fn numbers(&self) -> Vec<String> {
        let reply = self.ask("GET", METRICS, "").await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.headers["content-type"], "text/plain; version=0.0.4");
        let text = reply.body.as_str().unwrap();
        assert!(text.ends_with('\n') && text.contains("# TYPE ibm_kms_api_request_gauge gauge\n"), "{text}");
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    async fn requests(&self, action: &str, status: u16) -> Option<String> {
        let name = "ibm_kms_api_request_gauge";
        let labels =
            format!("ibm_resource=\"{}\",ibm_kms_api=\"{action}\",ibm_kms_response_code=\"{status}\"", self.instance);
        let labels = format!("{name}{{{labels}}} ");
        self.numbers().await.iter().find_map(|line| line.strip_prefix(&labels).map(str::to_owned))
    }
}

#[tokio::test]
async fn what_is_counted_is_what_was_answered_while_the_policy_is_enabled() {
    let house = House::new().await;
    house.check("GET", METRICS, "", 409, "METRICS_DISABLED_ERR").await;
    house.ask("GET", "/api/v2/keys", "").await;
    house.enable_metrics(true).await;
    assert_eq!(house.requests("kms.secrets.list", 200).await, None, "it was before");
    for _ in 0..3 {
        house.ask("GET", "/api/v2/keys", "").await;
    }
    house.ask("GET", "/api/v2/keys/none", "").await;
    assert_eq!(house.requests("kms.secrets.list", 200).await.as_deref(), Some("3"));
    assert_eq!(house.requests("kms.secrets.read", 404).await.as_deref(), Some("1"));
    let latencies = house.numbers().await.into_iter().filter(|line| line.starts_with("ibm_kms_api_latency_gauge{"));
    assert!(latencies.count() >= 3);
    house.enable_metrics(false).await;
    house.check("GET", METRICS, "", 409, "enable it").await;
    house.enable_metrics(true).await;
    assert_eq!(house.requests("kms.secrets.list", 200).await, None, "it began anew");
}

#[tokio::test]
async fn nobody_else_moves_or_sees_an_instances_numbers() {
    let mut house = House::new().await;
    house.enable_metrics(true).await;
    let stranger = ("authorization", "Bearer none");
    let instance = house.instance.to_string();
    house.send("GET", "/api/v2/keys", &[stranger, ("bluemix-instance", &instance)], "").await;
    let other = house.tenant().await;
    let first = std::mem::replace(&mut house.instance, other);
    house.ask("GET", "/api/v2/keys", "").await;
    house.enable_metrics(true).await;
    house.ask("GET", "/api/v2/keys", "").await;
    assert_eq!(house.requests("kms.secrets.list", 200).await.as_deref(), Some("1"));
    house.instance = first;
    let numbers = house.numbers().await.join("\n");
    assert!(!numbers.contains("kms.secrets.list"), "{numbers}");
}
