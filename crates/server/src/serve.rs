//! `keystead serve`: from the configuration to a server that answers, and back to a clean stop.
//!
//! The invariant of this room: **what a start leaves behind, however it ends, is a folder that the next start goes on from**; and the
//! process never goes on after its storage failed to keep what it was told to.

mod backups;
mod canary;
pub(crate) mod ceremony;
mod change;
mod clock_check;
pub(crate) mod control;
mod core;
mod error;
mod fail_stop;
mod first;
mod guide;
mod keys;
mod listeners;
mod master;
pub(crate) mod origin;
mod process;
mod records;
mod schedule;
mod sealed;
pub(crate) mod shared;
mod signals;
mod start;
mod systemd;

pub use error::Error;

use crate::config::{self, Flags, Loaded};
use crate::telemetry::Telemetry;
use crate::workers::LEFT_BEHIND;
use signals::Signals;
use start::{Running, Unsealed};

/// Runs the server until it is told to stop.
///
/// # Errors
/// What stood in the way of the start, or that the storage failed; each says what to do about it.
pub fn run(flags: &Flags) -> Result<(), Error> {
    let loaded = config::load(flags, &config::environment())?;
    let telemetry = Telemetry::start(&loaded.config.log, &loaded.config.traces);
    loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    process::harden();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Runtime)?;
    let ended = runtime.block_on(serve(flags, &loaded, &telemetry));
    telemetry.end();
    runtime.shutdown_timeout(LEFT_BEHIND);
    ended
}

async fn serve(flags: &Flags, loaded: &Loaded, telemetry: &Telemetry) -> Result<(), Error> {
    let mut signals = Signals::new().map_err(Error::Runtime)?;
    let Some(unsealed) = Unsealed::wait(&loaded.config, &mut signals).await? else { return Ok(()) };
    let mut running = Running::start(&loaded.config, unsealed, telemetry).await?;
    systemd::ready();
    let watchdog = systemd::watchdog();
    let failed = live(flags, telemetry, signals, &mut running).await;
    systemd::stopping();
    let stopped = running.stop().await;
    drop(watchdog);
    failed.and(stopped)
}

/// Until a signal says stop, or the storage failed.
async fn live(flags: &Flags, telemetry: &Telemetry, mut signals: Signals, running: &mut Running) -> Result<(), Error> {
    loop {
        tokio::select! {
            error = running.failed() => return Err(error),
            signal = signals.next() => match signal {
                signals::Signal::Stop(name) => {
                    tracing::info!("{name}: stopping, requests in progress are finished first");
                    signals.exit_at_the_next();
                    return Ok(());
                }
                signals::Signal::Reload => reload(flags, telemetry, running),
            },
        }
    }
}

/// Takes what can be taken without a restart: names, certificate, log level. What is wrong leaves all as it was.
fn reload(flags: &Flags, telemetry: &Telemetry, running: &Running) {
    systemd::reloading();
    let reloaded = config::load(flags, &config::environment()).map_err(Error::from).and_then(|loaded| {
        running.reload(&loaded.config)?;
        telemetry.set_level(loaded.config.log.level);
        Ok(())
    });
    match reloaded {
        Ok(()) => tracing::info!("reloaded: names, server certificate, log level; other settings take a restart"),
        Err(error) => tracing::error!(%error, "the reload was refused, and all stays as it was"),
    }
    systemd::ready();
}
