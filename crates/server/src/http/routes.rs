//! The table of routes, which can be walked, and the rule that each of them authenticates.

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn;
use axum::routing::{MethodFilter, get, on};

use super::Shared;
use super::caller::Caller;
use super::error::Error;
use super::finish::finish;
use crate::api::BASE;

/// Routes that are being collected.
pub(super) struct Routes {
    router: Router<Shared>,
    listed: Vec<Route>,
}

/// A route as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// GET, POST or DELETE.
    pub(super) method: Method,
    /// The path below the API's base, with `{}` around what varies.
    pub(super) path: &'static str,
    /// Whether it is open to everybody.
    pub(super) public: bool,
}

/// The arguments of a handler whose first one is a [`Caller`]: the compiler refuses to register any other but as public.
pub(super) trait Guarded {}
impl<M> Guarded for (M, Caller) {}
impl<M, A> Guarded for (M, Caller, A) {}
impl<M, A, B> Guarded for (M, Caller, A, B) {}
impl<M, A, B, C> Guarded for (M, Caller, A, B, C) {}

impl Routes {
    pub(super) fn new() -> Self {
        Routes { router: Router::new(), listed: Vec::new() }
    }

    /// A GET that anybody may ask for.
    pub(super) fn public<T: 'static>(self, path: &'static str, handler: impl Handler<T, Shared>) -> Self {
        let Routes { router, mut listed } = self;
        listed.push(Route { method: Method::GET, path, public: true });
        Routes { router: router.route(path, get(handler)), listed }
    }

    pub(super) fn get<T: Guarded + 'static>(self, path: &'static str, handler: impl Handler<T, Shared>) -> Self {
        self.guarded(Method::GET, MethodFilter::GET, path, handler)
    }

    pub(super) fn post<T: Guarded + 'static>(self, path: &'static str, handler: impl Handler<T, Shared>) -> Self {
        self.guarded(Method::POST, MethodFilter::POST, path, handler)
    }

    pub(super) fn delete<T: Guarded + 'static>(self, path: &'static str, handler: impl Handler<T, Shared>) -> Self {
        self.guarded(Method::DELETE, MethodFilter::DELETE, path, handler)
    }

    fn guarded<T: Guarded + 'static>(
        self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        let Routes { router, mut listed } = self;
        listed.push(Route { method, path, public: false });
        Routes { router: router.route(path, on(filter, handler)), listed }
    }

    #[cfg(test)]
    pub(super) fn listed(&self) -> &[Route] {
        &self.listed
    }

    /// The service: the routes below the API's base, with answers in our form also where nothing matches.
    pub(super) fn into_router(self, state: Shared) -> Router {
        Router::new()
            .nest(BASE, self.router.method_not_allowed_fallback(not_allowed))
            .fallback(not_found)
            .layer(from_fn(finish))
            .with_state(state)
    }
}

async fn not_found(request: Request) -> Error {
    Error::not_found(
        "PATH_NOT_FOUND_ERR",
        format!("there is no {}: every path starts with {BASE}/", request.uri().path()),
    )
}

async fn not_allowed(request: Request) -> Error {
    Error::refused(405, "METHOD_NOT_ALLOWED_ERR", format!("{} is not possible here", request.method()))
}
