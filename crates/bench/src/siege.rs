//! Slow and silent clients: what an honest client notices of them.
//!
//! Invariant: a figure that was not measured is a figure that is missed. The control, a server whose limits are configured away, must
//! miss those figures that the limits are there for; if it doesn't, the siege itself proves nothing.

mod attack;
mod honest;
mod verdict;

use crate::child::Child;
use crate::cli::SiegeArgs;
use crate::error::{Doing, Error};
use crate::keystead::Keystead;
use crate::process::Process;
use crate::report::say;
use crate::{fill, process};
use attack::{Attack, Plan, Tally};
use honest::Window;
use std::sync::Arc;
use std::time::Duration;
pub(crate) use verdict::SiegeReport;

/// How long the attackers have to take their places, and the server to close the first of them, before anything is measured.
const SETTLE: Duration = Duration::from_secs(15);
const WATCH: Duration = Duration::from_millis(200);

/// Starts a server, measures it in quiet, lays siege to it, and measures again.
pub(crate) async fn run(args: &SiegeArgs) -> Result<SiegeReport, Error> {
    process::raise_file_limit().doing(|| "raising the limit of open files".into())?;
    let folder = tempfile::Builder::new().prefix("keystead-siege-").tempdir_in(&args.data);
    let folder = folder.doing(|| format!("making a folder in {}", args.data.display()))?;
    let plan = Plan::new(args.scale);
    let mut keystead = Keystead::new(&args.binary, folder.path())?;
    if args.control {
        keystead = keystead.with_settings(without_limits(&plan));
    }
    let (mut server, client, _) = keystead.install().await?;
    let peer = keystead.peer(&server, client);
    let key = fill::unnamed(&peer, 1).await?.pop().unwrap_or_default();

    say("quiet");
    let window = Duration::from_secs_f64(args.seconds);
    let quiet = honest::measure(&peer, &key, window)?;
    let before = peer.process.resident()?;
    say(&format!("{} attackers from {} addresses take their places", plan.all(), attack::ADDRESSES));
    let tally = Arc::new(Tally::default());
    let attack = Attack::begin(plan, &peer, &tally)?;
    let watch = tokio::spawn(peak(peer.process, SETTLE + window));
    tokio::time::sleep(SETTLE).await;
    say(&format!("under siege: {} connections are held", tally.held()));
    let held = tally.held();
    let besieged = honest::measure(&peer, &key, window)?;
    let peak = watch.await.map_err(|_| Error::Panicked)??;
    attack.end();
    finish(&mut server)?;
    let grown = peak.saturating_sub(before);
    Ok(SiegeReport::new(args, plan, &tally, held, [quiet, besieged], grown))
}

/// Limits that keep nobody away: no deadline that matters, room for all who wait and for any crowd from one address; and half as many
/// seats as there are attackers who sit down, so that what they take is missing.
fn without_limits(plan: &Plan) -> Vec<(&'static str, String)> {
    let (wide, seats) = ("1000000".to_owned(), (plan.idle / 2).max(1).to_string());
    vec![
        ("KEYSTEAD_LIMITS_HANDSHAKE_SECONDS", "600".into()),
        ("KEYSTEAD_LIMITS_WAITING", wide.clone()),
        ("KEYSTEAD_LIMITS_CONNECTIONS_PER_ADDRESS", wide.clone()),
        ("KEYSTEAD_LIMITS_CONNECTIONS_PER_ADAPTER", wide),
        ("KEYSTEAD_LIMITS_CONNECTIONS", seats),
    ]
}

/// The most resident memory that is seen in this time, in bytes.
async fn peak(process: Process, time: Duration) -> Result<u64, Error> {
    let end = tokio::time::Instant::now() + time;
    let mut most = 0;
    while tokio::time::Instant::now() < end {
        most = most.max(process.resident()?);
        tokio::time::sleep(WATCH).await;
    }
    Ok(most)
}

/// A server that has ended under siege is an error with the last lines of its log.
fn finish(server: &mut Child) -> Result<(), Error> {
    server.still_runs()
}

impl Window {
    /// The part of the attempts that was answered, in percent.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    fn answered(&self) -> f64 {
        let all = self.answered + self.failed;
        if all == 0 { 0.0 } else { 100.0 * self.answered as f64 / all as f64 }
    }
}
