//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Measures a Keystead server against a bare TLS echo in the same run.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Threads that make the load.
    #[arg(long, global = true, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) threads: u16,
    /// Print JSON instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Measure a server: starts it on an empty data folder, measures, stops it, removes the folder
    Run(RunArgs),
    /// Measure the echo against itself: ratios away from 1 are this machine's noise
    SelfTest(Cells),
    /// Measure the REST API: wrap and unwrap against a bare HTTPS echo, lists in a small and in a large instance
    Rest(RestArgs),
    /// Lay siege to a server with slow and silent clients: what an honest one notices, and what the server pays
    Siege(SiegeArgs),
    /// Rotate a root key with many adapters while their clients work: what these notice
    Rotation(RotationArgs),
    /// The bare HTTPS echo; `rest` starts it by itself
    #[command(hide = true)]
    HttpsEcho {
        /// Do the least that a wrap or an unwrap takes before each answer, with a record at the end of this file
        #[arg(long)]
        work: Option<PathBuf>,
        /// As those of `echo`
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// The bare TLS echo; `run` starts it by itself
    #[command(hide = true)]
    Echo {
        /// DER files: the private key (PKCS#8), then the certificates, leaf first
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// What every measurement takes.
#[derive(Args)]
pub(crate) struct Cells {
    /// Seconds that each window lasts
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub(crate) seconds: f64,
    /// Times that server and echo take turns in each cell
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Numbers of connections
    #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
    pub(crate) connections: Vec<usize>,
    /// Where to make the data folder: on the disk that is to be measured, not in memory
    #[arg(long, default_value = "/var/tmp")]
    pub(crate) data: PathBuf,
}

impl Cells {
    pub(crate) fn window(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

/// What `bench run` takes.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// The server: a release build of `keystead`
    #[arg(long)]
    pub(crate) binary: PathBuf,
    #[command(flatten)]
    pub(crate) cells: Cells,
    /// Named keys among which Locate looks
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) keys: u64,
    /// Idle connections to hold
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub(crate) idle: u32,
    /// Bytes of a record in the grouped flushes; by default what a key takes of the data folder, as `start` finds it
    #[arg(long)]
    pub(crate) record_bytes: Option<usize>,
    /// Measure these alone
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<Part>,
}

impl RunArgs {
    pub(crate) fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// What `bench rest` takes.
#[derive(Args)]
pub(crate) struct RestArgs {
    /// The server: a release build of `keystead`
    #[arg(long)]
    pub(crate) binary: PathBuf,
    #[command(flatten)]
    pub(crate) cells: Cells,
    /// Standard keys of the large instance
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) keys: u64,
}

/// What `bench siege` takes.
#[derive(Args)]
pub(crate) struct SiegeArgs {
    /// The server: a release build of `keystead`
    #[arg(long)]
    pub(crate) binary: PathBuf,
    /// How many attackers, in percent of 5,000 silent, 1,000 slow, 1,000 idle and 500 stalled ones
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) scale: u32,
    /// Seconds that the honest client is measured, before the siege and under it
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub(crate) seconds: f64,
    /// Configure the server's limits away: the figures must then be missed, or the siege proves nothing
    #[arg(long)]
    pub(crate) control: bool,
    /// Where to make the data folder
    #[arg(long, default_value = "/var/tmp")]
    pub(crate) data: PathBuf,
}

/// What `bench rotation` takes.
#[derive(Args)]
pub(crate) struct RotationArgs {
    /// The server: a release build of `keystead`
    #[arg(long)]
    pub(crate) binary: PathBuf,
    /// Adapters under the root key
    #[arg(long, default_value_t = 1_000)]
    pub(crate) adapters: usize,
    /// Clients that fetch keys, each of an adapter of its own, 50 times a second
    #[arg(long, default_value_t = 16)]
    pub(crate) clients: usize,
    /// Seconds of each stretch, quiet and rotating in turns
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub(crate) seconds: f64,
    /// How often they take turns
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Where to make the data folder: on a disk, not in memory
    #[arg(long, default_value = "/var/tmp")]
    pub(crate) data: PathBuf,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Time to ready, memory at rest, bytes a key
    Start,
    /// Memory of idle connections
    Idle,
    /// Get of a key
    Get,
    /// Get Attributes of State
    Attributes,
    /// Create, durable
    Create,
    /// A new connection with one Get
    Handshake,
    /// vCenter's whole conversation
    Conversation,
    /// Locate by name; fills the store first
    Locate,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.1..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("give a number of seconds from 0.1 to 600".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn parses() {
        check("run --binary k", Some((vec![1, 8, 64], 8)));
        check("run --binary k --only get,locate --connections 2", Some((vec![2], 2)));
        check("run", None);
        check("run --binary k --seconds 0", None);
        check("run --binary k --only nothing", None);
    }

    fn check(line: &str, expected: Option<(Vec<usize>, usize)>) {
        let parts = Part::value_variants();
        let parsed = Cli::try_parse_from(["bench"].into_iter().chain(line.split(' '))).ok();
        let found = parsed.and_then(|cli| match cli.command {
            Command::Run(args) => {
                let count = parts.iter().filter(|&&part| args.has(part)).count();
                Some((args.cells.connections, count))
            }
            Command::SelfTest(_)
            | Command::Rest(_)
            | Command::Siege(_)
            | Command::Rotation(_)
            | Command::Echo { .. }
            | Command::HttpsEcho { .. } => None,
        });
        assert_eq!(found, expected, "{line}");
    }
}
