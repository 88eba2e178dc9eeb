//! The client of the administration API: one TLS connection that trusts one CA, and errors that say what to do.

use std::error::Error;
use std::time::Duration;

use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::Failure;
use super::connection::Connection;
use super::trust::{tls_error, trust};
use crate::api::{BASE, Collection, ErrorBody, Metadata};

/// Longer than any administrative request takes, so that a server that hangs is noticed.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client for one server.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    api_key: Zeroizing<String>,
    origin: String,
}

impl Client {
    /// A client for the server that `connection` names. Nothing is sent yet.
    pub(crate) fn new(connection: Connection) -> Result<Self, Failure> {
        let base = base_url(&connection.url)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(trust(&connection.ca)?)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Failure::new(format!("HTTPS can't be set up: {error}"), "report this as a defect"))?;
        Ok(Client { http, base, api_key: connection.api_key, origin: connection.origin })
    }

    /// Every resource at a path.
    pub(crate) async fn list<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<T>, Failure> {
        let collection: Collection<T> = self.request(Method::GET, path, &[], None::<&()>).await?;
        Ok(collection.resources)
    }

    /// Every resource of a list that comes in pages of `limit`.
    pub(crate) async fn pages<T: DeserializeOwned>(&self, path: &[&str], limit: usize) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        let mut after = Some(0);
        while let Some(cursor) = after {
            let query = [("limit", limit.to_string()), ("after", cursor.to_string())];
            let page: Collection<T> = self.request(Method::GET, path, &query, None::<&()>).await?;
            // A cursor that does not move would never end.
            after = page.metadata.next.filter(|next| *next > cursor);
            all.extend(page.resources);
        }
        Ok(all)
    }

    /// The resource at a path.
    pub(crate) async fn show<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        self.request(Method::GET, path, &[], None::<&()>).await.and_then(only)
    }

    /// Sends a body and gives the resource that came of it.
    pub(crate) async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &[&str], body: &B) -> Result<T, Failure> {
        self.request(Method::POST, path, &[], Some(body)).await.and_then(only)
    }

    /// Deletes the resource at a path.
    pub(crate) async fn delete(&self, path: &[&str], force: bool) -> Result<(), Failure> {
        let query = if force { vec![("force", "true".to_owned())] } else { Vec::new() };
        let _: Collection<serde::de::IgnoredAny> = self.request(Method::DELETE, path, &query, None::<&()>).await?;
        Ok(())
    }

    async fn request<B: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<&B>,
    ) -> Result<Collection<T>, Failure> {
        let mut request = self.http.request(method, self.url(path, query)?).bearer_auth(self.api_key.as_str());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let bytes = Zeroizing::new(response.bytes().await.map_err(|error| self.unreachable(&error))?.to_vec());
        if !status.is_success() {
            return Err(self.refused(status, &bytes));
        }
        if bytes.is_empty() {
            return Ok(Collection { metadata: Metadata::default(), resources: Vec::new() });
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(
                format!("{} gave an answer that this version does not understand: {error}", self.base),
                "use the command line of the server's own version",
            )
        })
    }

    /// The address of a resource. Each element is one segment, whatever characters it has.
    fn url(&self, path: &[&str], query: &[(&str, String)]) -> Result<Url, Failure> {
        if let Some(odd) = path.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
            return Err(Failure::usage(format!("`{odd}` names nothing"), "give a name or an identifier"));
        }
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let server = self.base.origin().ascii_serialization();
        match tls_error(error) {
            Some(error) => Failure::new(
                format!("{server} is not the server that this data folder or KEYSTEAD_CA belongs to: {error}"),
                "check the address, and give the CA certificate of that very server (ca.crt in its data folder)",
            ),
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

    fn refused(&self, status: StatusCode, body: &[u8]) -> Failure {
        let reasons = serde_json::from_slice::<ErrorBody>(body).ok().and_then(|body| body.resources.into_iter().next());
        let message = reasons.map_or_else(
            || format!("the server answered {status}"),
            |error| error.reasons.into_iter().next().map_or(error.error_msg, |reason| reason.message),
        );
        let remedy = match status {
            StatusCode::UNAUTHORIZED => {
                format!("check the API key in {}: it may have been revoked, or belong to another server", self.origin)
            }
            StatusCode::FORBIDDEN => "use an API key with the right to do this".to_owned(),
            StatusCode::NOT_FOUND => "see what there is with the verb `list`".to_owned(),
            status if status.is_server_error() => "look for the correlation id in the server's log".to_owned(),
            _ => String::new(),
        };
        Failure::new(message, remedy)
    }
}

fn only<T>(collection: Collection<T>) -> Result<T, Failure> {
    collection.resources.into_iter().next().ok_or_else(|| {
        Failure::new("the server's answer holds no resource", "use the command line of the server's own version")
    })
}

fn base_url(text: &str) -> Result<Url, Failure> {
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
    url.set_path(BASE);
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
