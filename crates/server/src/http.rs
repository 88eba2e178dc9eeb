//! The REST APIs: HTTPS, JSON, an area a file. Key Protect's stands in `key_protect`, IAM's token endpoints in `tokens`, and what IBM
//! has no API for here in the others.
//!
//! The invariant of this room: **no handler runs without a [`caller::Caller`]**, who can be made by the key manager's gate only. A
//! route that takes none as its first argument does not compile, except for those that are registered as public by name; a test
//! holds that list.

mod adapters;
mod alarms;
mod answer;
mod attend;
mod audit;
mod backups;
mod bearer;
mod beside;
mod body;
mod caller;
mod certificates;
mod clients;
mod connection;
mod destructions;
mod door;
mod doors;
mod erasures;
mod error;
mod finish;
mod health;
mod identity;
mod impact;
mod key_protect;
mod keys;
mod leftover;
mod metrics;
mod openapi;
mod prometheus;
mod quarantine;
mod query;
mod rotations;
mod routes;
mod server_certificate;
#[cfg(test)]
mod tests;
mod tokens;
mod trace;
mod trust;
mod usage;

use std::sync::Arc;

use axum::Router;
use axum::http::Request;
use engine::Engine;
use keymanager::{KeyManager, KmipService};
use kmip::Timestamp;
use tower::util::MapRequest;

use crate::alarm::Alarms;
use crate::audit::Audit;
use crate::identity::{Guesses, Tokens};
use crate::kmip::{Book, Destroys, Refusals, Sightings};
pub use connection::serve;
pub use metrics::Metrics;
pub use prometheus::serve_plainly;
use routes::Routes;

/// What the handlers work with.
pub struct Administration {
    /// Adapters, certificates, KMIP objects.
    pub engine: Arc<Engine>,
    /// Keys, and who may do what with them.
    pub keys: Arc<KeyManager>,
    /// The engine as the key manager sees it, which refers to it weakly: it lives as long as this does.
    pub kmip: Arc<dyn KmipService>,
    /// The installation's certificate authority.
    pub authority: Arc<crate::pki::Authority>,
    /// The server's own certificates.
    pub certificates: Arc<crate::pki::ServerCertificates>,
    /// The audit, with the journal that the events of calls go into that change nothing.
    pub audit: Arc<Audit>,
    /// Tokens for API keys.
    pub tokens: Arc<Tokens>,
    /// Failed attempts to show one.
    pub guesses: Guesses,
    /// Backups, and the public half of the recovery key.
    pub backups: Arc<crate::backup::Backups>,
    /// What an operator should look into.
    pub alarms: Arc<Alarms>,
    /// Where it is counted who destroys KMIP objects.
    pub destroys: Arc<Destroys>,
    /// What was asked of instances that want it counted.
    pub metrics: Metrics,
    /// The installation's numbers.
    pub installation: Arc<crate::metrics::Metrics>,
    /// What is looked up for them.
    pub surveyor: Arc<crate::metrics::Surveyor>,
    /// Whether the server can do its work.
    pub health: Arc<crate::health::Health>,
    /// Certificates that came to the KMIP port and were on no list.
    pub book: Arc<Book>,
    /// The steps of a pairing that were seen there.
    pub sightings: Arc<Sightings>,
    /// Why connections there came to nothing.
    pub refusals: Arc<Refusals>,
    /// The KMIP port that all adapters share.
    pub kmip_port: u16,
    /// The port that all this is served at.
    pub port: u16,
    /// A day of a quarantine, in milliseconds.
    pub quarantine_day: i64,
    /// The one place that handlers have the time from.
    pub now: fn() -> Timestamp,
}

type Shared = Arc<Administration>;

/// The whole API, for requests with bodies of this kind.
pub(crate) type Api<B> = MapRequest<Router, fn(Request<B>) -> Request<B>>;

/// The whole API as one service.
pub(crate) fn api<B>(administration: Shared) -> Api<B> {
    MapRequest::new(routes(administration).into_router(), key_protect::in_todays_form)
}

fn routes(administration: Shared) -> Routes {
    let routes = Routes::new(administration);
    let routes = health::add_to(routes);
    let routes = metrics::add_to(routes);
    let routes = prometheus::add_to(routes);
    let routes = tokens::add_to(routes);
    let routes = identity::add_to(routes);
    let routes = certificates::add_to(routes);
    let routes = clients::add_to(routes);
    let routes = server_certificate::add_to(routes);
    let routes = alarms::add_to(routes);
    let routes = audit::add_to(routes);
    let routes = backups::add_to(routes);
    let routes = door::add_to(routes);
    let routes = doors::add_to(routes);
    let routes = trust::add_to(routes);
    let routes = erasures::add_to(routes);
    let routes = destructions::add_to(routes);
    let routes = keys::add_to(routes);
    let routes = rotations::add_to(routes);
    let routes = impact::add_to(routes);
    let routes = quarantine::add_to(routes);
    let routes = key_protect::add_to(routes);
    openapi::add_to(routes)
}
