//! OpenTelemetry's log records over HTTP, in JSON (OTLP 1.x, "OTLP/HTTP").
//!
//! The invariant: **a record is delivered when the collector has answered 200 to it**; what it refuses comes again, so that the cursor
//! never passes what nobody has.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use store::journal::At;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Line, Sink, tls};
use crate::config::AuditOtlp;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(10);
/// Of an answer, so much is looked at.
const SHOWN: usize = 200;

/// See the module.
pub(super) struct OtlpSink {
    endpoint: String,
    settings: AuditOtlp,
    node: Uuid,
    client: Option<reqwest::Client>,
}

impl OtlpSink {
    pub(super) fn new(endpoint: String, settings: AuditOtlp, node: Uuid) -> Self {
        OtlpSink { endpoint, settings, node, client: None }
    }

    fn client(&mut self) -> Result<reqwest::Client, String> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = client(self.settings.ca_file.as_deref())?;
        self.client = Some(client.clone());
        Ok(client)
    }

    async fn post(&mut self, lines: &[Line]) -> Result<(), String> {
        let mut request = self.client()?.post(&self.endpoint).json(&self.body(lines));
        if let Some(path) = &self.settings.authorization_file {
            request = request.header(AUTHORIZATION, authorization(path)?);
        }
        let response = request.send().await.map_err(|error| innermost(&error))?;
        let status = response.status();
        let body = response.text().await.map_err(|error| innermost(&error))?;
        let rejected = serde_json::from_str::<Value>(&body).ok().and_then(|body| rejected(&body));
        match (status.is_success(), rejected) {
            (true, None) => Ok(()),
            (true, Some(why)) => Err(format!("the collector rejected records: {why}")),
            (false, _) => {
                Err(format!("the collector answered {status}: {}", body.chars().take(SHOWN).collect::<String>()))
            }
        }
    }

    fn body(&self, lines: &[Line]) -> Value {
        let records: Vec<Value> = lines.iter().map(record).collect();
        json!({ "resourceLogs": [{
            "resource": { "attributes": [
                text("service.name", "keystead"),
                text("service.version", env!("CARGO_PKG_VERSION")),
                text("service.instance.id", &self.node.to_string()),
            ] },
            "scopeLogs": [{ "scope": { "name": "keystead.audit" }, "logRecords": records }],
        }] })
    }
}

#[async_trait]
impl Sink for OtlpSink {
    async fn deliver(&mut self, lines: &Arc<[Line]>) -> Result<(), String> {
        // The next attempt begins anew, with the files as they are then.
        self.post(lines).await.inspect_err(|_| self.client = None)
    }

    fn safe(&self) -> Option<At> {
        None
    }

    async fn close(&mut self) -> bool {
        true
    }
}

/// A log record (OTLP, `logs.proto`): severity numbers are those of its table.
fn record(line: &Line) -> Value {
    let (number, word) = match line.severity.as_str() {
        "critical" => (21, "FATAL"),
        "warning" => (13, "WARN"),
        _ => (9, "INFO"),
    };
    let id = line.event.get("id").and_then(Value::as_str).unwrap_or_default();
    let nanoseconds = i128::from(line.millis.unwrap_or(0)) * 1_000_000;
    json!({
        "timeUnixNano": nanoseconds.max(0).to_string(),
        "severityNumber": number,
        "severityText": word,
        "eventName": line.action,
        "body": { "stringValue": line.event.to_string() },
        "attributes": [text("keystead.audit.id", id), text("keystead.audit.action", &line.action)],
    })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// Why some of the records were rejected, where some were (OTLP, "Partial Success").
fn rejected(body: &Value) -> Option<String> {
    let partial = body.get("partialSuccess")?;
    let count = partial.get("rejectedLogRecords")?;
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok()).filter(|count| *count > 0)?;
    let why = partial.get("errorMessage").and_then(Value::as_str).unwrap_or("no reason given");
    Some(format!("{count}: {why}"))
}

/// An HTTP client for a collector whose certificate comes from this CA.
pub(crate) fn client(ca_file: Option<&Path>) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(ANSWER);
    let mut trusting = match ca_file {
        Some(ca) => tls::config(ca, None)?,
        // Without a CA the endpoint is on this machine and speaks no TLS.
        None => rustls::ClientConfig::builder_with_provider(crate::tls::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
    };
    trusting.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    builder.tls_backend_preconfigured(trusting).build().map_err(|error| error.to_string())
}

/// What the header `Authorization` is to say, out of a file.
pub(crate) fn authorization(path: &Path) -> Result<HeaderValue, String> {
    let text =
        std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut value = HeaderValue::from_str(text.trim()).map_err(|error| format!("{}: {error}", path.display()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What was at the root of an error.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}
