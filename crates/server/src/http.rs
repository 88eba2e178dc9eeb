//! The administration API: HTTPS, JSON, an area a file.
//!
//! The invariant of this room: **no handler runs without a [`caller::Caller`]**, who can be made from a verified API key only. A
//! route that takes none as its first argument does not compile, except for those that are registered as public by name; a test
//! holds that list.

mod adapters;
mod answer;
mod body;
mod caller;
mod certificates;
mod clients;
mod connection;
mod error;
mod finish;
mod health;
mod keys;
mod rootkeys;
mod routes;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use engine::Engine;
use keymanager::KeyManager;
use kmip::Timestamp;

pub use connection::serve;
use routes::Routes;

/// What the handlers work with.
pub struct Administration {
    /// Adapters, certificates, KMIP objects.
    pub engine: Arc<Engine>,
    /// Root keys and principals.
    pub keys: Arc<KeyManager>,
    /// The installation's certificate authority.
    pub authority: Arc<crate::pki::Authority>,
    /// The one place that handlers have the time from.
    pub now: fn() -> Timestamp,
}

type Shared = Arc<Administration>;

/// The whole API as one service.
pub(crate) fn router(administration: Shared) -> Router {
    routes().into_router(administration)
}

fn routes() -> Routes {
    let routes = Routes::new().public("/health", health::show);
    let routes = adapters::add_to(routes);
    let routes = certificates::add_to(routes);
    let routes = clients::add_to(routes);
    let routes = keys::add_to(routes);
    rootkeys::add_to(routes)
}
