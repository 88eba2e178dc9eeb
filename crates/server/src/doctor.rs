//! `keystead doctor`: goes through what vCenter does with the servers of a key provider and says, for whatever fails, what vCenter would show.
//!
//! It talks to any KMIP server, knows it by address alone, and shares no code with ours above the encoding of single values.
//! The invariant of this room: **it leaves nothing behind**: the key that it makes is destroyed, unless it is told to keep it.

mod certificate;
mod client;
mod clock;
mod compare;
mod conversation;
mod findings;
mod hello;
mod identity;
mod load;
mod machine;
mod message;
mod names;
mod report;
mod session;
mod sights;
#[cfg(test)]
mod tests;
mod tls;
mod transport;
mod witness;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::cli::{Failure, Output};
use compare::Examined;
use findings::Findings;
use identity::Identity;
use load::Load;
use message::Login;
use report::Report;
use tls::Target;
use zeroize::Zeroizing;

/// Where KMIP servers listen.
const KMIP_PORT: u16 = 5696;

/// What the verb takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Addresses of the KMIP servers of one key provider [default port: 5696]
    #[arg(value_name = "HOST:PORT", required = true, num_args = 1..=16)]
    servers: Vec<String>,
    /// Client certificate as PEM; without one, only what comes before it is checked
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of the client certificate as PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// CA certificate that the server's certificate must come from
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// User name that each message bears, for a server that demands one besides the certificate
    #[arg(long, requires = "password_file")]
    user: Option<String>,
    /// File with its password, in its first line; - reads standard input
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Leave the key that is made for the test where it is
    #[arg(long)]
    keep: bool,
    /// Seconds to wait for each answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Seconds for which each server is put under load: full TLS handshakes with a first answer, nothing else; 0: none
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=60))]
    load: u64,
    /// Connections at once under load
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
    /// Where this machine's file system begins
    #[arg(long, value_name = "FOLDER", default_value = "/", hide = true)]
    root: PathBuf,
}

/// How servers are examined, all of them alike.
struct Examination<'a> {
    identity: Option<&'a Identity>,
    keep: bool,
    load: Load,
    /// Where this machine's file system begins.
    root: &'a Path,
}

/// Runs all checks, prints them, and fails if one of them did.
pub(crate) async fn run(args: Args, output: &Output) -> Result<(), Failure> {
    let targets = targets(&args)?;
    let identity = match (&args.cert, &args.key) {
        (Some(certificate), Some(key)) => Some(Identity::read(certificate, key)?),
        _ => None,
    };
    let load = Load { lasting: Duration::from_secs(args.load), parallel: args.parallel };
    let examination = Examination { identity: identity.as_ref(), keep: args.keep, load, root: &args.root };
    let findings = examination.of(&targets).await;
    findings.print(output)?;
    if findings.failed() { Err(Failure::silent()) } else { Ok(()) }
}

impl Examination<'_> {
    /// All servers side by side, then each under load, then all of them compared.
    async fn of(&self, targets: &[Target]) -> Findings {
        let mut reports = join_all(targets.iter().map(|target| self.one(target))).await;
        for (target, report) in targets.iter().zip(&mut reports) {
            self.load(target, report).await;
        }
        let servers = targets.iter().zip(&reports).map(|(target, report)| Examined { target, facts: &report.facts });
        let servers: Vec<_> = servers.collect();
        let compared = if servers.len() > 1 { Some(self.compared(&servers).await) } else { None };
        Findings::new(reports, compared)
    }

    async fn one(&self, target: &Target) -> Report {
        let mut report = Report::new(target.to_string());
        // A check that stops the rest has recorded itself.
        let _ = self.examine(target, &mut report).await;
        report
    }

    async fn examine(&self, target: &Target, report: &mut Report) -> Result<(), report::Stopped> {
        if let Some(identity) = self.identity {
            client::judge(identity.certificate(), now(), report);
        }
        let probe = tls::probe(target, report).await?;
        certificate::judge(&probe, target, now(), report);
        match probe.local {
            true => machine::judge(self.root, report),
            false => machine::elsewhere(report),
        }
        transport::judge(target, self.identity, &probe, report).await;
        match self.identity {
            Some(identity) => conversation::hold(target, identity, self.keep, report).await,
            None => {
                report.skipped("vCenter's conversation", "give a client certificate with --cert and --key");
                Ok(())
            }
        }
    }

    /// Not for a server that does not answer anyway.
    async fn load(&self, target: &Target, report: &mut Report) {
        match self.identity {
            Some(_) if self.load.lasting.is_zero() => {
                report.noted(names::LOAD, "not tried, as was asked for with --load 0")
            }
            Some(identity) if report.facts.answers => load::put(target, identity, self.load, report).await,
            Some(_) | None => {}
        }
    }

    async fn compared(&self, servers: &[Examined<'_>]) -> Report {
        let mut report = Report::new("All of them, as one key provider".to_owned());
        compare::judge(servers, self.identity, &mut report).await;
        report
    }
}

fn targets(args: &Args) -> Result<Vec<Target>, Failure> {
    let roots = args.ca.as_deref().map(identity::read_roots).transpose()?;
    let login = login(args)?.map(Arc::new);
    let mut targets: Vec<Target> = Vec::new();
    for server in &args.servers {
        let (host, port) = split(server)?;
        if targets.iter().any(|target| target.host == host && target.port == port) {
            return Err(Failure::usage(format!("`{server}` is given twice"), "give each server once"));
        }
        let (roots, login, timeout) = (roots.clone(), login.clone(), Duration::from_secs(args.timeout));
        targets.push(Target { host, port, roots, timeout, login });
    }
    Ok(targets)
}

fn login(args: &Args) -> Result<Option<Login>, Failure> {
    let (Some(user), Some(file)) = (&args.user, &args.password_file) else { return Ok(None) };
    let text = crate::cli::read_text_file(file)?;
    let password = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
    Ok(Some(Login { user: user.clone(), password }))
}

/// `host`, `host:port`, `[v6]:port`, or a bare IPv6 address.
fn split(server: &str) -> Result<(String, u16), Failure> {
    let wrong =
        || Failure::usage(format!("`{server}` is not an address"), "give HOST:PORT, such as kms.example.com:5696");
    let bare_v6 = server.matches(':').count() > 1 && !server.starts_with('[');
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !bare_v6 && !server.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
        _ => (server, KMIP_PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains('/') || port == 0 {
        return Err(wrong());
    }
    Ok((host.to_owned(), port))
}

fn now() -> i64 {
    crate::clock::now().seconds()
}
