//! An instance as a tenant uses it: a token, a root key, something wrapped, and as many standard keys as are wanted.

use super::Peer;
use super::client::{Request, Session};
use crate::error::{Doing, Error};
use crate::report::say;
use serde_json::{Value, json};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

/// Connections that make keys.
const HANDS: usize = 64;
/// 32 zero bytes in base64.
const PLAINTEXT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const GRANT: &str = "urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey";

/// Who asks, and where.
#[derive(Clone)]
pub(super) struct Tenant {
    bearer: String,
    instance: String,
}

impl Tenant {
    /// Shows the API key for a token, and looks up the instance.
    pub(super) async fn enter(session: &mut Session, api_key: &str) -> Result<Self, Error> {
        let form = format!("grant_type={GRANT}&apikey={api_key}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let token = read(session, &Request::new("POST", "/identity/token", &headers, &form)).await?;
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap_or_default());
        let headers = [("authorization", bearer.as_str())];
        let instances = read(session, &Request::new("GET", "/api/v1/instances", &headers, "")).await?;
        let instance = instances["resources"][0]["id"].as_str().unwrap_or_default().to_owned();
        Ok(Tenant { bearer, instance })
    }

    pub(super) fn request(&self, method: &str, path: &str, body: &str) -> Request {
        let headers = [("authorization", self.bearer.as_str()), ("bluemix-instance", self.instance.as_str())];
        Request::new(method, path, &headers, body)
    }

    /// A list.
    pub(super) fn list(&self, query: &str) -> Request {
        self.request("GET", &format!("/api/v2/keys?{query}"), "")
    }

    /// A new root key.
    pub(super) async fn root_key(&self, session: &mut Session, name: &str) -> Result<String, Error> {
        let made = read(session, &self.new_key(name, false)).await?;
        Ok(made["resources"][0]["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Wrap and unwrap of 32 bytes under a new root key.
    pub(super) async fn ciphers(&self, session: &mut Session) -> Result<[(&'static str, Request); 2], Error> {
        let key = self.root_key(session, "bench-root").await?;
        let action = |name: &str, body: Value| {
            self.request("POST", &format!("/api/v2/keys/{key}/actions/{name}"), &body.to_string())
        };
        let wrap = action("wrap", json!({ "plaintext": PLAINTEXT }));
        let ciphertext = read(session, &wrap).await?["ciphertext"].take();
        Ok([("wrap", wrap), ("unwrap", action("unwrap", json!({ "ciphertext": ciphertext })))])
    }

    /// Makes the standard keys of these numbers.
    pub(super) async fn fill(&self, peer: &Peer, numbers: Range<u64>) -> Result<(), Error> {
        say(&format!("making {} standard keys", numbers.end.saturating_sub(numbers.start)));
        let next = Arc::new(AtomicU64::new(numbers.start));
        let mut hands = JoinSet::new();
        for _ in 0..HANDS {
            let (tenant, next, mut session) = (self.clone(), next.clone(), Session::open(peer).await?);
            hands.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        return Ok(());
                    }
                    session.ask(&tenant.new_key(&format!("bench-key-{number:07}"), true)).await?;
                }
            });
        }
        while let Some(ended) = hands.join_next().await {
            ended.map_err(|_| Error::Panicked)??;
        }
        Ok(())
    }

    pub(super) fn new_key(&self, name: &str, extractable: bool) -> Request {
        let kind = "application/vnd.ibm.kms.key+json";
        let body = json!({
            "metadata": { "collectionType": kind, "collectionTotal": 1 },
            "resources": [{ "type": kind, "name": name, "extractable": extractable }],
        });
        self.request("POST", "/api/v2/keys", &body.to_string())
    }
}

pub(super) async fn read(session: &mut Session, request: &Request) -> Result<Value, Error> {
    let answer = session.ask(request).await?;
    serde_json::from_slice(answer.body).map_err(io::Error::from).doing(|| "reading an answer".into())
}
