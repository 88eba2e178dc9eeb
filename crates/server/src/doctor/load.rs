//! Full handshakes, several at once, each with its first answer, for some seconds.
//!
//! vCenter and every vSAN host open a new connection for nearly each task, and vSAN's health check gives up on servers whose TLS
//! handshake is slow (VMware KB 67115). The invariant: **no more connections at once than was said, and none after the first that
//! fails** on each of those lines, so that a server in distress is left alone.

use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::Instant;

use super::identity::Identity;
use super::names::LOAD;
use super::report::Report;
use super::session::{Error, Session};
use super::tls::Target;

/// Handshake and first answer together have to stay well under the second after which vSAN's health check gives up.
const WELL_UNDER: Duration = Duration::from_millis(500);
const GIVEN_UP: Duration = Duration::from_secs(1);

const SLOW: &str = "vSAN's health check reports the KMS as not connected now and then (VMware KB 67115), above all when a cluster starts";

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) lasting: Duration,
    pub(super) parallel: u16,
}

/// What was measured, from the first byte of a connection to its first answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Measured {
    /// Connections at once.
    pub(super) parallel: u16,
    /// Handshakes with a first answer.
    pub(super) handshakes: usize,
    /// A second.
    pub(super) rate: f64,
    /// Milliseconds.
    pub(super) p50_ms: f64,
    /// Milliseconds.
    pub(super) p99_ms: f64,
    /// Milliseconds.
    pub(super) worst_ms: f64,
}

/// Makes the load, and judges it.
pub(super) async fn put(target: &Target, identity: &Identity, load: Load, report: &mut Report) {
    let begun = Instant::now();
    let lines = join_all((0..load.parallel).map(|_| line(target, identity, begun + load.lasting))).await;
    let lasted = begun.elapsed();
    let failures: Vec<_> = lines.iter().filter_map(|(_, failure)| failure.as_ref()).collect();
    let times = lines.iter().flat_map(|(times, _)| times).copied().collect();
    let measured = Measured::of(times, load.parallel, lasted);
    judge(measured.as_ref(), failures.first().map(|first| (failures.len(), first.to_string())), report);
    report.load = measured;
}

/// One connection after the other, until the end or the first failure.
async fn line(target: &Target, identity: &Identity, end: Instant) -> (Vec<Duration>, Option<Error>) {
    let mut times = Vec::new();
    while Instant::now() < end {
        match first_answer(target, identity).await {
            Ok(took) => times.push(took),
            Err(error) => return (times, Some(error)),
        }
    }
    (times, None)
}

async fn first_answer(target: &Target, identity: &Identity) -> Result<Duration, Error> {
    let mut session = Session::open(target, identity).await?;
    session.greet().await?.success()?;
    Ok(session.age())
}

/// Judges what was measured, and how many of the lines failed, with the first reason.
pub(super) fn judge(measured: Option<&Measured>, failed: Option<(usize, String)>, report: &mut Report) {
    let detail = measured.map_or_else(|| "not one was answered".to_owned(), Measured::words);
    if let Some((lines, why)) = failed {
        let vcenter = "the key server's status changes between \"Connected\" and \"Not connected\"";
        return report.failed_check(LOAD, format!("{detail}; {lines} got no answer: {why}"), vcenter);
    }
    let milliseconds = |limit: Duration| limit.as_secs_f64() * 1e3;
    match measured {
        None => report.failed_check(LOAD, detail, SLOW),
        Some(measured) if measured.p99_ms > milliseconds(GIVEN_UP) => report.failed_check(LOAD, detail, SLOW),
        Some(measured) if measured.p99_ms > milliseconds(WELL_UNDER) || measured.worst_ms > milliseconds(GIVEN_UP) => {
            report.warning(LOAD, detail, SLOW);
        }
        Some(_) => report.passed(LOAD, detail),
    }
}

impl Measured {
    /// Of these times, none of which may be missing.
    pub(super) fn of(mut times: Vec<Duration>, parallel: u16, lasted: Duration) -> Option<Self> {
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        let milliseconds = |time: &Duration| time.as_secs_f64() * 1e3;
        Some(Measured {
            parallel,
            handshakes: times.len(),
            rate: f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX)) / lasted.as_secs_f64().max(1e-9),
            p50_ms: at(50).map(milliseconds)?,
            p99_ms: at(99).map(milliseconds)?,
            worst_ms: times.last().map(milliseconds)?,
        })
    }

    fn words(&self) -> String {
        let Measured { parallel, handshakes, rate, p50_ms, p99_ms, worst_ms } = self;
        format!(
            "{handshakes} with a first answer, {parallel} at once, {rate:.0} a second: \
             half within {p50_ms:.1} ms, 99 % within {p99_ms:.1} ms, the worst {worst_ms:.1} ms"
        )
    }
}
