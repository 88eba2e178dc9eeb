//! [`Records`]: what keeps the audit while the server runs, and brings it to an end when it stops.
//!
//! The invariant: **the last thing that the audit says is signed**: the keeper ends after the servers, and the sinks after it.

use std::sync::Arc;

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
        alarms: Arc<Alarms>,
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
        let sinks = audit::start_sinks(&audit, settings, &stop);
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
