//! How a batch gets to the collector: the library encodes it, and the HTTP client that the audit's sink has posts it.
//!
//! The invariant: **that it fails is said once, and again only after it went well**; after a failure the files are read anew.

use crate::audit::otlp;
use crate::config::Traces as Settings;
use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use parking_lot::Mutex;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// What a batch may take. None is sent a second time: the next one is waiting.
const SEND: Duration = Duration::from_secs(5);
/// Of a collector's answer, so many bytes are read.
const ANSWER: u64 = 64 * 1024;

/// The library's exporter, which sends by `sender`.
pub(super) fn exporter(settings: &Settings, sender: Sender) -> Result<SpanExporter, String> {
    let builder = SpanExporter::builder().with_http().with_http_client(sender).with_protocol(Protocol::HttpBinary);
    let builder = builder.with_endpoint(settings.endpoint.clone().unwrap_or_default());
    builder.with_timeout(SEND).with_retry_policy(RetryPolicy::disabled()).build().map_err(|error| error.to_string())
}

/// Posts for the library, whose thread has no runtime, on the one that it was made in.
pub(super) struct Sender {
    runtime: Handle,
    settings: Settings,
    client: Mutex<Option<reqwest::Client>>,
    fails: AtomicBool,
}

impl Sender {
    pub(super) fn new(settings: &Settings) -> Self {
        let (client, fails) = (Mutex::default(), AtomicBool::new(false));
        Sender { runtime: Handle::current(), settings: settings.clone(), client, fails }
    }

    /// Of the library's headers, what the body is: others would come from the process's environment.
    fn request(&self, request: Request<Bytes>) -> Result<reqwest::RequestBuilder, String> {
        let (head, body) = request.into_parts();
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        let content = head.headers.get(CONTENT_TYPE).cloned().unwrap_or(protobuf);
        let post = self.client()?.post(head.uri.to_string()).header(CONTENT_TYPE, content).body(body);
        match &self.settings.authorization_file {
            Some(path) => Ok(post.header(AUTHORIZATION, otlp::authorization(path)?)),
            None => Ok(post),
        }
    }

    fn client(&self) -> Result<reqwest::Client, String> {
        let mut known = self.client.lock();
        if let Some(client) = &*known {
            return Ok(client.clone());
        }
        let client = otlp::client(self.settings.ca_file.as_deref())?;
        *known = Some(client.clone());
        Ok(client)
    }

    async fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let request = self.request(request)?;
        // A timer is made where there is a runtime.
        let sending = self.runtime.spawn(async { timeout(SEND, answered(request)).await });
        let response = sending.await.map_err(|_| "the server stops".to_owned())?;
        response.map_err(|_| format!("the collector did not answer within {} s", SEND.as_secs()))?
    }

    fn tell(&self, outcome: &Result<Response<Bytes>, String>) {
        let why = match outcome {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("the collector answered {}", response.status())),
            Err(error) => Some(error.clone()),
        };
        if why.is_some() {
            *self.client.lock() = None;
        }
        match (self.fails.swap(why.is_some(), Ordering::Relaxed), why) {
            (false, Some(error)) => tracing::warn!(error, "traces can't be sent: they are dropped until they can be"),
            (true, None) => tracing::info!("traces are sent again"),
            (true, Some(_)) | (false, None) => {}
        }
    }
}

async fn answered(request: reqwest::RequestBuilder) -> Result<Response<Bytes>, String> {
    let response = request.send().await.map_err(|error| otlp::innermost(&error))?;
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = response.status();
    if response.content_length().is_some_and(|length| length <= ANSWER) {
        *answer.body_mut() = response.bytes().await.map_err(|error| otlp::innermost(&error))?;
    }
    Ok(answer)
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let outcome = self.post(request).await;
        self.tell(&outcome);
        Ok(outcome?)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}
