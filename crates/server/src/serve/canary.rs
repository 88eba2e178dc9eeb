//! The canary: once a day each adapter's key is unwrapped and one of its objects opened, another one each time.
//!
//! Records that nobody asks for can rot unseen until the day on which a host needs them. The invariant: **a failure is told three times**:
//! in the log, as an alarm that stands until it is mended, and as a number.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::alarm::{Alarm, Alarms};
use crate::clock;
use crate::expiry::Severity;
use crate::metrics::Metrics;
use engine::Engine;
use engine::error::Failure;
use engine::registry::Adapter;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

/// The kind of its alarms.
const KIND: &str = "canary";

/// What it works with.
pub(super) struct Canary {
    pub(super) engine: Arc<Engine>,
    pub(super) alarms: Arc<Alarms>,
    pub(super) metrics: Arc<Metrics>,
}

impl Canary {
    /// Tries all adapters at once and then every so often, until the server stops.
    pub(super) async fn keep(self, every: Duration, stopped: impl Future<Output = ()>) {
        let mut rounds = interval(every);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut failing, mut stopped) = (BTreeSet::new(), pin!(stopped));
        loop {
            tokio::select! {
                () = &mut stopped => return,
                _ = rounds.tick() => self.round(&mut failing).await,
            }
        }
    }

    async fn round(&self, failing: &mut BTreeSet<Uuid>) {
        let now = clock::now();
        self.metrics.parts.begin_canary();
        let mut failed = BTreeSet::new();
        for adapter in self.engine.registry().all() {
            let why = self.try_one(&adapter).await;
            self.metrics.parts.set_canary((adapter.id, &adapter.name, adapter.instance), why.is_none());
            if let Some(why) = why {
                self.alarms.raise(alarm(&adapter, &why));
                failed.insert(adapter.id);
            }
        }
        // Mended, or gone with its adapter.
        failing.difference(&failed).for_each(|adapter| self.alarms.clear(KIND, &adapter.to_string()));
        *failing = failed;
        self.metrics.parts.set_canary_run(now);
    }

    /// What is wrong with an adapter, if anything. A root key that is disabled or deleted is its owner's doing.
    async fn try_one(&self, adapter: &Adapter) -> Option<String> {
        // Which object is tried needs no secret, only another one each time.
        match self.engine.try_object(adapter, Uuid::new_v4(), clock::now()).await {
            Ok(_) | Err(Failure::Refused(_)) => None,
            Err(Failure::Failed(fault)) => Some(fault.to_string()),
        }
    }
}

fn alarm(adapter: &Adapter, why: &str) -> Alarm {
    Alarm {
        kind: KIND,
        about: adapter.id.to_string(),
        severity: Severity::Error,
        message: format!("keys of adapter {} can't be opened: {why}", adapter.name),
        advice: "restore the last good backup beside this server, and compare; don't restart hosts meanwhile"
            .to_owned(),
        instance: Some(adapter.instance),
        since: clock::now(),
    }
}
