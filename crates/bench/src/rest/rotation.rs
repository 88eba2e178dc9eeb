//! A root key is rotated over and over while its adapters' clients fetch keys: what they notice.
//!
//! Quiet stretches and rotations take turns, so that what else the machine does falls on both. Invariant: a rotation that did not bring
//! every adapter under the newest version, or a request that was not answered, is a figure that is missed.

use super::fill::{Tenant, read};
use super::{Admin, Peer, Request, Session};
use crate::cli::RotationArgs;
use crate::client;
use crate::drive::greeted;
use crate::error::{Doing, Error};
use crate::fill::unnamed;
use crate::keystead::Keystead;
use crate::report::say;
use crate::stats::percentile;
use crate::tls;
use crate::vcenter::Step;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How much slower a request may be while a root key rotates.
const AIM: f64 = 2.0;
/// Requests of one client a second.
const RATE: u32 = 50;
/// Between two looks at a rotation.
const LOOK: Duration = Duration::from_millis(50);

/// What a run found. Times are in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct RotationReport {
    adapters: usize,
    clients: usize,
    rotations: usize,
    rotation_ms: u64,
    quiet: Stretch,
    rotating: Stretch,
    failed: usize,
    left: usize,
    p50_ratio: f64,
    p99_ratio: f64,
}

#[derive(Debug, Default, Serialize)]
struct Stretch {
    requests: usize,
    p50_us: u64,
    p99_us: u64,
    worst_us: u64,
}

impl RotationReport {
    pub(crate) fn table(&self) -> String {
        let row = |name: &str, of: &Stretch| {
            format!("{name:10} {:>8} {:>8} {:>8} {:>8}\n", of.requests, of.p50_us, of.p99_us, of.worst_us)
        };
        format!(
            "{} adapters under one root key, {} clients, {} rotations, the longest {} ms\n{:10} {:>8} {:>8} {:>8} {:>8}\n{}{}p50 {:.2} x, p99 {:.2} x (at most {AIM} x); {} requests failed (0); {} adapters left under an older version (0)\n",
            self.adapters,
            self.clients,
            self.rotations,
            self.rotation_ms,
            "",
            "requests",
            "p50 us",
            "p99 us",
            "worst us",
            row("quiet", &self.quiet),
            row("rotating", &self.rotating),
            self.p50_ratio,
            self.p99_ratio,
            self.failed,
            self.left,
        )
    }

    /// # Errors
    /// A figure that is missed.
    pub(crate) fn judge(&self) -> Result<(), Error> {
        let enough = self.quiet.requests > 100 && self.rotating.requests > 100;
        if enough && self.failed == 0 && self.left == 0 && self.p50_ratio <= AIM && self.p99_ratio <= AIM {
            return Ok(());
        }
        Err(Error::Missed("a figure of rotation is missed".into()))
    }
}

/// Starts a server with so many adapters under one root key, and measures.
pub(crate) async fn run(args: &RotationArgs) -> Result<RotationReport, Error> {
    let folder = tempfile::Builder::new().prefix("keystead-rotation-").tempdir_in(&args.data);
    let folder = folder.doing(|| format!("making a folder in {}", args.data.display()))?;
    let keystead = Keystead::new(&args.binary, folder.path())?.with_settings(vec![
        ("KEYSTEAD_LIMITS_ADAPTERS_PER_INSTANCE", "10000".into()),
        ("KEYSTEAD_TIMERS_ROTATE_EVERY", "0".into()),
    ]);
    let (child, ..) = keystead.install().await?;
    let admin = Admin::read(&keystead.data())?;
    let peer = Peer { address: keystead.admin(), tls: tls::anonymous(&admin.roots)?, process: child.process() };
    let mut session = Session::open(&peer).await?;
    let tenant = Tenant::enter(&mut session, &admin.api_key).await?;
    let root = tenant.root_key(&mut session, "bench-rotated").await?;
    say(&format!("{} adapters", args.adapters));
    for number in 0..args.adapters {
        session.ask(&tenant.new_adapter(&format!("bench-{number}"), &root)).await?;
    }
    let mut watch = Watch::default();
    for number in 0..args.clients.min(args.adapters) {
        let out = folder.path().join(format!("client-{number}"));
        let client = keystead.client(&format!("bench-{number}"), &out)?;
        watch.follow(keystead.peer(&child, client)).await?;
    }
    // The server has closed the other connection if all that took long.
    measure(args, &tenant, &root, Session::open(&peer).await?, watch).await
}

async fn measure(
    args: &RotationArgs,
    tenant: &Tenant,
    root: &str,
    mut session: Session,
    watch: Watch,
) -> Result<RotationReport, Error> {
    let stretch = Duration::from_secs_f64(args.seconds);
    let (clients, mut longest, mut rotations) = (watch.clients.len(), Duration::ZERO, 0);
    tokio::time::sleep(stretch).await;
    for round in 1..=args.rounds {
        say(&format!("round {round}"));
        tokio::time::sleep(stretch).await;
        let end = Instant::now() + stretch;
        while Instant::now() < end {
            let begun = Instant::now();
            watch.rotating.store(true, Ordering::Relaxed);
            session.ask(&tenant.rotate(root)).await?;
            while !tenant.is_rotated(&mut session, root).await? {
                tokio::time::sleep(LOOK).await;
            }
            watch.rotating.store(false, Ordering::Relaxed);
            longest = longest.max(begun.elapsed());
            rotations += 1;
        }
    }
    let [quiet, rotating] = watch.end().await?;
    let left = tenant.left(&mut session, root).await?;
    Ok(report((args.adapters, clients, rotations), longest, [quiet, rotating], left))
}

