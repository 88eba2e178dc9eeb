//! What falls due by itself is done here, round by round: keys expire, root keys rotate, deleted keys are purged.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use keymanager::{KeyManager, KmipService, Round};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;

/// Goes round until the server stops. The KMIP service is held, so that the key manager's rotations find it.
pub(super) async fn keep(
    keys: Arc<KeyManager>,
    _kmip: Arc<dyn KmipService>,
    every: Duration,
    stopped: impl Future<Output = ()>,
) {
    let mut rounds = interval(every);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            _ = rounds.tick() => report(keys.do_what_is_due(clock::now()).await),
        }
    }
}

fn report(outcome: Result<Round, keymanager::Error>) {
    match outcome {
        Ok(Round { expired: 0, rotated: 0, purged: 0, failed: 0 }) => {}
        Ok(Round { expired, rotated, purged, failed }) => {
            tracing::info!(expired, rotated, purged, failed, "keys that were due");
        }
        Err(error) => tracing::error!(%error, "what is due could not be done, and is tried again in the next round"),
    }
}
