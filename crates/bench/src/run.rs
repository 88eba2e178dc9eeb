//! A whole run, from the first start to the report.
//!
//! Invariant: server and echo take turns, window by window, so that what else the machine does falls on both.

use crate::child::{Child, start_echo};
use crate::cli::{Cells, Part, RunArgs};
use crate::client::{Lengths, Peer};
use crate::drive::{self, Keys};
use crate::error::{Doing, Error};
use crate::keystead::Keystead;
use crate::report::{Cell, Full, IdlePair, Machine, Report, Round, say};
use crate::start::Starts;
use crate::tls::{self, Identity};
use crate::twin::{self, KeyKind};
use crate::vcenter::{Step, key_name};
use crate::workload::{self, Workload};
use crate::{fill, flush, idle, process, start};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Keys for the requests by identifier.
const KEYS: u64 = 1_000;
/// What a record takes if nobody says and nothing was measured.
const RECORD_BYTES: usize = 1_024;
/// Answers of the self-test, about as long as real ones.
const SELF_TEST: Lengths = [304; Step::COUNT];

/// Measures the server at `args.binary`.
pub(crate) async fn server(args: &RunArgs) -> Result<Report, Error> {
    let parent = work_folder(&args.cells)?;
    let mut report = Report { machine: machine(&args.cells), ..Report::default() };
    if args.has(Part::Start) {
        report.starts = Some(start::measure(&args.binary, parent.path(), args.cells.rounds).await?);
    }
    let mut bench = Bench::prepare(args, parent.path(), report.starts).await?;
    for (part, workload) in WORKLOADS {
        if args.has(part) {
            bench.prepare_for(workload).await?;
            report.cells.extend(bench.cells(workload).await?);
        }
    }
    if args.has(Part::Idle) {
        report.idle = Some(bench.idle(args.idle).await?);
    }
    if args.has(Part::Locate) {
        report.full = Some(bench.full(args.keys, &mut report.cells).await?);
    }
    Ok(report)
}

/// Measures the echo against itself: how far the ratios are from 1 is the noise of this machine.
pub(crate) async fn self_test(cells: &Cells) -> Result<Report, Error> {
    let parent = work_folder(cells)?;
    let identity = twin::self_signed(KeyKind::Rsa2048)?;
    let client = twin::self_signed(KeyKind::Rsa2048)?;
    let one = Echo::start(parent.path(), &identity, client.clone())?;
    let two = Echo::start(parent.path(), &identity, client)?;
    let keys = Arc::new(Keys { ids: vec!["0".repeat(36)], named: 1 });
    let mut report = Report { machine: machine(cells), ..Report::default() };
    let pair = Pair { one: one.peer, two: two.peer, flush: None };
    for workload in [workload::GET, workload::HANDSHAKE, workload::CONVERSATION] {
        report.cells.extend(pair.cells(cells, workload, &keys).await?);
    }
    Ok(report)
}

const WORKLOADS: [(Part, Workload); 5] = [
    (Part::Get, workload::GET),
    (Part::Attributes, workload::ATTRIBUTES),
    (Part::Create, workload::CREATE),
    (Part::Handshake, workload::HANDSHAKE),
    (Part::Conversation, workload::CONVERSATION),
];

/// The running server and what belongs to it.
struct Bench<'a> {
    args: &'a RunArgs,
    keystead: Keystead,
    server: Child,
    client: Arc<rustls::ClientConfig>,
    _echo: Child,
    pair: Pair,
    keys: Arc<Keys>,
}

impl<'a> Bench<'a> {
    async fn prepare(args: &'a RunArgs, parent: &Path, starts: Option<Starts>) -> Result<Self, Error> {
        let folder = parent.join("server");
        std::fs::create_dir(&folder).doing(|| format!("making {}", folder.display()))?;
        let keystead = Keystead::new(&args.binary, &folder)?;
        let (server, client, _) = keystead.install().await?;
        let peer = keystead.peer(&server, client.clone());
        let echo = Echo::twin(parent, &peer, keystead.identity()?).await?;
        say(&format!("making {KEYS} keys"));
        let keys = Arc::new(Keys { ids: fill::unnamed(&peer, KEYS).await?, named: 0 });
        let flush = Some((folder, args.record_bytes.unwrap_or_else(|| record_bytes(starts))));
        let pair = Pair { one: peer, two: echo.peer, flush };
        Ok(Self { args, keystead, server, client, _echo: echo.child, pair, keys })
    }

    /// Teaches the echo how long the server's answers are.
    async fn prepare_for(&mut self, workload: Workload) -> Result<(), Error> {
        let mut lengths = self.pair.two.echo.unwrap_or_default();
        drive::learn(&self.pair.one, workload, &self.keys, &mut lengths).await?;
        self.pair.two.echo = Some(lengths);
        Ok(())
    }

    async fn cells(&self, workload: Workload) -> Result<Vec<Cell>, Error> {
        self.pair.cells(&self.args.cells, workload, &self.keys).await
    }

    async fn idle(&self, connections: u32) -> Result<IdlePair, Error> {
        say(&format!("idle: {connections} connections"));
        let echo = idle::measure(&self.pair.two, connections).await?;
        Ok(IdlePair { connections, server: idle::measure(&self.pair.one, connections).await?, echo })
    }

