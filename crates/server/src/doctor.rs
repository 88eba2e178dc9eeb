//! `keystead doctor`: goes through what vCenter does with a key server and says, for whatever fails, what vCenter would show.
//!
//! It talks to any KMIP server, knows it by address alone, and shares no code with ours above the encoding of single values.
//! The invariant of this room: **it leaves nothing behind**: the key that it makes is destroyed, unless it is told to keep it.

mod certificate;
mod conversation;
mod message;
mod report;
mod session;
#[cfg(test)]
mod tests;
mod tls;
mod witness;

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::{Failure, Output};
use report::Report;
use tls::{Identity, Target};

/// Where KMIP servers listen.
const KMIP_PORT: u16 = 5696;

/// What the verb takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address of the KMIP server [default port: 5696]
    #[arg(value_name = "HOST:PORT")]
    server: String,
    /// Client certificate as PEM; without one, only what comes before it is checked
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of the client certificate as PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// CA certificate that the server's certificate must come from
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Leave the key that is made for the test where it is
    #[arg(long)]
    keep: bool,
    /// Seconds to wait for each answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

/// Runs all checks, prints them, and fails if one of them did.
pub(crate) async fn run(args: Args, output: &Output) -> Result<(), Failure> {
    let target = target(&args)?;
    let identity = match (&args.cert, &args.key) {
        (Some(certificate), Some(key)) => Some(Identity::read(certificate, key)?),
        _ => None,
    };
    let mut report = Report::new(target.to_string());
    // A check that stops the rest has recorded itself.
    let _ = examine(&target, identity.as_ref(), args.keep, &mut report).await;
    report.print(output)?;
    if report.failed() { Err(Failure::silent()) } else { Ok(()) }
}

async fn examine(
    target: &Target,
    identity: Option<&Identity>,
    keep: bool,
    report: &mut Report,
) -> Result<(), report::Stopped> {
    let probe = tls::probe(target, report).await?;
    certificate::judge(&probe, target, now(), report);
    match identity {
        Some(identity) => conversation::hold(target, identity, keep, report).await,
        None => {
            report.skipped("vCenter's conversation", "give a client certificate with --cert and --key");
            Ok(())
        }
    }
}

fn target(args: &Args) -> Result<Target, Failure> {
    let (host, port) = split(&args.server)?;
    let roots = args.ca.as_deref().map(tls::read_roots).transpose()?;
    Ok(Target { host, port, roots, timeout: Duration::from_secs(args.timeout) })
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
