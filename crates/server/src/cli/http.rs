//! The client of the REST APIs: one TLS connection that trusts one CA, and errors that say what to do.

mod refused;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use reqwest::{Method, Url};
use serde::Serialize;
use zeroize::Zeroizing;

use super::Failure;
use super::connection::Connection;
use super::files::Arriving;
use super::roots::{tls_error, trust};

/// Longer than any administrative request takes, so that a server that hangs is noticed.
const TIMEOUT: Duration = Duration::from_secs(60);
/// As long as a large file may take.
const DOWNLOAD: Duration = Duration::from_secs(6 * 3600);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const INSTANCE: &str = "Bluemix-Instance";
const KEY_RING: &str = "X-Kms-Key-Ring";

/// A client for one server.
pub(crate) struct Client {
    http: reqwest::Client,
    server: Url,
    api_key: Zeroizing<String>,
    origin: String,
    wanted: Option<String>,
}

/// A request, but for its body.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// `/api/v1` or `/api/v2`.
    pub(super) base: &'a str,
    /// What follows it: each element is one segment, whatever characters it has.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) instance: Option<&'a str>,
    pub(super) key_ring: Option<&'a str>,
}

impl Client {
    /// A client for the server that `connection` names. Nothing is sent yet.
    pub(crate) fn new(connection: Connection) -> Result<Self, Failure> {
        let server = server(&connection.url)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(trust(&connection.ca, &connection.served)?)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Failure::new(format!("HTTPS can't be set up: {error}"), "report this as a defect"))?;
        let Connection { api_key, origin, instance, .. } = connection;
        Ok(Client { http, server, api_key, origin, wanted: instance })
    }

    /// The instance that the command line or the environment names, by identifier or name.
    pub(super) fn wanted(&self) -> Option<&str> {
        self.wanted.as_deref()
    }

    /// Sends a request; the answer's body, which may be empty, if it is a success.
    pub(super) async fn send<B: Serialize>(
        &self,
        ask: Ask<'_>,
        body: Option<&B>,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let url = self.url(&ask)?;
        let mut request = self.http.request(ask.method, url).bearer_auth(self.api_key.as_str());
        for (name, value) in [(INSTANCE, ask.instance), (KEY_RING, ask.key_ring)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let bytes = Zeroizing::new(response.bytes().await.map_err(|error| self.unreachable(&error))?.to_vec());
        if status.is_success() { Ok(bytes) } else { Err(refused::failure(status, &bytes, &self.origin)) }
    }

    /// Writes what a path below `/api/v1` answers, which has so many bytes, to a file that is whole or not there.
    pub(super) async fn download(&self, path: &[&str], out: &Path, force: bool, size: u64) -> Result<(), Failure> {
        let ask = Ask { method: Method::GET, base: "/api/v1", path, query: &[], instance: None, key_ring: None };
        let request = self.http.get(self.url(&ask)?).bearer_auth(self.api_key.as_str()).timeout(DOWNLOAD);
        let mut response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if !status.is_success() {
            let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
            return Err(refused::failure(status, &bytes, &self.origin));
        }
        let mut file = Arriving::new(out)?;
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            file.write(&chunk)?;
        }
        file.place(force, size)
    }

    /// What a path below `/api/v1` that is open to everybody answers, whatever its status.
    pub(super) async fn look(&self, path: &[&str]) -> Result<Vec<u8>, Failure> {
        let ask = Ask { method: Method::GET, base: "/api/v1", path, query: &[], instance: None, key_ring: None };
        let response = self.http.get(self.url(&ask)?).send().await.map_err(|error| self.unreachable(&error))?;
        Ok(response.bytes().await.map_err(|error| self.unreachable(&error))?.to_vec())
    }

    /// An answer that can't be read.
    pub(super) fn unclear(&self, why: impl std::fmt::Display) -> Failure {
        Failure::new(
            format!("{} gave an answer that this version does not understand: {why}", self.server),
            "use the command line of the server's own version",
        )
    }

    fn url(&self, ask: &Ask<'_>) -> Result<Url, Failure> {
        if let Some(odd) = ask.path.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
            return Err(Failure::usage(format!("`{odd}` names nothing"), "give a name or an identifier"));
        }
        let mut url = self.server.clone();
        url.set_path(ask.base);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(ask.path);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        Ok(url)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let server = self.server.origin().ascii_serialization();
        match tls_error(error) {
            Some(error) => Failure::new(
                format!("{server} is not the server that this data folder or KEYSTEAD_CA belongs to: {error}"),
                "check the address, and give the CA certificate of that very server (ca.crt in its data folder)",
            ),
            None if error.is_builder() => {
                Failure::usage("an argument has characters that a request can't carry", "use plain letters and digits")
            }
            None if error.is_timeout() => Failure::new(
                format!("{server} does not answer"),
                "check the address, the firewall and the server's log",
            ),
            None => Failure::new(
                format!("cannot reach {server}: {}", innermost(error)),
                "is `keystead serve` running there? Is this its address (KEYSTEAD_URL)?",
            ),
        }
    }
}

fn server(text: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| {
        Failure::usage(
            format!("`{text}` is not the address of a server: {why}"),
            "set KEYSTEAD_URL to https://HOST:8443",
        )
    };
    let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if url.scheme() != "https" {
        return Err(wrong("it does not start with https://"));
    }
    url.set_path("");
    url.set_query(None);
    Ok(url)
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}
