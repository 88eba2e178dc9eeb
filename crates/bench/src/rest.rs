//! The REST API: wrap and unwrap beside a bare HTTPS echo on the same stack, and a page of a list as the instance grows.
//!
//! Invariant: server and echoes get requests of the same bytes and give answers of the same length, in turns within one run.

mod client;
pub(crate) mod echo;
mod fill;
pub(crate) mod rotation;
mod work;

use crate::child::{Child, start_https_echo};
use crate::cli::RestArgs;
use crate::error::{Doing, Error};
use crate::keystead::Keystead;
use crate::process::Process;
use crate::report::say;
use crate::stats::{median, percentile};
use crate::tls;
use crate::twin::{self, KeyKind};
use client::{Request, Session};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const WARM_UP: Duration = Duration::from_millis(300);
/// The part of the echo's rate that the project aims for with wrap and unwrap.
const AIM: f64 = 0.8;
/// How many keys an instance has when it is small.
const FEW: u64 = 1_000;

/// What a run found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RestReport {
    pub(crate) cells: Vec<RestCell>,
    pub(crate) lists: Vec<ListCell>,
}

/// A request at a number of connections; medians over the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct RestCell {
    pub(crate) request: &'static str,
    pub(crate) connections: usize,
    /// Server requests a second as a part of the echo's: the median of the rounds.
    pub(crate) reached: f64,
    pub(crate) aim: f64,
    /// The same of an echo that does the least that the request takes.
    pub(crate) of_working: f64,
    /// What that echo reaches of the bare one: about the most that a server of this stack can.
    pub(crate) working_reached: f64,
    pub(crate) rate: f64,
    pub(crate) echo_rate: f64,
    pub(crate) working_rate: f64,
    pub(crate) cpu_us: f64,
    pub(crate) echo_cpu_us: f64,
    pub(crate) p50_us: f64,
}

/// A list in an instance with few keys and with many.
#[derive(Debug, Serialize)]
pub(crate) struct ListCell {
    pub(crate) query: &'static str,
    pub(crate) few: u64,
    pub(crate) few_us: f64,
    pub(crate) many: u64,
    pub(crate) many_us: f64,
    pub(crate) ratio: f64,
}

/// The lists that are looked at: the page itself, then filters and searches that an index serves.
const LISTS: [(&str, &str); 6] = [
    ("page of 100", "limit=100"),
    ("newest first", "limit=100&sort=-creationDate"),
    ("root keys", "limit=100&extractable=false"),
    ("deleted keys", "limit=100&state=5"),
    ("exact name", "limit=100&search=exact:name:bench-key-0000500"),
    ("part of a name", "limit=100&search=000050"),
];

/// A server that is spoken to.
#[derive(Clone)]
struct Peer {
    address: SocketAddr,
    tls: Arc<rustls::ClientConfig>,
    process: Process,
}

/// Starts server and echoes, and measures.
pub(crate) async fn run(args: &RestArgs) -> Result<RestReport, Error> {
    let parent = crate::run::work_folder(&args.cells)?;
    let keystead = Keystead::new(&args.binary, parent.path())?;
    let (child, ..) = keystead.install().await?;
    let admin = Admin::read(&keystead.data())?;
    let peer = Peer { address: keystead.admin(), tls: tls::anonymous(&admin.roots)?, process: child.process() };
    let mut session = Session::open(&peer).await?;
    let tenant = fill::Tenant::enter(&mut session, &admin.api_key).await?;
    let (_echo, bare) = start_echo(None, parent.path())?;
    let (_worker, working) = start_echo(Some(&parent.path().join("record")), parent.path())?;
    let peers = Peers { server: &peer, bare: &bare, working: &working };
    let mut report = RestReport::default();
    for (name, request) in tenant.ciphers(&mut session).await? {
        for &connections in &args.cells.connections {
            report.cells.push(cell(args, name, &request, &peers, connections).await?);
        }
    }
    report.lists = lists(args, &tenant, &peer).await?;
    Ok(report)
}

/// Who takes turns.
struct Peers<'a> {
    server: &'a Peer,
    bare: &'a Peer,
    working: &'a Peer,
}

fn start_echo(work: Option<&Path>, folder: &Path) -> Result<(Child, Peer), Error> {
    let identity = twin::self_signed(KeyKind::P256)?;
    let files = identity.write(folder).doing(|| "writing the echo's key".into())?;
    let (child, address) = start_https_echo(work, &files, &folder.join("echo.log"))?;
    let peer = Peer { address, tls: tls::anonymous(&identity.chain)?, process: child.process() };
    Ok((child, peer))
}

