//! The two sides of a ratio: who is measured, and the echo beside it.
//!
//! Invariant: they take turns, window by window, so that what else the machine does falls on both.

use crate::child::{Child, start_echo};
use crate::cli::Cells;
use crate::client::{Lengths, Peer};
use crate::drive::{self, Keys};
use crate::error::{Doing, Error};
use crate::flush;
use crate::report::{Cell, Round, say};
use crate::tls::{self, Identity};
use crate::twin::{self, KeyKind};
use crate::vcenter::Step;
use crate::workload::Workload;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What the echo answers until it has learnt better: about as long as real answers.
const UNLEARNT: Lengths = [304; Step::COUNT];

/// An echo process and the way to it.
pub(crate) struct Echo {
    pub(crate) child: Child,
    pub(crate) peer: Peer,
}

impl Echo {
    /// An echo that costs the same handshake as this server, and asks for the same client certificate.
    pub(crate) async fn twin(folder: &Path, server: &Peer, client: Identity) -> Result<Self, Error> {
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

    /// An echo with this certificate.
    pub(crate) fn start(parent: &Path, identity: &Identity, client: Identity) -> Result<Self, Error> {
        let folder = tempfile::tempdir_in(parent).doing(|| "making the echo's folder".into())?.keep();
        let files = identity.write(&folder).doing(|| format!("writing to {}", folder.display()))?;
        let (child, address) = start_echo(&files, &folder.join("echo.log"))?;
        let tls = tls::client(&identity.chain[..1], client)?;
        let peer = Peer { name: "the echo", process: child.process(), address, tls, echo: Some(UNLEARNT) };
        Ok(Self { child, peer })
    }
}

/// The two sides of a ratio.
pub(crate) struct Pair {
    pub(crate) server: Peer,
    pub(crate) echo: Peer,
    /// Where to flush, and how many bytes a record.
    pub(crate) flush: Option<(PathBuf, usize)>,
}

impl Pair {
    /// A cell for each number of connections.
    pub(crate) async fn cells(&self, cells: &Cells, workload: Workload, keys: &Arc<Keys>) -> Result<Vec<Cell>, Error> {
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
            server: drive::measure(&self.server, workload, keys, connections, window).await?,
            echo: drive::measure(&self.echo, workload, keys, connections, window).await?,
            flush: self.disk(workload, connections, window).await?,
        })
    }

    async fn disk(&self, workload: Workload, writers: usize, window: Duration) -> Result<Option<f64>, Error> {
        let Some((folder, bytes)) = self.flush.clone().filter(|_| workload.writes()) else { return Ok(None) };
        let flushes = tokio::task::spawn_blocking(move || flush::grouped(&folder, writers, bytes, window));
        flushes.await.map_err(|_| Error::Panicked)?.map(Some)
    }
}
