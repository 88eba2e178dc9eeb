//! [`Api`]: a part of the REST APIs, in one instance, through which verbs ask for resources.
//!
//! The invariant: **which instance a command is about is decided once, before its first request**, so that no command reads in one
//! and writes in another.

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::http::Ask;
use super::{Client, Failure};
use crate::api::{BASE, Collection};

/// Key Protect's part.
const KEY_PROTECT: &str = "/api/v2";
/// The most of a page there.
const PAGE: usize = 5000;

/// Part of the APIs, in one instance.
pub(crate) struct Api<'a> {
    client: &'a Client,
    base: &'static str,
    instance: Option<String>,
    key_ring: Option<String>,
}

impl Client {
    /// Key Protect's part, in the instance that is meant.
    pub(super) async fn key_protect(&self) -> Result<Api<'_>, Failure> {
        let instance = self.instance().await?;
        Ok(Api { instance: Some(instance), ..Api::of(self, KEY_PROTECT) })
    }

    /// Certificates and keys of adapters, in the instance that is meant. Whoever can't see instances means their API key's own.
    pub(super) async fn adapters(&self) -> Result<Api<'_>, Failure> {
        let instance = match self.instance().await {
            Err(failure) if failure.is_no_access() => None,
            instance => Some(instance?),
        };
        Ok(Api { instance, ..Api::of(self, BASE) })
    }

    /// What belongs to the instance that is meant.
    pub(super) async fn in_instance(&self) -> Result<Api<'_>, Failure> {
        Ok(Api { instance: Some(self.instance().await?), ..Api::of(self, BASE) })
    }

    /// Identities, of the instance that was named; where none was, of the installation.
    pub(super) async fn identities(&self) -> Result<Api<'_>, Failure> {
        let instance = match self.wanted() {
            Some(_) => Some(self.instance().await?),
            None => None,
        };
        Ok(Api { instance, ..Api::of(self, BASE) })
    }

    /// What belongs to no instance.
    pub(super) fn installation(&self) -> Api<'_> {
        Api::of(self, BASE)
    }
}

impl<'a> Api<'a> {
    fn of(client: &'a Client, base: &'static str) -> Self {
        Api { client, base, instance: None, key_ring: None }
    }

    /// What somebody has to add to a command that is proposed to them, so that it is about the same instance.
    pub(super) fn here(&self) -> String {
        self.client.wanted().map_or_else(String::new, |instance| format!(" --instance {instance}"))
    }

