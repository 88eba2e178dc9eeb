//! A whole run, from the first start to the report.
//!
//! Invariant: memory is measured first, in processes that have served nobody, and the store is filled last.

use crate::child::Child;
use crate::cli::{Cells, Part, RunArgs};
use crate::drive::{self, Keys};
use crate::error::{Doing, Error};
use crate::keystead::Keystead;
use crate::pair::{Echo, Pair};
use crate::report::{Cell, Full, IdlePair, Machine, Report, say};
use crate::start::Starts;
use crate::twin::{self, KeyKind};
use crate::vcenter::key_name;
use crate::workload::{self, Workload};
use crate::{fill, idle, process, start};
use std::path::Path;
use std::sync::Arc;

/// Keys for the requests by identifier.
const KEYS: u64 = 1_000;
/// What a record takes if nobody says and nothing was measured.
const RECORD_BYTES: usize = 1_024;
/// Measures the server at `args.binary`.
pub(crate) async fn server(args: &RunArgs) -> Result<Report, Error> {
    let parent = work_folder(&args.cells)?;
    let mut report = Report { machine: machine(&args.cells), ..Report::default() };
    if args.has(Part::Start) {
        report.starts = Some(start::measure(&args.binary, parent.path(), args.cells.rounds).await?);
    }
    let mut bench = Bench::prepare(args, parent.path(), report.starts).await?;
    if args.has(Part::Idle) {
        report.idle = Some(bench.idle(args.idle).await?);
    }
    bench.make_keys().await?;
    for (part, workload) in WORKLOADS {
        if args.has(part) {
            bench.prepare_for(workload).await?;
            report.cells.extend(bench.cells(workload).await?);
        }
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
    let pair = Pair { server: one.peer, echo: two.peer, flush: None };
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
        let keys = Arc::new(Keys { ids: Vec::new(), named: 0 });
        let flush = Some((folder, args.record_bytes.unwrap_or_else(|| record_bytes(starts))));
        let pair = Pair { server: peer, echo: echo.peer, flush };
        Ok(Self { args, keystead, server, client, _echo: echo.child, pair, keys })
    }

    async fn make_keys(&mut self) -> Result<(), Error> {
        say(&format!("making {KEYS} keys"));
        self.keys = Arc::new(Keys { ids: fill::unnamed(&self.pair.server, KEYS).await?, named: 0 });
        Ok(())
    }

    /// Teaches the echo how long the server's answers are.
    async fn prepare_for(&mut self, workload: Workload) -> Result<(), Error> {
        let mut lengths = self.pair.echo.echo.unwrap_or_default();
        drive::learn(&self.pair.server, workload, &self.keys, &mut lengths).await?;
        self.pair.echo.echo = Some(lengths);
        Ok(())
    }

    async fn cells(&self, workload: Workload) -> Result<Vec<Cell>, Error> {
        self.pair.cells(&self.args.cells, workload, &self.keys).await
    }

    async fn idle(&self, connections: u32) -> Result<IdlePair, Error> {
        say(&format!("idle: {connections} connections"));
        let echo = idle::measure(&self.pair.echo, connections).await?;
        Ok(IdlePair { connections, server: idle::measure(&self.pair.server, connections).await?, echo })
    }

    /// Fills the store, measures Locate in it, and starts it again after a SIGKILL.
    async fn full(mut self, keys: u64, cells: &mut Vec<Cell>) -> Result<Full, Error> {
        say(&format!("locate: making {keys} named keys"));
        let fill_s = fill::named(&self.pair.server, keys).await?.as_secs_f64();
        self.keys = Arc::new(Keys { ids: Vec::new(), named: keys });
        self.prepare_for(workload::LOCATE).await?;
        cells.extend(self.cells(workload::LOCATE).await?);
        self.server.kill();
        let (server, ready) = self.keystead.restart(&self.client).await?;
        fill::find(&self.keystead.peer(&server, self.client.clone()), &key_name(keys.saturating_sub(1))).await?;
        let resident_bytes = server.process().resident()?;
        Ok(Full { keys, fill_s, restart_s: ready.as_secs_f64(), resident_bytes })
    }
}

/// A folder on a disk, gone at the end of the run.
pub(crate) fn work_folder(cells: &Cells) -> Result<tempfile::TempDir, Error> {
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
