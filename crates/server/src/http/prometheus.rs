//! The installation's numbers for Prometheus, at `/metrics`: on the administration port for whoever may see them, and on a listener of
//! their own where there is one.
//!
//! The invariant: **only who may see all instances sees them here**, but at the listener whose address the operator chose for it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use keymanager::Action;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::caller::Caller;
use super::connection::builder;
use super::error::Error;
use super::routes::Routes;
use super::{Administration, Shared};
use crate::metrics::{OPEN_METRICS, TEXT};

/// Connections at a time of the listener.
const CONNECTIONS: usize = 16;
/// How long one of them may last: Prometheus asks again on a new one.
const LONGEST: Duration = Duration::from_secs(300);

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.installation(Action::ReadInstallationMetrics, "Metrics could not be retrieved", __path_show, show)
}

/// The installation's numbers, of all instances
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Metrics",
    responses((status = 200, description = "OpenMetrics 1.0 where it is accepted, else Prometheus' text format 0.0.4", body = String, content_type = "text/plain"))
)]
async fn show(caller: Caller, State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Error> {
    caller.whole(
        "these numbers are of all instances: leave the header `Bluemix-Instance` out, and use an API key that is for the \
         installation. An instance's own are at /api/v1/metrics",
    )?;
    Ok(answer(&app, &headers).await)
}

async fn answer(app: &Shared, headers: &HeaderMap) -> Response {
    app.surveyor.look((app.now)()).await;
    app.health.parts((app.now)()).await;
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let open = accept.contains("application/openmetrics-text");
    let kind = if open { OPEN_METRICS } else { TEXT };
    ([(header::CONTENT_TYPE, kind)], app.installation.text(open)).into_response()
}

async fn plain(State(app): State<Shared>, headers: HeaderMap) -> Response {
    answer(&app, &headers).await
}

/// Serves the numbers on a listener of their own, over plain HTTP and to everybody, until `stop` is done.
pub async fn serve_plainly(listener: TcpListener, administration: Arc<Administration>, stop: impl Future<Output = ()>) {
    let service = Router::new().route("/metrics", get(plain)).with_state(administration);
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(seat) = seats.clone().try_acquire_owned() else { continue };
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let _ = timeout(LONGEST, builder().serve_connection(TokioIo::new(stream), service)).await;
            drop(seat);
        });
    }
}
