//! What falls due by itself is done here, round by round: keys expire, root keys rotate, deleted keys are purged; and certificates that
//! are about to expire are told of.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use engine::quarantine::Ended;
use keymanager::{KeyManager, KmipService, Round};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::clock_check::Patience;
use crate::alarm::Alarms;
use crate::api::{UNFINISHED, rotation_state};
use crate::clock;
use crate::expiry::{self, Diary, Sources};
use crate::folder::Folder;
use crate::kmip::DESTROYS;
use crate::metrics::Metrics;
use ::kmip::Timestamp;

/// How often certificates are looked at.
const EXPIRY_ROUND: Duration = Duration::from_secs(3600);
/// How long an alarm about many destroys stands after it was raised, in milliseconds: a week, for somebody to see it.
const DESTROYS_STAND: i64 = 7 * 24 * 3600 * 1000;
/// Lists change in bursts: one look at the end of one is enough.
const SETTLED: Duration = Duration::from_secs(1);
/// After the use of keys could not be written down.
const BACK_OFF: Duration = Duration::from_secs(1);

/// Goes round until the server stops. The KMIP service is held, so that the key manager's rotations find it.
pub(super) async fn keep(
    keys: Arc<KeyManager>,
    _kmip: Arc<dyn KmipService>,
    engine: Arc<Engine>,
    (folder, mut patience): (Arc<Folder>, Patience),
    every: Duration,
    stopped: impl Future<Output = ()>,
) {
    let mut rounds = interval(every);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            _ = rounds.tick() => {
                let (now, up) = (clock::now(), Instant::now());
                if patience.is_over(now, up) {
                    patience.note(&folder, now, up);
                    report(keys.do_what_is_due(now).await);
                    report_quarantines(engine.end_quarantines(now).await);
                }
                // What is purged already is destroyed whatever the clock says.
                if let Err(error) = keys.take_up_shredding(now).await {
                    tracing::error!(%error, "what was purged could not be destroyed, and is tried again in the next round");
                }
            }
        }
    }
}

/// Does what rotations of root keys have left: at the start, when one is made, and in each round, until the server stops.
pub(super) async fn rotate(
    (keys, _kmip, metrics): (Arc<KeyManager>, Arc<dyn KmipService>, Arc<Metrics>),
    every: Duration,
    stopped: impl Future<Output = ()>,
) {
    let mut stopped = pin!(stopped);
    loop {
        let work = async {
            tell(&keys, &metrics).await;
            if let Err(error) = keys.work_on_rotations(clock::now).await {
                tracing::error!(%error, "what rotations have left could not be done, and is tried again in the next round");
            }
            tell(&keys, &metrics).await;
            tokio::select! {
                () = keys.rotation_wanted() => {}
                () = tokio::time::sleep(every) => {}
            }
        };
        tokio::select! {
            () = &mut stopped => return keys.end_rotation_news(),
            () = work => {}
        }
    }
}

/// Tells the installation's numbers of rotations that are not finished.
async fn tell(keys: &KeyManager, metrics: &Metrics) {
    match keys.unfinished_rotations().await {
        Ok(jobs) => UNFINISHED.into_iter().for_each(|state| {
            let count = jobs.iter().filter(|job| rotation_state(job) == state).count();
            metrics.parts.set_rotation_jobs(state, count as u64);
        }),
        Err(error) => tracing::warn!(%error, "rotations could not be counted for the metrics"),
    }
}

/// Writes down which keys were used, round by round and whenever many have gathered, until the server stops. What comes after that is
/// written when the ports are shut.
pub(super) async fn write_uses(engine: Arc<Engine>, every: Duration, stopped: impl Future<Output = ()>) {
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            () = engine.uses_press() => {}
            () = tokio::time::sleep(every) => {}
        }
        if let Err(fault) = engine.write_uses().await {
            tracing::error!(%fault, "the use of keys could not be written down, and is tried again");
            tokio::time::sleep(BACK_OFF).await;
        }
    }
}

/// Looks at all certificates at once, each hour, and whenever a list has changed, until the server stops: stages the successors of the
/// server's own that end soon, and logs the alarms that are due.
pub(super) async fn watch_expiry(sources: Sources, alarms: Arc<Alarms>, stopped: impl Future<Output = ()>) {
    let mut news = sources.engine.registry().news();
    let mut diary = Diary::default();
    let mut stopped = pin!(stopped);
    loop {
        look(&sources, &mut diary).await;
        alarms.clear_older(DESTROYS, Timestamp::from_millis(clock::now().millis() - DESTROYS_STAND));
        tokio::select! {
            () = &mut stopped => return,
            Ok(()) = news.changed() => tokio::time::sleep(SETTLED).await,
            () = tokio::time::sleep(EXPIRY_ROUND) => {}
        }
    }
}

async fn look(sources: &Sources, diary: &mut Diary) {
    let now = clock::now();
    match sources.certificates.stage_due(now) {
        Ok(slots) => slots.iter().for_each(|slot| {
            tracing::warn!(
                "the server's {} certificate ends soon, so its successor was staged, on the same key: have vCenter trust it (`keystead tls show`), then `keystead tls activate`",
                slot.name()
            );
        }),
        Err(error) => tracing::error!(%error, "the server's next certificate could not be staged"),
    }
    match sources.everything(now).await {
        Ok(watched) => diary.log(&expiry::alarms(watched, now), now),
        Err(error) => tracing::error!(%error, "certificates could not be looked at for their expiry"),
    }
}

fn report_quarantines(ended: Ended) {
    if ended != Ended::default() {
        let Ended { destroyed, held, failed } = ended;
        tracing::info!(destroyed, held, failed, "quarantines that ended");
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