async fn cell(
    args: &RestArgs,
    name: &'static str,
    request: &Request,
    peers: &Peers<'_>,
    connections: usize,
) -> Result<RestCell, Error> {
    say(&format!("{name}: {connections} connections"));
    let length = Session::open(peers.server).await?.ask(request).await?.body.len();
    let twin = request.answered_with(length);
    let (mut served, mut echoed, mut worked) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..args.cells.rounds {
        served.push(measure(peers.server, request, connections, args.cells.window()).await?);
        echoed.push(measure(peers.bare, &twin, connections, args.cells.window()).await?);
        worked.push(measure(peers.working, &twin, connections, args.cells.window()).await?);
    }
    let of = |samples: &[Sample], value: fn(&Sample) -> f64| median(samples.iter().map(value));
    let part = |some: &[Sample], of: &[Sample]| median(some.iter().zip(of).map(|(one, other)| one.rate / other.rate));
    Ok(RestCell {
        request: name,
        connections,
        reached: part(&served, &echoed),
        aim: AIM,
        of_working: part(&served, &worked),
        working_reached: part(&worked, &echoed),
        rate: of(&served, |sample| sample.rate),
        echo_rate: of(&echoed, |sample| sample.rate),
        working_rate: of(&worked, |sample| sample.rate),
        cpu_us: of(&served, |sample| sample.cpu_us),
        echo_cpu_us: of(&echoed, |sample| sample.cpu_us),
        p50_us: of(&served, |sample| sample.p50_us),
    })
}

async fn lists(args: &RestArgs, tenant: &fill::Tenant, peer: &Peer) -> Result<Vec<ListCell>, Error> {
    let few = FEW.min(args.keys);
    tenant.fill(peer, 0..few).await?;
    let before = times(args, tenant, peer).await?;
    tenant.fill(peer, few..args.keys).await?;
    let after = times(args, tenant, peer).await?;
    let cells = LISTS.iter().zip(before.into_iter().zip(after));
    let cells = cells.map(|((query, _), (few_us, many_us))| ListCell {
        query,
        few,
        few_us,
        many: args.keys,
        many_us,
        ratio: many_us / few_us,
    });
    Ok(cells.collect())
}

/// Microseconds of each list at one connection.
async fn times(args: &RestArgs, tenant: &fill::Tenant, peer: &Peer) -> Result<Vec<f64>, Error> {
    let mut times = Vec::new();
    for (name, query) in LISTS {
        say(&format!("list: {name}"));
        times.push(measure(peer, &tenant.list(query), 1, args.cells.window()).await?.p50_us);
    }
    Ok(times)
}

struct Sample {
    rate: f64,
    cpu_us: f64,
    p50_us: f64,
}

/// So many connections, each with one request under way, for one window after a warm-up.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
async fn measure(peer: &Peer, request: &Request, connections: usize, window: Duration) -> Result<Sample, Error> {
    let shared = Arc::new(Shared::default());
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(work(Session::open(peer).await?, request.clone(), shared.clone()));
    }
    tokio::time::sleep(WARM_UP).await;
    shared.counts.store(true, Ordering::Relaxed);
    let (begin, cpu, done) = (Instant::now(), peer.process.cpu()?, shared.done.load(Ordering::Relaxed));
    tokio::time::sleep(window).await;
    let (elapsed, cpu) = (begin.elapsed(), peer.process.cpu()?.saturating_sub(cpu));
    let done = (shared.done.load(Ordering::Relaxed) - done) as f64;
    shared.over.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    while let Some(ended) = workers.join_next().await {
        latencies.extend(ended.map_err(|_| Error::Panicked)??);
    }
    Ok(Sample {
        rate: done / elapsed.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / done,
        p50_us: percentile(&mut latencies, 50) as f64 / 1e3,
    })
}

#[derive(Default)]
struct Shared {
    counts: AtomicBool,
    over: AtomicBool,
    done: AtomicU64,
}

async fn work(mut session: Session, request: Request, shared: Arc<Shared>) -> Result<Vec<u64>, Error> {
    let mut latencies = Vec::new();
    while !shared.over.load(Ordering::Relaxed) {
        let begin = Instant::now();
        session.ask(&request).await?;
        shared.done.fetch_add(1, Ordering::Relaxed);
        if shared.counts.load(Ordering::Relaxed) {
            latencies.push(u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
    }
    Ok(latencies)
}

/// What an administrator's file says.
struct Admin {
    api_key: String,
    roots: Vec<rustls_pki_types::CertificateDer<'static>>,
}

impl Admin {
    fn read(data: &Path) -> Result<Self, Error> {
        let path = data.join("admin.json");
        let doing = || format!("reading {}", path.display());
        let text = std::fs::read(&path).doing(doing)?;
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(std::io::Error::from).doing(doing)?;
        let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Ok(Admin { api_key: field("api_key"), roots: tls::certificates(&field("ca")).doing(doing)? })
    }
}

impl RestReport {
    /// As tables.
    pub(crate) fn table(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for cell in &self.cells {
            let _ = writeln!(
                text,
                "{:8} {:3} connections: {:3.0} % of the echo (aim {:.0} %), {:.0} % of one that does the work, which reaches {:.0} %; \
                 {:.0} against {:.0} and {:.0} a second; CPU {:.1} against {:.1} µs; p50 {:.0} µs",
                cell.request,
                cell.connections,
                cell.reached * 100.0,
                cell.aim * 100.0,
                cell.of_working * 100.0,
                cell.working_reached * 100.0,
                cell.rate,
                cell.echo_rate,
                cell.working_rate,
                cell.cpu_us,
                cell.echo_cpu_us,
                cell.p50_us,
            );
        }
        for cell in &self.lists {
            let _ = writeln!(
                text,
                "list, {:15} among {} keys {:.0} µs, among {} {:.0} µs: {:.2} times",
                cell.query, cell.few, cell.few_us, cell.many, cell.many_us, cell.ratio
            );
        }
        text
    }
}