#[expect(clippy::cast_precision_loss, reason = "microseconds far below 2^53")]
fn report(
    (adapters, clients, rotations): (usize, usize, usize),
    longest: Duration,
    [mut quiet, mut rotating]: [Latencies; 2],
    left: usize,
) -> RotationReport {
    let failed = quiet.failed + rotating.failed;
    let (quiet, rotating) = (stretch(&mut quiet.us), stretch(&mut rotating.us));
    let ratio = |slow: u64, fast: u64| slow as f64 / fast.max(1) as f64;
    let p50_ratio = ratio(rotating.p50_us, quiet.p50_us);
    let p99_ratio = ratio(rotating.p99_us, quiet.p99_us);
    let rotation_ms = longest.as_millis().try_into().unwrap_or(u64::MAX);
    RotationReport { adapters, clients, rotations, rotation_ms, quiet, rotating, failed, left, p50_ratio, p99_ratio }
}

fn stretch(us: &mut [u64]) -> Stretch {
    Stretch {
        requests: us.len(),
        p50_us: percentile(us, 50),
        p99_us: percentile(us, 99),
        worst_us: us.iter().copied().max().unwrap_or_default(),
    }
}

/// Latencies of one sort of stretch.
#[derive(Default)]
struct Latencies {
    us: Vec<u64>,
    failed: usize,
}

/// The clients, each on an open connection.
#[derive(Default)]
struct Watch {
    rotating: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    clients: JoinSet<[Latencies; 2]>,
}

impl Watch {
    async fn follow(&mut self, peer: client::Peer) -> Result<(), Error> {
        let key = unnamed(&peer, 1).await?.pop().unwrap_or_default();
        let session = greeted(&peer).await?;
        let (rotating, over) = (Arc::clone(&self.rotating), Arc::clone(&self.over));
        self.clients.spawn(fetch(peer, session, key, rotating, over));
        Ok(())
    }

    async fn end(mut self) -> Result<[Latencies; 2], Error> {
        self.over.store(true, Ordering::Relaxed);
        let mut all = <[Latencies; 2]>::default();
        while let Some(ended) = self.clients.join_next().await {
            for (into, from) in all.iter_mut().zip(ended.map_err(|_| Error::Panicked)?) {
                into.us.extend(from.us);
                into.failed += from.failed;
            }
        }
        Ok(all)
    }
}

async fn fetch(
    peer: client::Peer,
    mut session: client::Session,
    key: String,
    rotating: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
) -> [Latencies; 2] {
    let mut all = <[Latencies; 2]>::default();
    let mut due = tokio::time::interval(Duration::from_secs(1) / RATE);
    while !over.load(Ordering::Relaxed) {
        due.tick().await;
        let (begun, during) = (Instant::now(), rotating.load(Ordering::Relaxed));
        let answered = session.ask(&peer, Step::Get, &key).await.is_ok();
        // A request counts as one of a rotation if any of it fell into one.
        let during = during || rotating.load(Ordering::Relaxed);
        let [quiet, slow] = &mut all;
        let into = if during { slow } else { quiet };
        if answered {
            into.us.push(begun.elapsed().as_micros().try_into().unwrap_or(u64::MAX));
        } else {
            into.failed += 1;
            return all;
        }
    }
    all
}

impl Tenant {
    fn new_adapter(&self, name: &str, root: &str) -> Request {
        let kind = "application/vnd.ibm.kms.kmip_adapter+json";
        let resource = json!({"name": name, "profile": "native_1.0", "profile_data": {"crk_id": root}});
        let body = json!({"metadata": {"collectionType": kind, "collectionTotal": 1}, "resources": [resource]});
        self.request("POST", "/api/v2/kmip_adapters", &body.to_string())
    }

    fn rotate(&self, root: &str) -> Request {
        self.request("POST", &format!("/api/v2/keys/{root}/actions/rotate"), "")
    }

    async fn is_rotated(&self, session: &mut Session, root: &str) -> Result<bool, Error> {
        let found = read(session, &self.request("GET", &format!("/api/v1/keys/{root}/rotation"), "")).await?;
        Ok(found["resources"][0]["state"] == "finished")
    }

    /// How many adapters are not under the newest version.
    async fn left(&self, session: &mut Session, root: &str) -> Result<usize, Error> {
        let found = read(session, &self.request("GET", &format!("/api/v1/keys/{root}/versions"), "")).await?;
        let older = found["resources"].as_array().into_iter().flatten().filter(|each| each["state"] != "newest");
        let left: u64 = older.filter_map(|each| each["used_by"].as_u64()).sum();
        Ok(usize::try_from(left).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(slow: u64, failed: usize, left: usize, reached: bool) {
        let latencies = |us: u64, failed| Latencies { us: vec![us; 1000], failed };
        let both = [latencies(100, 0), latencies(slow, failed)];
        let report = report((1000, 32, 3), Duration::from_millis(5), both, left);
        assert_eq!(report.judge().is_ok(), reached, "{}", report.table());
    }

    #[test]
    fn each_figure_can_be_missed() {
        check(200, 0, 0, true);
        check(201, 0, 0, false);
        check(100, 1, 0, false);
        check(100, 0, 1, false);
    }
}
