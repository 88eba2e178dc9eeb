//! How far the pairing of an adapter with its clients has come, and what to enter in vCenter for it.
//!
//! The invariant is the door book's: who may not see strangers there sees none here, but for those who came to this adapter's own door.

use axum::extract::State;
use engine::registry::Adapter;
use keymanager::{Action, Extent};

use super::answer::{Answer, Reply};
use super::body::At;
use super::caller::Caller;
use super::routes::Routes;
use super::server_certificate::apart;
use super::{Shared, adapters, door};
use crate::api::{Collection, Resource, SeenStep, ServerFingerprints, StepName, Stranger, Trust, TrustStep};
use crate::kmip::Step;
use crate::pki::{self, State as Place};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.home(Action::ReadAdapter, "The state of the pairing could not be retrieved", __path_show, show)
}

/// How far the pairing with vCenter has come, and what to enter there
///
/// What was seen is kept in memory, since the server was started.
#[utoipa::path(
    get,
    path = "/api/v1/adapters/{adapter}/trust",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier")),
    responses((status = 200, body = Collection<Trust>, content_type = Trust::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(adapter): At<String>) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    let certificates = apart(&app, |certificates, _| certificates.shown()).await?;
    Ok(Reply::one(resource(&app, &caller, &adapter, certificates)))
}

fn resource(app: &Shared, caller: &Caller, adapter: &Adapter, certificates: Vec<pki::Shown>) -> Trust {
    let served: Vec<_> = certificates.into_iter().filter(|shown| shown.state == Place::Served).collect();
    let own = adapter.door.names.first();
    let name = own.or_else(|| served.iter().find_map(|shown| shown.names.first()));
    let all = caller.reaches(Extent::Installation);
    Trust {
        adapter: adapter.name.clone(),
        address: name.cloned().unwrap_or_else(|| "localhost".to_owned()),
        port: adapter.door.port.unwrap_or(app.kmip_port),
        user: adapter.door.user.clone(),
        server_certificates: served.iter().map(fingerprints).collect(),
        steps: steps(app, adapter),
        strangers: strangers(app, adapter, all),
        refusals: if all { door::refusals(app) } else { Vec::new() },
    }
}

fn fingerprints(shown: &pki::Shown) -> ServerFingerprints {
    ServerFingerprints {
        public_key: shown.facts.public_key.clone(),
        sha256: pki::hexadecimal(&shown.facts.fingerprint),
        sha1: pki::hexadecimal(&wrap::primitive::thumbprint(&shown.der)),
    }
}

fn steps(app: &Shared, adapter: &Adapter) -> Vec<TrustStep> {
    let seen = app.sightings.of(adapter).map(|seen| {
        seen.map(|seen| SeenStep {
            at_ms: seen.at.millis(),
            address: seen.address.to_canonical().to_string(),
            detail: seen.detail,
        })
    });
    Step::ALL.into_iter().zip(seen).map(|(step, seen)| TrustStep { step: name(step), seen }).collect()
}

fn name(step: Step) -> StepName {
    match step {
        Step::Tcp => StepName::Tcp,
        Step::Tls => StepName::Tls,
        Step::Certificate => StepName::Certificate,
        Step::DiscoverVersions => StepName::DiscoverVersions,
        Step::Create => StepName::Create,
    }
}

/// Who came to a door by which this adapter's clients may come.
fn strangers(app: &Shared, adapter: &Adapter, all: bool) -> Vec<Stranger> {
    let strangers = app.book.strangers();
    let here = strangers.iter().filter(|stranger| match stranger.door {
        Some(door) => door == adapter.id,
        None => all && adapter.door.shared,
    });
    here.map(door::resource).collect()
}
