//! An installation of the server in a folder of its own, used through its command line and its KMIP port only.
//!
//! Invariant: nothing of the server is taken for granted but what an operator sees.

use crate::child::Child;
use crate::client::{Peer, Session};
use crate::drive::greeted;
use crate::error::{Doing, Error};
use crate::tls::{self, Identity};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const NAME: &str = "keystead";
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(1);

/// A data folder and two free ports.
pub(crate) struct Keystead {
    binary: PathBuf,
    folder: PathBuf,
    kmip: SocketAddr,
    admin: SocketAddr,
    settings: Vec<(&'static str, String)>,
}

impl Keystead {
    /// Picks the ports; nothing is started. `folder` must exist.
    pub(crate) fn new(binary: &Path, folder: &Path) -> Result<Self, Error> {
        let (kmip, admin) = free_ports().doing(|| "looking for free ports".into())?;
        Ok(Self { binary: binary.to_owned(), folder: folder.to_owned(), kmip, admin, settings: Vec::new() })
    }

    /// With environment variables that change the server's settings.
    pub(crate) fn with_settings(self, settings: Vec<(&'static str, String)>) -> Self {
        Self { settings, ..self }
    }

    /// Where the server keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where its REST API is.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Starts the server; it is not ready yet.
    pub(crate) fn start(&self) -> Result<Child, Error> {
        let mut command = Command::new(&self.binary);
        command.arg("serve").arg("--data").arg(self.data()).args(["--name", tls::HOST]);
        command.arg("--kmip-listen").arg(self.kmip.to_string());
        command.arg("--admin-listen").arg(self.admin.to_string());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        Child::start(NAME, command.stdout(Stdio::null()), &self.folder.join("server.log"))
    }

    /// Starts the server for the first time: the client that it issues a certificate to, and the time from the
    /// start until its own certificate is served.
    pub(crate) async fn install(&self) -> Result<(Child, Arc<rustls::ClientConfig>, Duration), Error> {
        let begin = Instant::now();
        let mut child = self.start()?;
        let probe = self.peer(&child, tls::probe()?);
        ready(&mut child, async || Session::open(&probe).await.map(drop)).await?;
        let elapsed = begin.elapsed();
        let out = self.folder.join("client");
        ready(&mut child, async || self.issue("default", &out)).await?;
        let client = issued(&out)?;
        greeted(&self.peer(&child, client.clone())).await?.close().await;
        Ok((child, client, elapsed))
    }

    /// Starts the server again: the time from the start until it has answered Discover Versions.
    pub(crate) async fn restart(&self, client: &Arc<rustls::ClientConfig>) -> Result<(Child, Duration), Error> {
        let begin = Instant::now();
        let mut child = self.start()?;
        let peer = self.peer(&child, client.clone());
        ready(&mut child, async || greeted(&peer).await.map(drop)).await?;
        Ok((child, begin.elapsed()))
    }

    /// The server as a client sees it.
    pub(crate) fn peer(&self, child: &Child, tls: Arc<rustls::ClientConfig>) -> Peer {
        Peer { name: NAME, process: child.process(), address: self.kmip, tls, echo: None }
    }

    /// The identity that `install` had issued.
    pub(crate) fn identity(&self) -> Result<Identity, Error> {
        identity(&self.folder.join("client"))
    }

    /// A client of an adapter, whose certificate is issued for it.
    pub(crate) fn client(&self, adapter: &str, out: &Path) -> Result<Arc<rustls::ClientConfig>, Error> {
        self.issue(adapter, out)?;
        issued(out)
    }

    fn issue(&self, adapter: &str, out: &Path) -> Result<(), Error> {
        let mut command = Command::new(&self.binary);
        command.args(["client", "issue", "--adapter", adapter, "--name", "bench", "--out"]).arg(out);
        let output = command.arg("--data").arg(self.data()).stdin(Stdio::null()).output();
        let output = output.doing(|| format!("running {}", self.binary.display()))?;
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Command { command: format!("{command:?}"), stderr })
    }
}

fn identity(out: &Path) -> Result<Identity, Error> {
    Identity::read(&out.join("bench.crt"), &out.join("bench.key"))
}

/// The client whose certificate was issued into a folder.
fn issued(out: &Path) -> Result<Arc<rustls::ClientConfig>, Error> {
    tls::client(&tls::read_certificates(&out.join("ca.crt"))?, identity(out)?)
}

/// Tries until it works; the last error counts once the server has ended or the time is up.
async fn ready(child: &mut Child, mut attempt: impl AsyncFnMut() -> Result<(), Error>) -> Result<(), Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let last = match tokio::time::timeout(PATIENCE, attempt()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => return Err(not_ready(child)),
        };
        child.still_runs()?;
        if Instant::now() > deadline {
            return Err(if matches!(last, Error::Command { .. }) { last } else { not_ready(child) });
        }
        tokio::time::sleep(RETRY).await;
    }
}

fn not_ready(child: &Child) -> Error {
    Error::NotReady { who: child.name, seconds: PATIENCE.as_secs(), log: child.log().to_owned() }
}

/// Two ports that were free a moment ago.
fn free_ports() -> std::io::Result<(SocketAddr, SocketAddr)> {
    let (one, two) = (TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?);
    Ok((one.local_addr()?, two.local_addr()?))
}
