//! The table of routes, which can be walked, and the rule that each of them authenticates.
//!
//! A row is a handler, the action that it needs, and what could not be done when it fails; method, path and shapes come from the
//! handler's own description. The invariant: **a handler without a [`Caller`] as its first argument is registered as public, by
//! name, or not at all.**

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use futures_util::future::BoxFuture;
use keymanager::Action;
use utoipa::Path;
use utoipa::openapi::path::HttpMethod;

use super::Shared;
use super::attend::{Guard, Place};
use super::caller::Caller;
use super::error::Error;
use super::finish::finish;
use super::openapi::Document;

/// Routes that are being collected.
pub(super) struct Routes {
    app: Shared,
    router: Router<Shared>,
    document: Document,
    listed: Vec<Route>,
}

/// A route as a test sees it.
#[derive(Clone, Debug)]
#[cfg_attr(not(test), allow(dead_code, reason = "the tests hold the routes to it"))]
pub(super) struct Route {
    /// `GET`, `POST`, ...
    pub(super) method: &'static str,
    /// The path, with `{}` around what varies.
    pub(super) path: String,
    /// The action that it needs; none for what is open to everybody.
    pub(super) action: Option<Action>,
}

/// The arguments of a handler whose first one is a [`Caller`]: the compiler refuses to register any other but as public.
pub(super) trait Guarded {}
impl<M> Guarded for (M, Caller) {}
impl<M, A> Guarded for (M, Caller, A) {}
impl<M, A, B> Guarded for (M, Caller, A, B) {}
impl<M, A, B, C> Guarded for (M, Caller, A, B, C) {}
impl<M, A, B, C, D> Guarded for (M, Caller, A, B, C, D) {}

/// A handler, whatever it takes.
pub(super) type Bare = Arc<dyn Fn(Request, Shared) -> Answering + Send + Sync>;
/// An answer in the making.
pub(super) type Answering = BoxFuture<'static, Response>;

/// A handler with all that its requests and answers go through. Around a handler instead of in layers around its route: the router
/// makes each of those anew for each request, and that costs more than what is done in them.
#[derive(Clone)]
struct Housed {
    guard: Option<Arc<Guard>>,
    handler: Bare,
}

impl Housed {
    fn new<T: 'static>(guard: Option<Guard>, handler: impl Handler<T, Shared>) -> Self {
        let handler = move |request, app| -> Answering { Box::pin(handler.clone().call(request, app)) };
        Housed { guard: guard.map(Arc::new), handler: Arc::new(handler) }
    }
}

impl Handler<Housed, Shared> for Housed {
    type Future = Answering;

    fn call(self, request: Request, app: Shared) -> Answering {
        Box::pin(finish(app, self.guard, self.handler, request))
    }
}

impl Routes {
    pub(super) fn new(app: Shared) -> Self {
        Routes { app, router: Router::new(), document: Document::new(), listed: Vec::new() }
    }

    /// A route that is open to everybody.
    pub(super) fn public<D: Path + Describes, T: 'static>(mut self, _: D, handler: impl Handler<T, Shared>) -> Self {
        let (method, filter) = method_of::<D>();
        self.document.add::<D>(None);
        self.listed.push(Route { method, path: D::path(), action: None });
        self.router = self.router.route(&D::path(), on(filter, Housed::new(None, handler)));
        self
    }

    /// A route of the key manager's API: the instance is the one that the header `Bluemix-Instance` names.
    pub(super) fn instance<D: Path + Describes, T: Guarded + 'static>(
        self,
        action: Action,
        failure: &'static str,
        description: D,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.guarded(Guard { action, failure, place: Place::Named }, description, handler)
    }

    /// A route on an instance which, where the header names none, is the caller's own.
    pub(super) fn home<D: Path + Describes, T: Guarded + 'static>(
        self,
        action: Action,
        failure: &'static str,
        description: D,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.guarded(Guard { action, failure, place: Place::Home }, description, handler)
    }

    /// A route on the installation, or on the instance that the header names.
    pub(super) fn installation<D: Path + Describes, T: Guarded + 'static>(
        self,
        action: Action,
        failure: &'static str,
        description: D,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        self.guarded(Guard { action, failure, place: Place::Installation }, description, handler)
    }

    fn guarded<D: Path + Describes, T: Guarded + 'static>(
        mut self,
        guard: Guard,
        _: D,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        let (method, filter) = method_of::<D>();
        self.document.add::<D>(Some(&guard));
        self.listed.push(Route { method, path: D::path(), action: Some(guard.action) });
        self.router = self.router.route(&D::path(), on(filter, Housed::new(Some(guard), handler)));
        self
    }

    #[cfg(test)]
    pub(super) fn listed(&self) -> &[Route] {
        &self.listed
    }

    /// The API's description, OpenAPI 3.1.
    pub(super) fn document(&self) -> utoipa::openapi::OpenApi {
        self.document.finished()
    }

    /// The service, with answers in our form also where nothing matches.
    pub(super) fn into_router(self) -> Router {
        self.router
            .method_not_allowed_fallback(Housed::new(None, not_allowed))
            .fallback(Housed::new(None, not_found))
            .with_state(self.app)
    }
}

/// What names the schemas that a description refers to; the description's macro makes it.
pub(super) use utoipa::__dev::SchemaReferences as Describes;

fn method_of<D: Path>() -> (&'static str, MethodFilter) {
    match D::methods().first() {
        Some(HttpMethod::Get) | None => ("GET", MethodFilter::GET),
        Some(HttpMethod::Post) => ("POST", MethodFilter::POST),
        Some(HttpMethod::Put) => ("PUT", MethodFilter::PUT),
        Some(HttpMethod::Delete) => ("DELETE", MethodFilter::DELETE),
        Some(HttpMethod::Options) => ("OPTIONS", MethodFilter::OPTIONS),
        Some(HttpMethod::Head) => ("HEAD", MethodFilter::HEAD),
        Some(HttpMethod::Patch) => ("PATCH", MethodFilter::PATCH),
        Some(HttpMethod::Trace) => ("TRACE", MethodFilter::TRACE),
    }
}

async fn not_found(request: Request) -> Error {
    let path = request.uri().path();
    Error::not_found("PATH_NOT_FOUND_ERR", format!("there is no {path}: see /api/v2/openapi.json for what there is"))
}

async fn not_allowed(request: Request) -> Error {
    Error::refused(405, "METHOD_NOT_ALLOWED_ERR", format!("{} is not possible here", request.method()))
}