    /// Fills the store, measures Locate in it, and starts it again after a SIGKILL.
    async fn full(mut self, keys: u64, cells: &mut Vec<Cell>) -> Result<Full, Error> {
        say(&format!("locate: making {keys} named keys"));
        let fill_s = fill::named(&self.pair.one, keys).await?.as_secs_f64();
        self.keys = Arc::new(Keys { ids: Vec::new(), named: keys });
        self.prepare_for(workload::LOCATE).await?;
        cells.extend(self.cells(workload::LOCATE).await?);
        self.server.kill();
        let (server, ready) = self.keystead.restart(&self.client).await?;
        fill::finds(&self.keystead.peer(&server, self.client.clone()), &key_name(keys.saturating_sub(1))).await?;
        let resident_bytes = server.process().resident()?;
        Ok(Full { keys, fill_s, restart_s: ready.as_secs_f64(), resident_bytes })
    }
}

/// An echo process and the way to it.
struct Echo {
    child: Child,
    peer: Peer,
}

impl Echo {
    /// An echo that costs the same handshake as this server, and asks for the same client certificate.
    async fn twin(folder: &Path, server: &Peer, client: Identity) -> Result<Self, Error> {
        let session = drive::greeted(server).await?;
        let shown = session.server_chain();
        session.close().await;
        let [leaf, rest @ ..] = shown.as_slice() else {
            return Err(Error::Certificate("the server showed no certificate".into()));
        };
        let mut identity = twin::self_signed(KeyKind::of(leaf)?)?;
        identity.chain.extend_from_slice(rest);
        Self::start(folder, &identity, client)
    }

    fn start(parent: &Path, identity: &Identity, client: Identity) -> Result<Self, Error> {
        let folder = tempfile::tempdir_in(parent).doing(|| "making the echo's folder".into())?.keep();
        let files = identity.write(&folder).doing(|| format!("writing to {}", folder.display()))?;
        let (child, address) = start_echo(&files, &folder.join("echo.log"))?;
        let tls = tls::client(&identity.chain[..1], client)?;
        let peer = Peer { name: "the echo", process: child.process(), address, tls, echo: Some(SELF_TEST) };
        Ok(Self { child, peer })
    }
}

/// The two sides of a ratio.
struct Pair {
    one: Peer,
    two: Peer,
    /// Where to flush, and how many bytes a record.
    flush: Option<(std::path::PathBuf, usize)>,
}

impl Pair {
    async fn cells(&self, cells: &Cells, workload: Workload, keys: &Arc<Keys>) -> Result<Vec<Cell>, Error> {
        let mut all = Vec::new();
        for &connections in &cells.connections {
            say(&format!("{}: {connections} connections", workload.name));
            let mut rounds = Vec::new();
            for _ in 0..cells.rounds {
                rounds.push(self.round(workload, keys, connections, cells.window()).await?);
            }
            let record_bytes = self.flush.as_ref().map_or(0, |(_, bytes)| *bytes);
            all.push(Cell::fold(workload, connections, &rounds, record_bytes));
        }
        Ok(all)
    }

    async fn round(
        &self,
        workload: Workload,
        keys: &Arc<Keys>,
        connections: usize,
        window: Duration,
    ) -> Result<Round, Error> {
        Ok(Round {
            server: drive::measure(&self.one, workload, keys, connections, window).await?,
            echo: drive::measure(&self.two, workload, keys, connections, window).await?,
            flush: self.disk(workload, connections, window).await?,
        })
    }

    async fn disk(&self, workload: Workload, writers: usize, window: Duration) -> Result<Option<f64>, Error> {
        let Some((folder, bytes)) = self.flush.clone().filter(|_| workload.writes()) else { return Ok(None) };
        let flushes = tokio::task::spawn_blocking(move || flush::grouped(&folder, writers, bytes, window));
        flushes.await.map_err(|_| Error::Panicked)?.map(Some)
    }
}

/// A folder on a disk, gone at the end of the run.
fn work_folder(cells: &Cells) -> Result<tempfile::TempDir, Error> {
    let kind = nix::sys::statfs::statfs(&cells.data).doing(|| format!("looking at {}", cells.data.display()))?;
    if kind.filesystem_type() == nix::sys::statfs::TMPFS_MAGIC {
        return Err(Error::NotADisk(cells.data.clone()));
    }
    process::raise_file_limit().doing(|| "raising the limit of open files".into())?;
    let folder = tempfile::Builder::new().prefix("keystead-bench-").tempdir_in(&cells.data);
    folder.doing(|| format!("making a folder in {}", cells.data.display()))
}

fn machine(cells: &Cells) -> Machine {
    let kernel = nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned());
    Machine {
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        kernel: kernel.unwrap_or_default(),
        window_s: cells.seconds,
        rounds: cells.rounds,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a key takes some kilobytes")]
fn record_bytes(starts: Option<Starts>) -> usize {
    starts.map_or(RECORD_BYTES, |starts| starts.key_bytes.round() as usize).max(1)
}