    /// This server's own part of the APIs, in the same instance.
    pub(super) fn own(&self) -> Api<'a> {
        Api { client: self.client, base: BASE, instance: self.instance.clone(), key_ring: self.key_ring.clone() }
    }

    /// The same, within a key ring if there is one.
    pub(super) fn in_ring(self, key_ring: Option<String>) -> Self {
        Api { key_ring, ..self }
    }

    /// Every resource at a path.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<T>, Failure> {
        self.page(path, &[]).await.map(|page| page.resources)
    }

    /// Every resource of a list that comes in pages of `limit`, each with a cursor to the next.
    pub(super) async fn pages<T: DeserializeOwned>(&self, path: &[&str], limit: usize) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        let mut after = Some(0);
        while let Some(cursor) = after {
            let (limit, cursor_text) = (limit.to_string(), cursor.to_string());
            let page = self.page(path, &[("limit", &limit), ("after", &cursor_text)]).await?;
            // A cursor that does not move would never end.
            after = page.metadata.next.filter(|next| *next > cursor);
            all.extend(page.resources);
        }
        Ok(all)
    }

    /// Every resource of a list of Key Protect's, which are had by limit and offset.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Failure> {
        self.all_by(PAGE, path, query).await
    }

    /// The same, where a page has so many at the most.
    pub(super) async fn all_by<T: DeserializeOwned>(
        &self,
        most: usize,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        loop {
            let (limit, offset) = (most.to_string(), all.len().to_string());
            let page = [query, &[("limit", limit.as_str()), ("offset", offset.as_str())]].concat();
            let resources = self.page(path, &page).await?.resources;
            let is_last = resources.len() < most;
            all.extend(resources);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// One page of a list.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Collection<T>, Failure> {
        self.request(Method::GET, path, query, None::<&()>).await
    }

    /// The resource at a path.
    pub(super) async fn show<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        self.page(path, &[]).await.and_then(|page| self.only(page))
    }

    /// What is at a path and wears no envelope.
    pub(super) async fn show_flat<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        self.request(Method::GET, path, &[], None::<&()>).await
    }

    /// What is at a path and is no JSON.
    pub(super) async fn text(&self, path: &[&str]) -> Result<String, Failure> {
        let bytes = self.send(Method::GET, path, &[], None::<&()>).await?;
        String::from_utf8(bytes.to_vec()).map_err(|error| self.client.unclear(error))
    }

    /// Sends a body and gives the resource that came of it.
    pub(super) async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &[&str], body: &B) -> Result<T, Failure> {
        self.post_asking(path, &[], body).await
    }

    /// Sends a body and gives every resource that came of it.
    pub(super) async fn post_all<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &B,
    ) -> Result<Vec<T>, Failure> {
        let page: Collection<T> = self.request(Method::POST, path, &[], Some(body)).await?;
        Ok(page.resources)
    }

    /// The same as [`Api::post`], with a query.
    pub(super) async fn post_asking<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        body: &B,
    ) -> Result<T, Failure> {
        self.request(Method::POST, path, query, Some(body)).await.and_then(|page| self.only(page))
    }

    /// Sends a body, if there is one, and gives every resource that came of it.
    pub(super) async fn post_listing<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: Option<&B>,
    ) -> Result<Vec<T>, Failure> {
        self.request(Method::POST, path, &[], body).await.map(|page: Collection<T>| page.resources)
    }

    /// Sends a body; neither it nor what came of it wears an envelope.
    pub(super) async fn post_flat<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &B,
    ) -> Result<T, Failure> {
        self.request(Method::POST, path, &[], Some(body)).await
    }

    /// Has something done of which nothing is shown.
    pub(super) async fn act<B: Serialize>(&self, path: &[&str], body: Option<&B>) -> Result<(), Failure> {
        self.send(Method::POST, path, &[], body).await.map(drop)
    }

    /// Puts a resource in its place and gives what is there then.
    pub(super) async fn put<B: Serialize, T: DeserializeOwned>(&self, path: &[&str], body: &B) -> Result<T, Failure> {
        self.request(Method::PUT, path, &[], Some(body)).await.and_then(|page| self.only(page))
    }

    /// Puts a resource in its place, of which nothing is shown.
    pub(super) async fn set<B: Serialize>(&self, path: &[&str], body: &B) -> Result<(), Failure> {
        self.send(Method::PUT, path, &[], Some(body)).await.map(drop)
    }

    /// Changes the resource at a path.
    pub(super) async fn patch<B: Serialize, T: DeserializeOwned>(&self, path: &[&str], body: &B) -> Result<T, Failure> {
        self.request(Method::PATCH, path, &[], Some(body)).await.and_then(|page| self.only(page))
    }

    /// Deletes the resource at a path.
    pub(super) async fn delete(&self, path: &[&str], force: bool) -> Result<(), Failure> {
        let query: &[(&str, &str)] = if force { &[("force", "true")] } else { &[] };
        self.send(Method::DELETE, path, query, None::<&()>).await.map(drop)
    }

    async fn request<B: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&B>,
    ) -> Result<T, Failure> {
        let bytes = self.send(method, path, query, body).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.client.unclear(error))
    }

    async fn send<B: Serialize>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&B>,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let (instance, key_ring) = (self.instance.as_deref(), self.key_ring.as_deref());
        self.client.send(Ask { method, base: self.base, path, query, instance, key_ring }, body).await
    }

    fn only<T>(&self, collection: Collection<T>) -> Result<T, Failure> {
        collection.resources.into_iter().next().ok_or_else(|| self.client.unclear("it holds no resource"))
    }
}
