//! [`Records`]: what keeps the audit while the server runs, and brings it to an end when it stops.
//!
//! The invariant: **the last thing that the audit says is signed**: the keeper ends after the servers, and the sinks after it.

use std::sync::Arc;

use std::time::Duration;
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Error;
use super::core::Core;
use crate::alarm::Alarms;
use crate::audit::{self, Audit, Collectors, Keeper, Rhythm};
use crate::clock;
use crate::config::{Config, Without};
use crate::folder::Folder;
use crate::metrics::Metrics;

/// How often the installation's numbers are told how the sinks do.
const TOLD: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct Records {
    keeper: JoinHandle<Keeper>,
    sinks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Records {
    /// Starts the keeper and the sinks.
    pub(super) async fn start(
        config: &Config,
        core: &Core,
        folder: &Arc<Folder>,
        (alarms, numbers): (Arc<Alarms>, Arc<Metrics>),
        stop: &watch::Sender<bool>,
    ) -> Result<(Arc<Audit>, Self), Error> {
        let audit = Audit::new(core.journal.clone(), folder.clone(), core.signer.clone(), alarms, clock::now);
        let (audit, settings) = (Arc::new(audit), &config.audit);
        let rhythm = Rhythm { every: settings.head_every, records: settings.head_records.into() };
        let store: Arc<dyn Store> = core.store.clone();
        let keeper = Keeper::open(audit.clone(), store, rhythm).await?;
        let mut stopping = stop.subscribe();
        let keeper = tokio::spawn(keeper.keep(async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        }));
        let stop = watch::Sender::new(false);
        let sinks = audit::start_sinks(&audit, settings, &numbers, &stop);
        if !settings.required.is_empty() {
            let serve = settings.when_failing == Without::Serve;
            core.journal.require(Arc::new(Collectors {
                audit: audit.clone(),
                required: settings.required.clone(),
                serve,
            }));
        }
        Ok((audit, Records { keeper, sinks, stop }))
    }

    /// After the servers: nothing is changed any more.
    pub(super) async fn stop(self) {
        // A panic in it was logged.
        if let Ok(keeper) = self.keeper.await {
            keeper.finish().await;
        }
        self.stop.send_replace(true);
        for sink in self.sinks {
            let _ = sink.await;
        }
    }
}

/// Tells the installation's numbers how the sinks do, for as long as the server runs.
pub(super) async fn tell(audit: Arc<Audit>, numbers: Arc<Metrics>, stopped: impl Future<Output = ()>) {
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let reading = audit.clone();
        for sink in tokio::task::spawn_blocking(move || reading.sinks_shown()).await.unwrap_or_default() {
            numbers.parts.set_sink(&sink.name, sink.state != "failing", sink.lag_records, sink.lag_seconds);
        }
        tokio::select! {
            () = &mut stopped => return,
            () = tokio::time::sleep(TOLD) => {}
        }
    }
}
